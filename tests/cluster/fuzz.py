"""Random writes by several managers, the same for a seed: what a differential test sends to two APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.cluster.planes import APPLY, JSON, JSON_PATCH, MERGE, STRATEGIC

Obj = dict[str, Any]
MANAGERS = ("m1", "m2", "m3")
_UPDATERS = ("u1", "u2")
_WATCHERS = ("s1", "s2")


@dataclass(frozen=True, slots=True)
class Subject:
    """A kind that is written: where it lives, how to dream up one of it, and what its status may say."""

    kind: str
    collection: str
    dream: Callable[[Random], Obj]
    status: Callable[[Random], Obj] | None = None
    custom: bool = False

    @property
    def api_version(self) -> str:
        """As its documents say it."""
        group = self.collection.removeprefix("/apis/").removeprefix("/api/")
        return group.partition("/namespaces")[0]

    def document(self, name: str, hand: Random) -> Obj:
        """A whole random document of this kind."""
        dreamt = self.dream(hand)
        metadata = {**dreamt.pop("metadata", {}), "name": name}
        return {"apiVersion": self.api_version, "kind": self.kind, "metadata": metadata, **dreamt}


@dataclass(frozen=True, slots=True)
class Step:
    """One write. `change` makes the body from the object as it stands (None: not there yet)."""

    verb: str
    manager: str
    content: str
    change: Callable[[Obj | None], Any]
    force: bool = False
    subresource: str = ""


def steps(subject: Subject, name: str, hand: Random) -> Iterator[Step]:
    """A sequence of writes of one object, the first of which makes it."""
    yield _applied(subject, name, hand, whole=True)
    for _ in range(hand.randint(3, 8)):
        ways = (
            [_applied] * 6
            + [_replaced, _merged, _pointed]
            + ([_told, _told_by_apply] if subject.status else [])
        )
        if not subject.custom:
            ways.append(_strategic)
        yield hand.choice(ways)(subject, name, hand)


def _applied(subject: Subject, name: str, hand: Random, *, whole: bool = False) -> Step:
    wanted = subject.document(name, hand)
    if whole:
        wanted = _completed(subject, wanted)
    return Step("apply", hand.choice(MANAGERS), APPLY, lambda _live: wanted, hand.random() < 0.5)


def _completed(subject: Subject, wanted: Obj) -> Obj:
    """With all that its first writer must say."""
    made = deepcopy(wanted)
    template: Obj = (made.get("spec") or {}).get("template") or {}
    for container in (template.get("spec") or {}).get("containers") or ():
        container.setdefault("image", "i1")
    if subject.kind in {"Deployment", "StatefulSet"}:
        made["spec"]["selector"] = {"matchLabels": {"q": "q"}}
        template.setdefault("metadata", {}).setdefault("labels", {})["q"] = "q"
    if subject.kind == "ConfigMap":
        made.setdefault("data", {"a": "1"})
    if subject.kind == "Service":
        made["spec"].setdefault("ports", [{"name": "p80", "port": 80, "protocol": "TCP"}])
    return made


def _replaced(subject: Subject, name: str, hand: Random) -> Step:
    wanted = subject.document(name, hand)

    def change(live: Obj | None) -> Obj:
        mixed: Obj = _overlaid(live or {}, wanted)
        mixed["metadata"].pop("managedFields", None)
        return mixed

    return Step("update", hand.choice(_UPDATERS), JSON, change)


def _merged(subject: Subject, name: str, hand: Random) -> Step:
    wanted = subject.document(name, hand)
    return Step("merge", hand.choice(_UPDATERS), MERGE, lambda _live: wanted)


def _strategic(subject: Subject, name: str, hand: Random) -> Step:
    wanted = subject.document(name, hand)
    return Step("strategic", hand.choice(_UPDATERS), STRATEGIC, lambda _live: wanted)


def _pointed(subject: Subject, name: str, hand: Random) -> Step:
    label, value, goes = hand.choice("xyz"), hand.choice("12"), hand.random() < 0.4

    def change(live: Obj | None) -> list[Obj]:
        labels = ((live or {}).get("metadata") or {}).get("labels")
        if labels is None:
            return [{"op": "add", "path": "/metadata/labels", "value": {label: value}}]
        if goes and label in labels:
            return [{"op": "remove", "path": f"/metadata/labels/{label}"}]
        return [{"op": "add", "path": f"/metadata/labels/{label}", "value": value}]

    return Step("json", hand.choice(_UPDATERS), JSON_PATCH, change)


def _told(subject: Subject, name: str, hand: Random) -> Step:
    assert subject.status is not None
    wanted = {"status": subject.status(hand)}
    return Step("status", hand.choice(_WATCHERS), MERGE, lambda _live: wanted, subresource="/status")


def _told_by_apply(subject: Subject, name: str, hand: Random) -> Step:
    assert subject.status is not None
    named = {"apiVersion": subject.api_version, "kind": subject.kind, "metadata": {"name": name}}
    wanted = {**named, "status": subject.status(hand)}
    manager, force = hand.choice(_WATCHERS), hand.random() < 0.5
    return Step("apply-status", manager, APPLY, lambda _live: wanted, force, "/status")


def _overlaid(live: Obj, wanted: Obj) -> Obj:
    """The live object as a person would edit it: maps merge, everything else is replaced."""
    mixed = deepcopy(live)
    for name, value in wanted.items():
        both = isinstance(value, dict) and isinstance(mixed.get(name), dict)
        mixed[name] = _overlaid(mixed[name], value) if both else deepcopy(value)
    return mixed
