"""`training_config.yaml`: settings for fine-tuning in the ConfigMap that tuning.config names."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import Workspace

from .config_text import Wanted, config_text
from .context import Context
from .flaw import Flaw, one_of, said
from .known_settings import known_training

KEY = "training_config.yaml"
SECTIONS = (
    "ModelConfig",
    "QuantizationConfig",
    "LoraConfig",
    "TrainingArguments",
    "DatasetConfig",
    "DataCollator",
)
_PATH: FieldPath = ("tuning", "config")
_ROOT = "/mnt"
_BITS = ("load_in_4bit", "load_in_8bit")


def training_config(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Nothing where no ConfigMap is named: the template of the method is used then."""
    tuning = workspace.tuning
    if tuning is None or not tuning.config:
        return
    text = config_text(Wanted(_PATH, tuning.config, KEY), workspace, context)
    yield from text.flaws
    if text.value is None:
        return
    settings = text.value.get("training_config") if isinstance(text.value, dict) else None
    if not isinstance(settings, dict):
        yield Flaw(
            _PATH, f"{KEY}: training_config is not a mapping", "put all sections under training_config:"
        )
        return
    yield from _sections(settings)
    yield from _quantization(_section(settings, "QuantizationConfig"), (tuning.method or "").lower())
    yield from _output(_section(settings, "TrainingArguments"))
    if context.is_towline:
        yield from known_training(_PATH, KEY, text, context.catalog.settings)


def _sections(settings: Mapping[str, Any]) -> Iterator[Flaw]:
    for name, section in settings.items():
        if name not in SECTIONS:
            near = difflib.get_close_matches(name[:80], SECTIONS, n=1)
            mend = f"did you mean {near[0]}?" if near else f"use {one_of(SECTIONS)}"
            yield Flaw(_PATH, f"{KEY}: {said(name)} is no section", mend)
        elif section is not None and not isinstance(section, dict):
            yield Flaw(_PATH, f"{KEY}: {name} is not a mapping", f"write one setting a line under {name}:")


def _quantization(section: Mapping[str, Any], method: str) -> Iterator[Flaw]:
    for name in _BITS:
        if not isinstance(section.get(name), bool | None):
            yield Flaw(
                _PATH, f"{KEY}: {name} is {said(section[name])}", "write true or false, without quotes"
            )
            return
    chosen = [name for name in _BITS if section.get(name)]
    if len(chosen) == 2:
        yield Flaw(_PATH, f"{KEY}: load_in_4bit and load_in_8bit are both true", "choose one")
    elif method == "lora" and chosen:
        yield Flaw(
            _PATH, f"{KEY}: LoRA trains on whole weights, and {chosen[0]} is true", "use method: qlora"
        )
    elif method == "qlora" and not chosen:
        yield Flaw(
            _PATH, f"{KEY}: QLoRA trains on quantised weights, and none is chosen", "set load_in_4bit: true"
        )


def _output(section: Mapping[str, Any]) -> Iterator[Flaw]:
    given = section.get("output_dir")
    if given is None:
        return
    if not isinstance(given, str) or not _is_below_root(given):
        yield Flaw(
            _PATH, f"{KEY}: output_dir {said(given)} is not a folder under {_ROOT}", "use /mnt/results"
        )


def _is_below_root(folder: str) -> bool:
    """Relative folders, and absolute ones elsewhere, are taken to lie under /mnt."""
    is_there = folder == _ROOT or folder.startswith(f"{_ROOT}/")
    resolved = posixpath.normpath(folder if is_there else f"{_ROOT}/{folder}")
    return resolved.startswith(f"{_ROOT}/")


def _section(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    section = settings.get(name)
    return section if isinstance(section, dict) else {}
