"""As much PromQL as dashboards and alerts of ours use: which metrics, with which labels, are asked for.

https://prometheus.io/docs/prometheus/latest/querying/basics/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""(?P<string>"[^"\\]*")|(?P<range>\[[0-9]+[smhd]\])|(?P<number>[0-9]+(?:\.[0-9]+)?)"""
    r"""|(?P<name>[a-zA-Z_][a-zA-Z0-9_]*)|(?P<operator>=~|!~|!=|==|>=|<=|[-+*/<>=])|(?P<mark>[(){},])|(?P<space>\s+)"""
)
FUNCTIONS = frozenset({"rate", "increase", "histogram_quantile", "absent"})
AGGREGATIONS = frozenset({"sum", "min", "max", "topk"})
_GROUPING = frozenset({"by", "on"})
_BINARY = frozenset({"and", "unless"})
_PAIRS = {")": "(", "}": "{"}

Token = tuple[str, str]


@dataclass(frozen=True)
class Asked:
    """A metric that is asked for, the labels it is chosen by, and whether over a span of time."""

    metric: str
    labels: frozenset[str]
    ranged: bool


def asked_for(expression: str) -> tuple[Asked, ...]:
    """Every metric of an expression. ValueError where it is none."""
    tokens = [token for token in _tokens(expression) if token[0] != "space"]
    _check_pairs(tokens)
    found = tuple(_metrics(tokens))
    if not found:
        raise ValueError(f"asks for nothing: {expression}")
    return found


def grouped_by(expression: str) -> frozenset[str]:
    """The labels in its `by (…)`."""
    return frozenset(re.findall(r"\w+", " ".join(re.findall(r"\bby \(([^)]*)\)", expression))))


def _tokens(expression: str) -> Iterator[Token]:
    place = 0
    while place < len(expression):
        match = _TOKEN.match(expression, place)
        if match is None or match.lastgroup is None:
            raise ValueError(f"not PromQL from {expression[place:]!r} on")
        yield match.lastgroup, match.group()
        place = match.end()


def _check_pairs(tokens: list[Token]) -> None:
    opened: list[str] = []
    for _, text in tokens:
        if text in _PAIRS.values():
            opened.append(text)
        elif text in _PAIRS and (not opened or opened.pop() != _PAIRS[text]):
            raise ValueError(f"a {text} too many")
    if opened:
        raise ValueError(f"{opened} are not closed")


def _metrics(tokens: list[Token]) -> Iterator[Asked]:
    place = 0
    while place < len(tokens):
        kind, text = tokens[place]
        following = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        if text in _GROUPING:
            place = _after(tokens, place + 1, ")")
        elif kind != "name" or text in _BINARY or text in AGGREGATIONS:
            place += 1
        elif following == "(":
            _check_function(text)
            place += 1
        else:
            end = _after(tokens, place + 1, "}") if following == "{" else place + 1
            ranged = end < len(tokens) and tokens[end][0] == "range"
            yield Asked(text, frozenset(_labels(tokens[place + 1 : end])), ranged)
            place = end


def _check_function(name: str) -> None:
    if name not in FUNCTIONS:
        raise ValueError(f"there is no function {name} that ours use")


def _after(tokens: list[Token], place: int, closing: str) -> int:
    while tokens[place][1] != closing:
        place += 1
    return place + 1


def _labels(matchers: list[Token]) -> Iterator[str]:
    """Of `{name op "value", …}`; each must be whole."""
    inside = matchers[1:-1]
    for start in range(0, len(inside), 4):
        matcher = [*inside[start : start + 4], ("mark", ",")][:4]
        kinds = [kind for kind, _ in matcher]
        if kinds != ["name", "operator", "string", "mark"]:
            raise ValueError(f"not a label matcher: {''.join(text for _, text in matcher)}")
        yield matcher[0][1]
