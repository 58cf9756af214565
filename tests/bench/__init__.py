"""Measurements, each beside a peer's of the same run: `python -m tests.bench`."""
