"""Whether two texts mean the same but for one adapter."""

from __future__ import annotations

import json
from typing import Any

from reconciler.domain.config import Parsed
from reconciler.domain.identity import WorkspaceName

from .pin import Pin


def means(before: Parsed, after: Parsed, whose: tuple[WorkspaceName, str], pin: Pin) -> bool:
    """Whether `after` is `before` with this adapter in one workspace; `whose` is its name and the namespace
    of those that name none."""
    if after.findings or len(before.documents) != len(after.documents):
        return False
    values = [each.value for each in before.documents]
    indices = [index for index, value in enumerate(values) if _is(value, *whose)]
    if len(indices) != 1:
        return False
    values[indices[0]] = _with(values[indices[0]], pin)
    return all(map(_are_same, values, (each.value for each in after.documents)))


def _is(value: Any, name: WorkspaceName, default_namespace: str) -> bool:
    match value:
        case {"kind": "Workspace", "metadata": {"name": name.name, **metadata}}:
            return bool((metadata.get("namespace") or default_namespace) == name.namespace)
    return False


def _with(workspace: dict[str, Any], pin: Pin) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(workspace))
    adapters = changed["inference"].get("adapters") or []
    named = [source for source in map(_source, adapters) if source.get("name") == pin.name]
    if named:
        named[0]["image"] = pin.image
    else:
        secrets = {"imagePullSecrets": list(pin.pull_secrets)} if pin.pull_secrets else {}
        adapters = [*adapters, {"source": {"name": pin.name, "image": pin.image, **secrets}}]
    changed["inference"]["adapters"] = adapters
    return changed


def _source(adapter: Any) -> dict[str, Any]:
    source = adapter.get("source") if isinstance(adapter, dict) else None
    return source if isinstance(source, dict) else {}


def _are_same(one: Any, other: Any) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
