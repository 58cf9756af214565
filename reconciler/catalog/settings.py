"""The settings that people may write for Towline's own containers, and the kinds of value they take."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Kinds = tuple[str, ...]
"""boolean, integer, number, text, list, map, or the words of which one must stand there."""

_BOOLEANS = frozenset({"true", "false", "yes", "no", "on", "off", "1", "0", "t", "f", "y", "n"})
_NAMES = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "text": "text",
    "list": "a list",
    "map": "a mapping",
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole of presets/settings.yaml. `training` has the settings by section, `renamed` today's name of
    an older one, `gone` the names that are passed over, `refused` why a setting must not be set."""

    training: Mapping[str, Mapping[str, Kinds]]
    renamed: Mapping[str, Mapping[str, str]]
    gone: Mapping[str, frozenset[str]]
    refused: Mapping[str, Mapping[str, str]]
    vllm_switches: frozenset[str]
    vllm_options: frozenset[str]

    def kinds(self, section: str, name: str) -> Kinds | None:
        """What a setting of a section takes; None where there is none of that name."""
        today = self.renamed.get(section, {}).get(name, name)
        return self.training.get(section, {}).get(today)


def read_settings(document: Mapping[str, Any]) -> Settings:
    """The settings out of their file; a missing key is our own mistake."""
    return Settings(
        training={
            section: {name: tuple(kinds) for name, kinds in fields.items()}
            for section, fields in document["training"].items()
        },
        renamed=document["renamed"],
        gone={section: frozenset(names) for section, names in document["gone"].items()},
        refused=document["refused"],
        vllm_switches=frozenset(document["vllm"]["switches"]),
        vllm_options=frozenset(document["vllm"]["options"]),
    )


def takes(kinds: Kinds, value: Any) -> bool:
    """Whether a value that YAML gave is of one of these kinds, as pydantic reads them: a number may stand as
    text, since YAML 1.1 reads 2e-4 as text."""
    return value is None or any(_is(kind, value) for kind in kinds)


def in_words(kinds: Kinds) -> str:
    """`a whole number or a list`."""
    *most, last = (_NAMES.get(kind, kind) for kind in kinds)
    return f"{', '.join(most)} or {last}" if most else last


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "boolean":
            return isinstance(value, bool) or str(value).lower() in _BOOLEANS
        case "integer":
            return _is_number(value) and float(value).is_integer()
        case "number":
            return _is_number(value)
        case "text":
            return isinstance(value, str)
        case "list":
            return isinstance(value, list)
        case "map":
            return isinstance(value, dict)
    return bool(value == kind)


def _is_number(value: Any) -> bool:
    if not isinstance(value, bool | int | float | str):
        return False
    try:
        number = float(value)
    except ValueError:
        return False
    return number - number == 0
