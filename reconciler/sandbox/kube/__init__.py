"""An embedded Kubernetes API: a pure store with the API server's rules, and a thin HTTP face over it.

It shares no code with the house it tests, keeps everything in memory, and runs no controllers of its own.
"""
