"""Text that a template left for people to fill in, and what belongs there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import Workspace

from .flaw import Flaw, said

_PLACEHOLDER = re.compile(
    r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*_HERE\b"
    r"|\bYOUR_[A-Z0-9_]+\b|\bREPLACE_ME\b|\bCHANGE_?ME\b"
    r"|<(?:your|my|insert|replace|enter)[ _-][^<>]{0,60}>"
    r"|<[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+>",
    re.ASCII,
)
_WHOLE = re.compile(r"<[A-Za-z][A-Za-z0-9 _-]{2,40}>")

_REGISTRY = "name a registry that may be {}, in lower case: myregistry.azurecr.io/adapters/phi-3:0.0.1"
_SECRET = "kubectl create secret docker-registry NAME --docker-server=… in the workspace's namespace"  # noqa: S105
_MENDS: tuple[tuple[FieldPath, str], ...] = (
    (("output", "image"), _REGISTRY.format("pushed to")),
    (("imagePushSecret",), f"name the Secret that may push to that registry ({_SECRET})"),
    (("imagePullSecrets",), f"name the Secrets that may pull from that registry ({_SECRET})"),
    (("image",), _REGISTRY.format("pulled from")),
    (("modelAccessSecret",), "name a Secret of the same namespace with the key HF_TOKEN"),
    (("urls",), "write the URL of the data, such as https://host/train.parquet"),
    (("preset", "name"), "name a preset: `towline size MODEL` knows them"),
    (("instanceType",), "name a size, such as Standard_NC24ads_A100_v4"),
    (("config",), "name a ConfigMap that is committed beside the workspace"),
    (("claimName",), "name a PersistentVolumeClaim of the same namespace"),
    (("args",), "write the real value; for a model its Hugging Face id, such as microsoft/phi-4"),
    (("command",), "write the real value; for a model its Hugging Face id, such as microsoft/phi-4"),
)


def placeholders(workspace: Workspace) -> Iterator[Flaw]:
    """A flaw for each field that still holds one."""
    if not may_hold_one(workspace.model_dump_json(by_alias=True, exclude_none=True)):
        return
    for path, text in _texts(workspace.model_dump(by_alias=True, exclude_none=True)):
        found = list(dict.fromkeys(_PLACEHOLDER.findall(text))) or _WHOLE.findall(text.strip())[:1]
        if found and (_PLACEHOLDER.search(text) or _WHOLE.fullmatch(text.strip())):
            be = "is" if len(found) == 1 else "are"
            yield Flaw(path, f"{said(' and '.join(found))} {be} still to be filled in", _mend(path))


def may_hold_one(document: str) -> bool:
    """Whether a closer look at this JSON is worth it."""
    return "_HERE" in document or "<" in document or bool(_PLACEHOLDER.search(document))


def _texts(value: Any) -> Iterator[tuple[FieldPath, str]]:
    waiting: list[tuple[FieldPath, Any]] = [((), value)]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, str):
            yield path, each
        elif isinstance(each, dict):
            waiting += [((*path, key), inner) for key, inner in reversed(each.items())]
        elif isinstance(each, list | tuple):
            waiting += [((*path, index), inner) for index, inner in reversed(list(enumerate(each)))]


def _mend(path: FieldPath) -> str:
    names = tuple(step for step in path if isinstance(step, str))
    return next((mend for end, mend in _MENDS if names[-len(end) :] == end), "write the real value")
