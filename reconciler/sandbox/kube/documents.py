"""Kubernetes documents as plain JSON values, copied and written fast."""

from __future__ import annotations

import json
import sys
from typing import Any

Obj = dict[str, Any]

_SHORT = 64
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


def copied(value: Any) -> Any:
    """A deep copy of a JSON value; its short strings are shared, so that many alike objects stay small."""
    if isinstance(value, dict):
        return {sys.intern(name): copied(each) for name, each in value.items()}
    if isinstance(value, list):
        return [copied(each) for each in value]
    if type(value) is str and len(value) <= _SHORT:
        return sys.intern(value)
    return value


def encoded(value: Any) -> bytes:
    """The value as compact JSON."""
    return _ENCODER.encode(value).encode()
