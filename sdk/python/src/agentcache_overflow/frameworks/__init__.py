"""The overflow as a cache of frameworks. Each module needs its framework; import the one you use."""
