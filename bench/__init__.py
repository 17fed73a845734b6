"""Benchmarks, pictures, fuzzing: `python -m bench`, `… -m bench.screenshots`, `… -m bench.fuzz`."""
