"""The name by which every door introduces itself to the server behind it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def user_agent() -> str:
    """`towline/<version>`; the version is 0 where the package runs without having been installed."""
    try:
        return f"towline/{version('towline')}"
    except PackageNotFoundError:
        return "towline/0"
