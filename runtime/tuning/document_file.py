"""The two files a person's choices come in: the TuningConfig's document, and training_config.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import yaml
from pydantic import ValidationError

from runtime.tuning.config.parse import Parsed, parse_training_config
from runtime.tuning.document import TuningConfig
from runtime.tuning.faults import BadConfig


def read_document(path: str) -> TuningConfig:
    """The document, YAML or JSON. Raises BadConfig with every mistake in it."""
    text = _read(path, "the document")
    try:
        return TuningConfig.model_validate_json(json.dumps(yaml.safe_load(text)))
    except (yaml.YAMLError, TypeError) as bad:
        raise BadConfig(f"{path} is not YAML or JSON: {' '.join(str(bad).split())[:200]}") from bad
    except ValidationError as bad:
        raise BadConfig("; ".join(_sentence(path, error) for error in bad.errors())) from bad


def read_training_config(path: str) -> tuple[Parsed, str]:
    """The person's configuration and its text; without a path, the defaults. Raises BadConfig."""
    if not path:
        return parse_training_config(""), ""
    text = _read(path, "training_config.yaml")
    return parse_training_config(text, Path(path).name), text


def _read(path: str, what: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as bad:
        raise BadConfig(f"{what} cannot be read from {path}: {bad.strerror}") from bad
    except UnicodeDecodeError as bad:
        raise BadConfig(f"{path} is not UTF-8 text") from bad


def _sentence(path: str, error: object) -> str:
    assert isinstance(error, dict)
    field = ".".join(str(part) for part in error["loc"]) or "the document"
    return f"{path}: {field}: {str(error['msg']).lower()}"
