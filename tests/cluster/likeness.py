"""What two APIs' answers to the same write have in common, and where they differ, field by field."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.cluster.planes import Said

Obj = dict[str, Any]
_FLAT = frozenset({"ConfigMap"})
_PART = ' with subresource "status"'
_THEIRS = frozenset({"uid", "resourceVersion", "creationTimestamp", "selfLink", "managedFields"})
_WHOLE = ("f:nodeSelector", "f:selector")
"""Maps that newer servers, as the sandbox, own as a whole: 1.20 owns them key by key."""
_DRAWN = frozenset(
    {"clusterIP", "clusterIPs", "nodePort", "controller-uid", "batch.kubernetes.io/controller-uid"}
)


def differing(kind: str, real: Said, sandbox: Said) -> set[str]:
    """Where the answers to one write differ, each difference as a word: `Kind: field`."""
    if real.code != sandbox.code:
        return {f"{kind}: {real.code} {real.reason} where the sandbox says {sandbox.code} {sandbox.reason}"}
    if real.code == 409:
        one, other = (Counter(_conflicts(kind, each)) for each in (real, sandbox))
        return {f"{kind}: conflicts"} if one != other else set()
    if real.code >= 300:
        return {f"{kind}: causes of {real.reason}"} if real.causes != sandbox.causes else set()
    fields = (f"{kind}: {path}" for path in _unlike(_plain(real.body), _plain(sandbox.body), ""))
    owners = (f"{kind}: {path}" for path in _unlike(_owned(real.body), _owned(sandbox.body), "owner"))
    return {*fields, *owners}


def _conflicts(kind: str, said: Said) -> Iterator[tuple[str, str]]:
    """Each conflict's manager, with its field in a flat kind: elsewhere 1.20 may name a field beside it."""
    for each in (said.body.get("details") or {}).get("causes") or ():
        field = each.get("field", "") if kind in _FLAT else ""
        yield field, each["message"].replace(_PART, "")


def _plain(obj: Obj) -> Obj:
    """The object without what every server makes up for itself."""
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _THEIRS}
    plain: Obj = _masked({**obj, "metadata": metadata})
    return plain


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: each for name, each in value.items() if each not in (None, "")}
        drawn = {name: "drawn" if name in _DRAWN else _masked(each) for name, each in kept.items()}
        return {name: each for name, each in drawn.items() if name != "metadata" or each}
    return [_masked(each) for each in value] if isinstance(value, list) else value


def _owned(obj: Obj) -> Obj:
    """Who owns which field, as a tree under each manager and way of writing."""
    entries = obj["metadata"].get("managedFields") or ()
    return {f"{each['manager']} {each['operation']}": _coarse(each["fieldsV1"]) for each in entries}


def _coarse(fields: Obj) -> Obj:
    return {name: {} if name in _WHOLE else _coarse(inner) for name, inner in fields.items()}


def _unlike(real: Any, sandbox: Any, path: str) -> Iterator[str]:
    if isinstance(real, dict) and isinstance(sandbox, dict):
        for name in sorted(real.keys() | sandbox.keys()):
            if name not in sandbox:
                yield f"{path}.{name} only real".lstrip(".")
            elif name not in real:
                yield f"{path}.{name} only sandbox".lstrip(".")
            else:
                yield from _unlike(real[name], sandbox[name], f"{path}.{name}")
    elif isinstance(real, list) and isinstance(sandbox, list) and len(real) == len(sandbox):
        for one, other in zip(real, sandbox, strict=True):
            yield from _unlike(one, other, path)
    elif json.dumps(real, sort_keys=True) != json.dumps(sandbox, sort_keys=True):
        yield f"{path} differs".lstrip(".")
