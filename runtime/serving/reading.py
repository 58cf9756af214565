"""The document a serving container is given, from text to value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from runtime.artifacts.faults import Mistaken
from runtime.serving.document import ServingConfig


def read_document(path: Path) -> ServingConfig:
    """The document in this file; Mistaken says what is wrong with it, and where."""
    try:
        text = path.read_text()
    except OSError as error:
        raise Mistaken(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Mistaken(f"{path} is not text in UTF-8.") from error
    return parse_document(text, str(path))


def parse_document(text: str, name: str) -> ServingConfig:
    """YAML or JSON, which is YAML, to the document called `name`."""
    try:
        fields: Any = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise Mistaken(f"{name} is not YAML: {_place(error)}") from error
    if not isinstance(fields, dict):
        raise Mistaken(f"{name} must hold a ServingConfig, which is a map of fields.")
    try:
        return ServingConfig.model_validate(_with_tuples(fields))
    except ValidationError as error:
        raise Mistaken(f"{name}: {_sentence(error)}") from error


def _with_tuples(value: Any) -> Any:
    """YAML knows lists only, and a strict document holds tuples."""
    match value:
        case dict():
            return {key: _with_tuples(inner) for key, inner in value.items()}
        case list():
            return tuple(_with_tuples(inner) for inner in value)
        case _:
            return value


def _sentence(error: ValidationError) -> str:
    """All that is wrong, in one sentence, the first things first."""
    wrongs = []
    for wrong in error.errors()[:5]:
        field = ".".join(str(step) for step in wrong["loc"]) or "the document"
        match wrong["type"]:
            case "missing":
                wrongs.append(f"{field} is missing")
            case "extra_forbidden":
                wrongs.append(f"{field} is not a field of a ServingConfig")
            case _:
                wrongs.append(f"{field} is wrong ({wrong['msg'][0].lower()}{wrong['msg'][1:]})")
    return "; ".join(wrongs) + "."


def _place(error: yaml.YAMLError) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or "it cannot be parsed"
    return f"{problem}." if mark is None else f"line {mark.line + 1}: {problem}."
