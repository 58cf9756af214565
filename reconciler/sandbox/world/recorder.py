"""Kubernetes Events: what the controllers tell about an object; the newest few thousand are kept."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.kube.store import Refusal, Store

_KEPT = 4000
_About = tuple[str, str, str]


class Recorder:
    """Writes Events; the same thing said again of the same object is counted, not written anew."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._said: OrderedDict[_About, tuple[str, str, int]] = OrderedDict()
        self._number = 0

    def say(self, obj: dict[str, Any], reason: str, message: str, *, by: str, warning: bool = False) -> None:
        """Tell something of an object. What a dying namespace refuses is not told."""
        about = (obj["metadata"]["uid"], reason, message)
        try:
            if about in self._said:
                self._again(about)
            else:
                self._anew(about, self._event(obj, reason, message, by, "Warning" if warning else "Normal"))
        except Refusal:
            self._said.pop(about, None)

    def _again(self, about: _About) -> None:
        namespace, name, count = self._said.pop(about)
        self._said[about] = (namespace, name, count + 1)
        change = {"count": count + 1, "lastTimestamp": self._clock.stamp()}
        self._store.patch("Event", namespace, name, change)

    def _anew(self, about: _About, event: dict[str, Any]) -> None:
        self._store.create(event)
        self._said[about] = (event["metadata"]["namespace"], event["metadata"]["name"], 1)
        if len(self._said) > _KEPT:
            _, (namespace, name, _) = self._said.popitem(last=False)
            self._store.delete("Event", namespace, name)

    def _event(self, obj: dict[str, Any], reason: str, message: str, by: str, kind: str) -> dict[str, Any]:
        meta, now = obj["metadata"], self._clock.stamp()
        namespace = meta.get("namespace", "default")
        self._number += 1
        suffix = f"{int(self._clock.now().timestamp()):x}{self._number:08x}"
        return {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{meta['name']}.{suffix}", "namespace": namespace},
            "involvedObject": {
                "apiVersion": obj.get("apiVersion", "v1"),
                "kind": obj["kind"],
                "name": meta["name"],
                "namespace": meta.get("namespace", ""),
                "uid": meta["uid"],
                "resourceVersion": meta.get("resourceVersion", ""),
            },
            "type": kind,
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": now,
            "lastTimestamp": now,
            "source": {"component": by},
            "reportingComponent": by,
            "reportingInstance": "",
        }
