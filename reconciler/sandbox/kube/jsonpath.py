"""JSONPath as printer columns use it: fields, indexes, `[*]` and `[?(@.type=="Ready")]` filters."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from typing import Any

Take = Callable[[Any], Iterator[Any]]

_TOKEN = re.compile(
    r"""\.?\[\?\(\s*@(?P<left>[^=!<>\s]+)\s*(?P<op>==|!=|<=|>=|<|>)\s*(?P<right>.+?)\s*\)\]
    |\.?\[(?P<index>-?\d+)\]
    |\.?\[['"](?P<quoted>[^'"]+)['"]\]
    |\.?(?P<all>\[\*\])
    |\.(?P<field>(?:\\.|[^.\[\\])+)""",
    re.VERBOSE,
)


def find_all(document: Any, path: str) -> list[Any]:
    """Every value that the path leads to; none where the path cannot be read."""
    found: Iterable[Any] = [document]
    for take in _steps(path):
        found = [each for value in found for each in take(value)]
    return list(found)


@cache
def _steps(path: str) -> tuple[Take, ...]:
    at, steps = 0, []
    text = path if path.startswith((".", "[")) else f".{path}"
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            return (_nothing,)
        steps.append(_step(token))
        at = token.end()
    return tuple(steps)


def _step(token: re.Match[str]) -> Take:
    if token["left"]:
        return _filter(token["left"], token["op"], _literal(token["right"]))
    if token["index"]:
        return _index(int(token["index"]))
    if token["all"]:
        return _everything
    name = token["quoted"] or re.sub(r"\\(.)", r"\1", token["field"])
    return _field(name)


def _field(name: str) -> Take:
    def take(value: Any) -> Iterator[Any]:
        if name == "*":
            yield from _everything(value)
        elif isinstance(value, dict) and value.get(name) is not None:
            yield value[name]

    return take


def _index(number: int) -> Take:
    def take(value: Any) -> Iterator[Any]:
        if isinstance(value, list) and -len(value) <= number < len(value):
            yield value[number]

    return take


def _filter(left: str, operator: str, wanted: Any) -> Take:
    def take(value: Any) -> Iterator[Any]:
        for each in value if isinstance(value, list) else ():
            if any(_holds(found, operator, wanted) for found in find_all(each, left)):
                yield each

    return take


def _holds(found: Any, operator: str, wanted: Any) -> bool:
    if operator in {"==", "!="}:
        return bool(found == wanted) == (operator == "==")
    if not isinstance(found, int | float) or not isinstance(wanted, int | float):
        return False
    return {"<": found < wanted, "<=": found <= wanted, ">": found > wanted, ">=": found >= wanted}[operator]


def _literal(text: str) -> Any:
    if text.startswith("'"):
        return text.strip("'")
    try:
        return json.loads(text)
    except ValueError:
        return text


def _everything(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        yield from value
    elif isinstance(value, dict):
        yield from value.values()


def _nothing(_value: Any) -> Iterator[Any]:
    return iter(())
