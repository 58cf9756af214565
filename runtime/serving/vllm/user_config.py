"""inference_config.yaml: what the person who owns the workspace tells vLLM, read and judged.

Its shape is KAITO's (presets/workspace/inference/vllm/inference_api.py there): a flat map `vllm:` that
overrides our own arguments, and two settings of KAITO's beside it.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from runtime.artifacts.faults import Mistaken

FIELDS = ("vllm", "max_probe_steps", "kv_cache_cpu_memory_utilization")


@dataclass(frozen=True)
class UserConfig:
    """`vllm`: options by their own names. `cpu_cache_share`: the share (0 to 1) of the machine's free memory
    that keeps KV cache the GPU has no room for. `probes`: how often KAITO would have tried shorter contexts;
    vLLM finds the longest that fits by itself, so it changes nothing. `lines`: where each option stands."""

    name: str = "inference_config.yaml"
    vllm: Mapping[str, Any] = field(default_factory=dict)
    cpu_cache_share: float = 0.0
    probes: int | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def place(self, key: str) -> str:
        """File and line of the option called `key`, for a person."""
        line = self.lines.get(key)
        return f"{self.name}, line {line}" if line else self.name


def parse_user_config(text: str, name: str) -> UserConfig:
    """The file called `name`, with this text. Raises Mistaken with one sentence."""
    try:
        document = yaml.safe_load(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise Mistaken(f"{name}: this is not YAML: {_flat(error)}.") from error
    if document is None:
        return UserConfig(name=name)
    if not isinstance(document, dict):
        raise Mistaken(f"{name}: a map with the key vllm: is expected, not {_kind(document)}.")
    _only_known(document, name)
    options = document.get("vllm") or {}
    if not isinstance(options, dict) or not all(isinstance(key, str) for key in options):
        raise Mistaken(f"{name}: vllm: must be a map of vLLM's options, not {_kind(options)}.")
    return UserConfig(
        name=name,
        vllm=options,
        cpu_cache_share=_share(document, name),
        probes=_probes(document, name),
        lines=_lines(tree),
    )


def _only_known(document: Mapping[Any, Any], name: str) -> None:
    for key in document:
        if key not in FIELDS:
            near = difflib.get_close_matches(str(key).replace("-", "_"), FIELDS, n=1, cutoff=0.7)
            hint = f"did you mean {near[0]}?" if near else "vLLM's own options belong under vllm:."
            raise Mistaken(f"{name}: there is no field {key}; {hint}")


def _share(document: Mapping[str, Any], name: str) -> float:
    value = document.get("kv_cache_cpu_memory_utilization") or 0
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise Mistaken(f"{name}: kv_cache_cpu_memory_utilization is a share from 0 to 1, not {value}.")
    return float(value)


def _probes(document: Mapping[str, Any], name: str) -> int | None:
    value = document.get("max_probe_steps")
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise Mistaken(f"{name}: max_probe_steps is a whole number, not {value}.")
    return value


def _lines(tree: yaml.Node | None) -> Mapping[str, int]:
    """The line of each key under vllm:, counted from 1."""
    found: dict[str, int] = {}
    for key, value in tree.value if isinstance(tree, yaml.MappingNode) else ():
        if key.value == "vllm" and isinstance(value, yaml.MappingNode):
            found |= {option.value: option.start_mark.line + 1 for option, _ in value.value}
    return found


def _kind(value: object) -> str:
    match value:
        case list():
            return "a list"
        case str():
            return "a text"
        case dict():
            return "a map whose keys are no texts"
    return "a single value"


def _flat(error: yaml.YAMLError) -> str:
    return " ".join(str(error).split())
