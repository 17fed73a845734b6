"""The demo: seven partners with thirteen months of generated traffic, settled for real."""
