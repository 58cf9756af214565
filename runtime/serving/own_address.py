"""Where a server is reached from its own machine."""

from __future__ import annotations


def own_address(host: str, port: int) -> str:
    """The address of a server that listens on `host` and `port`; one that listens everywhere is on the
    loopback too."""
    return f"http://{_reachable(host)}:{port}"


def _reachable(host: str) -> str:
    match host:
        case "0.0.0.0":  # noqa: S104  told apart, not listened on
            return "127.0.0.1"
        case "::":
            return "[::1]"
        case _:
            return f"[{host}]" if ":" in host else host
