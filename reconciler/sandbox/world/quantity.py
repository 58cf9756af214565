"""Kubernetes quantities as whole thousandths, so that they can be added and compared exactly."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

_FORM = re.compile(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)")
_UNITS = {
    "": Fraction(1),
    "n": Fraction(1, 10**9),
    "u": Fraction(1, 10**6),
    "m": Fraction(1, 1000),
    **{unit: Fraction(1000 ** (power + 1)) for power, unit in enumerate("kMGTPE")},
    **{f"{unit}i": Fraction(1024 ** (power + 1)) for power, unit in enumerate("KMGTPE")},
}


@lru_cache(maxsize=4096)
def thousandths(quantity: str | float) -> int:
    """Read `500m`, `10Gi`, `2` into thousandths, rounded up; ValueError where it is no quantity."""
    form = _FORM.fullmatch(str(quantity).strip())
    if not form or form[2] not in _UNITS:
        raise ValueError(f"not a quantity: {quantity!r}")
    return math.ceil(Fraction(form[1]) * _UNITS[form[2]] * 1000)
