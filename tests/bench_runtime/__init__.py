"""Measurements of what runs in the containers, each beside a peer's of the same run:
`python -m tests.bench_runtime [--quick]`, in an environment in which the containers' libraries are installed.
"""
