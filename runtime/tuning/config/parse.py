"""Text of training_config.yaml → TrainingConfig and notes, or every mistake in it, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from runtime.tuning.config.rules import REFUSED, RENAMED, REPORTERS, WITHOUT_EFFECT
from runtime.tuning.config.section import Section
from runtime.tuning.config.training_config import TrainingConfig
from runtime.tuning.config.written_yaml import NotYaml, Where, parse_yaml
from runtime.tuning.faults import BadConfig

ROOT = "training_config"
SECTIONS: dict[str, type[Section]] = {
    str(field.alias): type(field.default) for field in TrainingConfig.model_fields.values()
}


@dataclass(frozen=True)
class Parsed:
    """The configuration, and what to tell about it: settings that were renamed or have no effect."""

    config: TrainingConfig
    notes: tuple[str, ...] = ()


def parse_training_config(text: str, name: str = "training_config.yaml") -> Parsed:
    """`name` is what the file is called in sentences. Raises BadConfig with every mistake there is."""
    try:
        document, lines = parse_yaml(text)
    except NotYaml as bad:
        raise BadConfig(f"{name}, {bad}") from bad
    sections = _sections(document, lines, name)
    notes: list[str] = []
    mistakes: list[str] = []
    known: dict[str, dict[str, Any]] = {}
    for section, fields in sections.items():
        told = _Told(name, section, lines)
        mistakes += told.refusals(fields)
        notes += told.notes(fields)
        known[section] = _today(section, fields)
    try:
        config = TrainingConfig.model_validate(known)
    except ValidationError as bad:
        mistakes += [_sentence(error, lines, name) for error in bad.errors()]
    if mistakes:
        raise BadConfig("; ".join(mistakes))
    return Parsed(config, tuple(notes))


def _sections(document: Any, lines: dict[Where, int], name: str) -> dict[str, dict[str, Any]]:
    """The sections as maps; raises BadConfig where the frame is not KAITO's."""
    if document is None:
        return {}
    if not isinstance(document, dict) or list(document) != [ROOT]:
        raise BadConfig(f"{name}: the file must hold one map, {ROOT}, with the sections in it")
    body = document[ROOT] or {}
    if not isinstance(body, dict):
        raise BadConfig(f"{name}, line {lines[ROOT,]}: {ROOT} must be a map of sections")
    for section, fields in body.items():
        where = f"{name}, line {lines.get((ROOT, str(section)), 1)}"
        if section not in SECTIONS:
            raise BadConfig(f"{where}: there is no section {section}{_nearest(str(section), SECTIONS)}")
        if fields is not None and not isinstance(fields, dict):
            raise BadConfig(f"{where}: {section} must be a map of settings")
    return {str(section): dict(fields or {}) for section, fields in body.items()}


@dataclass(frozen=True)
class _Told:
    name: str
    section: str
    lines: dict[Where, int]

    def refusals(self, fields: dict[str, Any]) -> Iterator[str]:
        for field, value in fields.items():
            reason = REFUSED.get((self.section, field))
            if reason and value not in (None, False, "", [], {}):
                yield f"{self._at(field)} is refused: {reason}"
        reporter = fields.get("report_to") if self.section == "TrainingArguments" else None
        if any(one not in REPORTERS for one in _several(reporter)):
            yield f"{self._at('report_to')} is {reporter!r}, which this image does not hold; say none"

    def notes(self, fields: dict[str, Any]) -> Iterator[str]:
        for field in fields:
            key = (self.section, field)
            if key in RENAMED:
                yield f"{self._at(field)} is called {RENAMED[key]} today, and read as that"
            elif key in WITHOUT_EFFECT:
                yield f"{self._at(field)} has no effect: {WITHOUT_EFFECT[key]}"

    def _at(self, field: str) -> str:
        line = self.lines.get((ROOT, self.section, field))
        return f"{self.name}, line {line}: {self.section}.{field}" if line else f"{self.section}.{field}"


def _several(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _today(section: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields under the names they have now; those whose setting is gone are left out."""
    model = SECTIONS[section].model_fields
    renamed = {RENAMED.get((section, str(name)), str(name)): _plain(name, v) for name, v in fields.items()}
    gone = {name for part, name in WITHOUT_EFFECT if part == section and name not in model}
    return {name: value for name, value in renamed.items() if name not in gone}


def _plain(name: str, value: Any) -> Any:
    """YAML 1.1 reads an unquoted no as false, which is no strategy."""
    return "no" if value is False and name.endswith("_strategy") else value


def _sentence(error: ErrorDetails, lines: dict[Where, int], name: str) -> str:
    section, *path = (str(part) for part in error["loc"])
    field = path[0] if path else ""
    asked = next((old for (s, old), new in RENAMED.items() if (s, new) == (section, field)), field)
    line = lines.get((ROOT, section, field)) or lines.get((ROOT, section, asked), 1)
    if error["type"] == "extra_forbidden":
        near = _nearest(field, SECTIONS[section].model_fields)
        return f"{name}, line {line}: {section} has no setting {field}{near}"
    value = repr(error["input"])[:60]
    return f"{name}, line {line}: {section}.{field} is {value}: {error['msg'].lower()}"


def _nearest(word: str, known: Any) -> str:
    near = get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {near[0]}?" if near else ""
