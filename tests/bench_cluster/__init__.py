"""Measurements on a real control plane, each beside a peer's of the run: `python -m tests.bench_cluster`."""
