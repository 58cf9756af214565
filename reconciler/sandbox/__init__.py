"""A small world that speaks HTTP: a Kubernetes API, an ARM API, and the nodes and pods behind them.

It shares no code with the house it serves; the house meets it only through the vendors' SDKs.
Everything runs in one event loop, in one thread of its own (`server.Sandbox`).
"""
