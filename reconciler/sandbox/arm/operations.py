"""Long-running operations: begun by a write, polled at their own address, finished by the world's clock."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .errors import ArmError

_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation on a pool, or on the cluster (`pool` is ""). `verb` is what AKS calls it when it is in
    the way of another; `forced` asks no disruption budget."""

    id: str
    verb: str
    pool: str
    started: datetime
    status: str = "InProgress"
    ended: datetime | None = None
    error: ArmError | None = None
    forced: bool = False

    def document(self) -> dict[str, Any]:
        """Give the body of a poll; a failed operation is still answered with HTTP 200."""
        told: dict[str, Any] = {"name": self.id, "status": self.status, "startTime": _stamp(self.started)}
        if self.ended:
            told["endTime"] = _stamp(self.ended)
        if self.error:
            told["error"] = self.error.document()
        return told


class Operations:
    """The operations begun, the newest 1,000 of them."""

    def __init__(self) -> None:
        self._by_id: dict[str, Operation] = {}
        self._running: dict[str, str] = {}

    def begin(self, verb: str, pool: str, now: datetime, *, forced: bool = False) -> Operation:
        """Begin one on a pool."""
        operation = Operation(str(uuid.uuid4()), verb, pool, now, forced=forced)
        self.keep(operation)
        return operation

    def keep(self, operation: Operation) -> None:
        """Remember one as it is."""
        self._by_id[operation.id] = operation
        if operation.status == "InProgress":
            self._running[operation.pool] = operation.id
        if len(self._by_id) > _KEPT:
            self._forget_oldest()

    def end(self, operation: Operation, status: str, now: datetime, error: ArmError | None = None) -> None:
        """Say how one ended."""
        self._by_id[operation.id] = replace(operation, status=status, ended=now, error=error)
        if self._running.get(operation.pool) == operation.id:
            del self._running[operation.pool]

    def find(self, name: str) -> Operation | None:
        """Look one up by its id."""
        return self._by_id.get(name)

    def running(self, pool: str) -> Operation | None:
        """Find the operation that keeps a pool busy."""
        return self._by_id.get(self._running.get(pool, ""))

    def __iter__(self) -> Iterator[Operation]:
        return iter(tuple(self._by_id.values()))

    def _forget_oldest(self) -> None:
        done = next((one.id for one in self._by_id.values() if one.status != "InProgress"), None)
        if done:
            del self._by_id[done]


def _stamp(time: datetime) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
