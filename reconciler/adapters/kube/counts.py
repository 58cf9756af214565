"""What was asked of the API and what it answered, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from threading import Lock

from reconciler.domain.tally import Tally

_FLOW = "X-Kubernetes-PF-FlowSchema-UID"
_LEVEL = "X-Kubernetes-PF-PriorityLevel-UID"
_NO_ANSWER = "<error>"
"""What controller-runtime's counters call it when no answer came."""
_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}

Asked = tuple[str, str, bool]
"""Method, path, and whether it is a watch."""


class Counts:
    """Safe for many threads."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._lock = Lock()
        self._requests: Counter[tuple[str, str, str, str]] = Counter()
        self._flows: Counter[tuple[str, str]] = Counter()

    def answered(self, asked: Asked, status: int, headers: Mapping[str, str]) -> None:
        """A request was answered; by which flow schema and priority level the server chose to."""
        self._add(asked, str(status))
        if flow := headers.get(_FLOW):
            with self._lock:
                self._flows[(flow, headers.get(_LEVEL) or "")] += 1

    def unanswered(self, asked: Asked) -> None:
        """No answer came."""
        self._add(asked, _NO_ANSWER)

    def tallies(self) -> Iterator[Tally]:
        """All of it, in order. `rest_client_requests` is what dashboards of controllers expect."""
        with self._lock:
            requests, flows = dict(self._requests), dict(self._flows)
        by_code: Counter[tuple[str, str]] = Counter()
        for (method, _, _, code), count in requests.items():
            by_code[(code, method)] += count
        for (code, method), count in sorted(by_code.items()):
            labels = (("code", code), ("method", method), ("host", self._host))
            yield Tally("rest_client_requests", "Requests to the Kubernetes API.", labels, count)
        for (_, verb, resource, code), count in sorted(requests.items()):
            labels = (("verb", verb), ("resource", resource), ("code", code))
            yield Tally("towline_kubernetes_requests", "Requests to the Kubernetes API.", labels, count)
        for (flow, level), count in sorted(flows.items()):
            told = "Answers by flow schema and priority level, as their UIDs."
            yield Tally(
                "towline_kubernetes_flows", told, (("flow_schema", flow), ("priority_level", level)), count
            )

    def _add(self, asked: Asked, code: str) -> None:
        method, path, is_watch = asked
        verb, resource = verb_of(method, path, is_watch=is_watch)
        with self._lock:
            self._requests[(method, verb, resource, code)] += 1


def verb_of(method: str, path: str, *, is_watch: bool = False) -> tuple[str, str]:
    """The verb and the resource, as rules of access name them: `patch` and `workspaces/status`."""
    parts = path.split("/")[3:] if path.startswith("/api/") else path.split("/")[4:]
    if len(parts) > 2 and parts[0] == "namespaces":
        parts = parts[2:]
    resource = "/".join((parts[0], *parts[2:])) if parts else ""
    if method == "GET":
        return ("watch" if is_watch else "get" if len(parts) > 1 else "list"), resource
    return _VERBS.get(method, method.lower()), resource
