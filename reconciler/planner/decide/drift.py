"""Which of our fields differ in the live object.

Only what we ask for is compared: what a server defaults, a webhook adds or another manager owns is not ours
to judge, and where a wish is empty the server chooses. A list of named things is compared by name, every
other list as a whole; quantities by value. Selectors belong to one manager as a whole
(`x-kubernetes-map-type: atomic` in the API's schema): there a label too many differs, and would keep a
Service from its pods.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from reconciler.domain.field import entry_name, is_named

_WHOLE = frozenset({"selector", "nodeSelector", "labelSelector", "matchLabels"})
_QUANTITIES = frozenset(
    {
        "requests", "limits", "capacity", "sizeLimit", "divisor", "hard", "averageValue",
        "max", "min", "default", "defaultRequest", "maxLimitRequestRatio",
    }
)  # fmt: skip
"""Fields of type resource.Quantity in core/v1 and autoscaling, or maps of them."""
_CHOSEN = frozenset(
    {
        "apiGroup", "clusterIP", "dnsPolicy", "imagePullPolicy", "restartPolicy", "schedulerName",
        "sessionAffinity", "targetPort", "terminationMessagePath", "terminationMessagePolicy",
    }
)  # fmt: skip
"""Fields whose zero value is never stored: the server fills in its own (SetDefaults in the API's source)."""
_NOTHING: tuple[Any, ...] = (None, "", {}, [])
_SUFFIX: dict[str, Decimal | int] = {
    "": 1, "m": Decimal("0.001"), "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12, "P": 10**15,
    "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
}  # fmt: skip


def drift(desired: Any, live: Any) -> tuple[str, ...]:
    """The paths of our fields that are not as asked, as people write them: `spec.replicas`."""
    return tuple(path.removeprefix(".") for path in _differences(desired, live, "", quantity=False))


def _differences(desired: Any, live: Any, path: str, *, quantity: bool) -> Iterator[str]:
    match desired:
        case dict():
            yield from _in_map(desired, live if isinstance(live, dict) else {}, path, quantity=quantity)
        case list() if is_named(desired):
            yield from _in_named_list(desired, live if isinstance(live, list) else [], path)
        case list():
            yield from _in_list(desired, live, path)
        case _ if not _is_met(desired, live, quantity=quantity):
            yield path


def _in_map(desired: dict[str, Any], live: dict[str, Any], path: str, *, quantity: bool) -> Iterator[str]:
    for key, value in desired.items():
        where, found = f"{path}.{key}", live.get(key)
        if key in _WHOLE and _has_more(found, value):
            yield where
        elif key in _CHOSEN and value in (None, "", 0):
            continue
        else:
            yield from _differences(value, found, where, quantity=quantity or key in _QUANTITIES)


def _has_more(live: Any, desired: Any) -> bool:
    return isinstance(live, dict) and isinstance(desired, dict) and not live.keys() <= desired.keys()


def _in_named_list(desired: list[Any], live: list[Any], path: str) -> Iterator[str]:
    by_name = {entry_name(each): each for each in live}
    for each in desired:
        where = f"{path}[{entry_name(each)}]"
        found = by_name.get(entry_name(each))
        if found is None:
            yield where
            continue
        yield from _differences(each, found, where, quantity=False)


def _in_list(desired: list[Any], live: Any, path: str) -> Iterator[str]:
    if not isinstance(live, list) or len(live) != len(desired):
        if desired or live:
            yield path
        return
    for index, (one, other) in enumerate(zip(desired, live, strict=True)):
        yield from _differences(one, other, f"{path}[{index}]", quantity=False)


def _is_met(desired: Any, live: Any, *, quantity: bool) -> bool:
    if desired == live and type(desired) is type(live):
        return True
    if desired in (None, "", False) and live in _NOTHING:
        return True
    if quantity:
        return _quantity(desired) == _quantity(live) is not None
    return _is_number(desired) and _is_number(live) and bool(desired == live)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _quantity(value: Any) -> Decimal | None:
    """A Kubernetes quantity as a number: apimachinery resource.Quantity, decimal and binary suffixes."""
    text = str(value)
    digits = text.rstrip("mkMGTPEi")
    factor = _SUFFIX.get(text[len(digits) :])
    try:
        return Decimal(digits) * factor if factor is not None else None
    except InvalidOperation:
        return None
