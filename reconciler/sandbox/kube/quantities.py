"""Resource quantities: `500m`, `24Gi`, `1e3` (k8s.io/apimachinery/pkg/api/resource)."""

from __future__ import annotations

import re
from typing import Any

_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|n|u|[eE][+-]?\d+)?")
_FACTORS = {"n": 1e-9, "u": 1e-6, "m": 1e-3, "": 1.0, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15}
_FACTORS |= {
    "E": 1e18,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
    "Pi": 2.0**50,
    "Ei": 2.0**60,
}


def quantity(value: Any) -> float | None:
    """A resource quantity as a plain number; None where it is not one."""
    found = _QUANTITY.fullmatch(str(value).strip())
    if isinstance(value, bool) or found is None:
        return None
    suffix = found[2] or ""
    if suffix in _FACTORS:
        return float(found[1]) * _FACTORS[suffix]
    return float(found[1] + suffix)
