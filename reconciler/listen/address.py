"""Where to listen: `HOST:PORT` read and opened."""

from __future__ import annotations

import errno
import socket

from reconciler.faults import Refused

_WAITING = 32
_WHY = {
    errno.EADDRINUSE: "somebody listens there already",
    errno.EACCES: "this user may not listen there; ports below 1024 are often kept for root",
    errno.EADDRNOTAVAIL: "that is no address of this machine",
}


def open_door(listen: str) -> socket.socket:
    """A listening TCP socket at `HOST:PORT`; port 0 is one that is free, no host is every address. Raises
    Refused with what is wrong with it."""
    host, port = _parsed(listen)
    try:
        return _opened(host, port)
    except socket.gaierror as unknown:
        raise Refused(f"--listen {listen}: no machine is called {host}") from unknown
    except OSError as failure:
        why = _WHY.get(failure.errno or 0, failure.strerror)
        raise Refused(f"--listen {listen}: {why}") from failure


def listens_at(door: socket.socket) -> str:
    """Where it listens in fact, as `HOST:PORT`."""
    host, port = door.getsockname()[:2]
    return f"[{host}]:{port}" if door.family == socket.AF_INET6 else f"{host}:{port}"


def _parsed(listen: str) -> tuple[str, int]:
    host, colon, port = listen.rpartition(":")
    bare = host.removeprefix("[").removesuffix("]")
    bracketed = host == f"[{bare}]"
    is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    if not colon or not is_port or (":" in bare and not bracketed) or (bracketed and not bare):
        raise Refused(f"--listen {listen}: write HOST:PORT, [::1]:PORT or :PORT, with a port up to 65535")
    return bare, int(port)


def _opened(host: str, port: int) -> socket.socket:
    if not host:
        return _opened_everywhere(port)
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    family, *_, address = found[0]
    return socket.create_server((str(address[0]), port), family=family, backlog=_WAITING)


def _opened_everywhere(port: int) -> socket.socket:
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=_WAITING, dualstack_ipv6=True)
    return socket.create_server(("", port), backlog=_WAITING)
