"""What a container wrote: text, bounded in time and size. It is asked for again, never waited for."""

from __future__ import annotations

from urllib.parse import quote

from .wire import Patience, Request, Wire

_MOST_BYTES = 4 << 20
_PATIENCE = Patience(connect=5, read=5, whole=10)
_TEXT = "text/plain, application/json;q=0.9, */*;q=0.8"
"""A log is plain text, what goes wrong a Status document."""


def log_text(wire: Wire, namespace: str, pod: str, container: str, lines: int) -> str:
    """The last `lines` of it, and of those the last 4 MiB; bytes that are no UTF-8 are replaced."""
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}/log"
    query = (("container", container), ("tailLines", str(lines)))
    answer = wire.tail(Request("GET", path, query, accept=_TEXT), _MOST_BYTES, _PATIENCE)
    return answer.decode(errors="replace")
