"""A Kubernetes Event, written so that the same one told again counts once more.

core/v1 with a count: `kubectl describe` and `kubectl events` show these on every version since 1.4, and who
reads events.k8s.io/v1 finds the very same objects. The API server forgets them after an hour.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from urllib.parse import quote

from reconciler.domain.event import Event
from reconciler.domain.tally import Tally
from reconciler.faults import Conflict, Missing

from .wire import MERGE, Json, Request, Wire

_COMPONENT = "towline"
_ALREADY_THERE = "AlreadyExists"
_LONGEST_NAME = 200
_ELSEWHERE = "default"
"""The namespace of Events about what has none: events.k8s.io and kubectl look there."""


class EventWriter:
    """Writes Events; safe for many threads. Nothing is remembered but how many were written."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._written: Counter[str] = Counter()

    def write(self, event: Event) -> None:
        """Create the Event beside the object it is about, or count it once more."""
        if not self._is_created(event) and not self._is_counted(event):
            self._is_created(event)
        self._written[event.type] += 1

    def tallies(self) -> tuple[Tally, ...]:
        """How many were written, by type."""
        about = "Kubernetes Events written."
        counts = {"Normal": 0, "Warning": 0, **self._written}
        return tuple(
            Tally("towline_events", about, (("type", kind),), count) for kind, count in counts.items()
        )

    def _is_created(self, event: Event) -> bool:
        try:
            self._wire.ask(Request("POST", _collection(event), body=_document(event)))
        except Conflict as taken:
            if taken.code != _ALREADY_THERE:
                raise
            return False
        return True

    def _is_counted(self, event: Event) -> bool:
        """Whether it is still there. Who counts at the same moment counts for both."""
        path = f"{_collection(event)}/{quote(_name(event), safe='')}"
        try:
            seen = self._wire.ask(Request("GET", path))
            self._wire.ask(Request("PATCH", path, body=_once_more(event, seen), content_type=MERGE))
        except Missing:
            return False
        return True


def _collection(event: Event) -> str:
    return f"/api/v1/namespaces/{quote(_namespace(event), safe='')}/events"


def _namespace(event: Event) -> str:
    return event.regarding.namespace or _ELSEWHERE


def _name(event: Event) -> str:
    """The same for the same news of the same object."""
    said = f"{event.regarding} {event.uid} {event.type} {event.gist}"
    return f"{event.regarding.name[:_LONGEST_NAME]}.{hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _document(event: Event) -> Json:
    about = event.regarding
    involved = {
        "apiVersion": about.api_version,
        "kind": about.kind,
        "name": about.name,
        "namespace": about.namespace,
        "uid": event.uid,
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": _name(event), "namespace": _namespace(event)},
        "involvedObject": {key: value for key, value in involved.items() if value},
        "type": event.type,
        "reason": event.reason,
        "message": event.note,
        "count": 1,
        "firstTimestamp": event.moment,
        "lastTimestamp": event.moment,
        "source": {"component": _COMPONENT},
        "reportingComponent": _COMPONENT,
    }


def _once_more(event: Event, seen: Json) -> Json:
    """One more than there were; its numbers are those of now."""
    count = seen.get("count")
    counted = count + 1 if isinstance(count, int) else 2
    return {"count": counted, "lastTimestamp": event.moment, "message": event.note}
