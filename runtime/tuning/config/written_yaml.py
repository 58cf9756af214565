"""YAML with the line of every key, so that a mistake can be pointed at."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

Where = tuple[str, ...]


class NotYaml(ValueError):
    """The text cannot be read; its message says at which line and why."""


def parse_yaml(text: str) -> tuple[Any, dict[Where, int]]:
    """The value, and for every key the line it stands on, counted from 1."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        lines = dict(_lines(root, ())) if root else {}
        return yaml.safe_load(text), lines
    except yaml.MarkedYAMLError as bad:
        mark = bad.problem_mark or bad.context_mark
        raise NotYaml(f"line {mark.line + 1 if mark else 1}: {bad.problem or 'not YAML'}") from bad
    except yaml.YAMLError as bad:
        raise NotYaml(f"not YAML: {' '.join(str(bad).split())}") from bad


def _lines(node: yaml.Node, path: Where) -> Iterator[tuple[Where, int]]:
    if not isinstance(node, yaml.MappingNode):
        return
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        name = str(getattr(key, "value", ""))
        if name in seen:
            raise NotYaml(f"line {line}: {name} stands there twice")
        seen.add(name)
        yield (*path, name), line
        yield from _lines(value, (*path, name))
