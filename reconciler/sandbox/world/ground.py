"""What every controller stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.kube.store import Refusal, Store
from reconciler.sandbox.trouble import Troubles

from .queue import Turns
from .recorder import Recorder
from .sight import Object, Sight, key_of


@dataclass(frozen=True, slots=True)
class Pace:
    """How long a node, an image and a model take, in world seconds."""

    node: float = 30
    image: float = 20
    load: float = 30


@dataclass(frozen=True, slots=True)
class Ground:
    """The store, what is seen of it, the clock, and what may go wrong."""

    store: Store
    sight: Sight
    clock: Clock
    pace: Pace
    troubles: Troubles
    recorder: Recorder
    turns: Turns

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """Look one object up ("" is the namespace of cluster-scoped kinds)."""
        return self.store.find(kind, namespace or None, name)

    def write_status(self, kind: str, obj: Object, status: Mapping[str, Any]) -> None:
        """Write these fields of an object's status, where one differs."""
        before = obj.get("status") or {}
        changed = {name: value for name, value in status.items() if before.get(name) != value}
        if changed:
            namespace, name = key_of(obj)
            self.store.patch(kind, namespace or None, name, {"status": changed}, subresource="status")

    def delete(self, kind: str, obj: Object) -> None:
        """Delete this very object; nothing happens where it is gone or has been made anew."""
        namespace, name = key_of(obj)
        try:
            self.store.delete(kind, namespace or None, name, uid=obj["metadata"]["uid"])
        except Refusal as refusal:
            if refusal.code not in (404, 409):
                raise
