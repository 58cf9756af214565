"""How a field of an object is written: `spec.template.spec.containers[model].image`.

An entry of a list is written by its name where the list is one of named things, else by its position. Ports
go by number and protocol together, as `x-kubernetes-list-map-keys` of core/v1 says: `ports[53/UDP]`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_KEYS = ("mountPath", "containerPort", "port", "name", "ip")
_PORTS = ("containerPort", "port")


def entry_name(item: Any) -> str:
    """What an entry of a list is called; empty where it is not a named thing."""
    keys = name_keys(item)
    if not keys:
        return ""
    protocol = item.get("protocol") or "TCP"
    return f"{item[keys[0]]}/{protocol}" if keys[0] in _PORTS and protocol != "TCP" else str(item[keys[0]])


def name_keys(item: Any) -> tuple[str, ...]:
    """By which of its fields an entry is told from the others; none where it is not a named thing."""
    key = next((key for key in _KEYS if key in item), "") if isinstance(item, dict) else ""
    return (key, "protocol") if key in _PORTS else (key,) if key else ()


def is_named(items: list[Any]) -> bool:
    """Whether this is a list of named things."""
    return bool(items) and all(name_keys(each) for each in items)


def is_under(field: str, roots: Iterable[str]) -> bool:
    """Whether a field is one of these, or lies in one of them."""
    return any(field == root or field.startswith((f"{root}.", f"{root}[")) for root in roots)
