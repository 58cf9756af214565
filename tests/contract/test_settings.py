"""presets/settings.yaml and the containers speak of the same settings."""

from __future__ import annotations

import json
import os
import subprocess
import types
import typing
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import pytest

from reconciler.wiring import load_catalog
from runtime.tuning.config.parse import SECTIONS
from runtime.tuning.config.rules import REFUSED, RENAMED, WITHOUT_EFFECT

ROOT = Path(__file__).parents[2]
RUNTIME = os.environ.get("TOWLINE_RUNTIME", "")
OPTIONS = """
import json
from runtime.serving.vllm.launch import _parser
from runtime.serving.vllm.options import known_options
print(json.dumps({name: option.takes for name, option in known_options(_parser()).items()}))
"""
NAMES = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "text",
    list: "list",
    tuple: "list",
    dict: "map",
}


def test_the_settings_of_a_training_are_those_its_container_reads() -> None:
    known = load_catalog().settings
    for section, model in SECTIONS.items():
        read = {name: kinds(field.annotation) for name, field in model.model_fields.items()}
        assert known.training[section] == read, section
    assert known.training.keys() == SECTIONS.keys()


def test_old_names_and_refusals_are_those_of_the_container() -> None:
    known = load_catalog().settings
    assert pairs(known.renamed) == RENAMED
    assert pairs(known.refused) == REFUSED
    gone = {(part, name) for part, name in WITHOUT_EFFECT if name not in SECTIONS[part].model_fields}
    assert {(part, name) for part, names in known.gone.items() for name in names} == gone


@pytest.mark.skipif(not RUNTIME, reason="TOWLINE_RUNTIME names no Python with the containers' libraries")
def test_the_options_of_vllm_are_those_of_its_own_parser() -> None:
    asked = subprocess.run((RUNTIME, "-c", OPTIONS), cwd=ROOT, capture_output=True, text=True, check=True)
    takes = json.loads(asked.stdout.splitlines()[-1])
    known = load_catalog().settings
    assert known.vllm_switches == {name for name, how in takes.items() if how == "switch"}
    assert known.vllm_options == {name for name, how in takes.items() if how != "switch"}


def kinds(annotation: Any) -> tuple[str, ...]:
    """What a field of the container's own class takes, in the words of the file."""
    origin = get_origin(annotation)
    if origin in (Union, types.UnionType):
        parts = [part for part in get_args(annotation) if part is not type(None)]
        return tuple(kind for part in parts for kind in kinds(part))
    if origin is Literal:
        return get_args(annotation)
    return kinds(get_args(annotation)[0]) if origin is typing.Annotated else (NAMES[origin or annotation],)


def pairs(told: Any) -> dict[tuple[str, str], str]:
    return {(part, name): value for part, fields in told.items() for name, value in fields.items()}
