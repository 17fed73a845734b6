"""The overflow as a cache of frameworks. Each module needs its own; import the one you use."""
