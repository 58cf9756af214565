"""Why a controller makes no pod: its own Events say so, core/v1 of reason FailedCreate, and nothing else."""

from __future__ import annotations

from urllib.parse import quote

from .seen import Json
from .wire import Request, Wire

_REASON = "FailedCreate"
_MOST = 50


def last_complaint(wire: Wire, namespace: str, uid: str) -> str:
    """What the controller of that very object said last; empty where it said nothing in the last hour, after
    which the API server forgets. Raises Forbidden without `list` on `events`."""
    path = f"/api/v1/namespaces/{quote(namespace, safe='')}/events"
    chosen = f"involvedObject.uid={uid},reason={_REASON}"
    page = wire.ask(Request("GET", path, (("fieldSelector", chosen), ("limit", str(_MOST)))))
    events = [each for each in page.get("items") or () if isinstance(each.get("message"), str)]
    newest = max(events, key=_moment, default=None)
    return str(newest["message"]) if newest else ""


def _moment(event: Json) -> str:
    """Whoever counts by series leaves the older fields empty."""
    series = event.get("series") or {}
    told = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next((str(each) for each in told if each), "")
