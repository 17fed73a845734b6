"""Benchmarks and pictures: `python -m bench`, `python -m bench.screenshots`."""
