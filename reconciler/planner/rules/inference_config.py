"""`inference_config.yaml`: settings for vLLM in the ConfigMap that inference.config names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reconciler.catalog.gpu import InstanceType
from reconciler.catalog.preset import Preset
from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import V1ALPHA1, Workspace

from .config_text import Wanted, config_text
from .context import VLLM, Context, count
from .flaw import Flaw, said
from .known_settings import known_options

KEY = "inference_config.yaml"
MAX_MODEL_LEN = "max-model-len"
_PATH: FieldPath = ("inference", "config")
_SMALL_GPU_GIB = 20


def inference_config(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Judged for presets served by vLLM only, as KAITO does."""
    served = workspace.inference
    if served is None or served.preset is None or context.runtime(workspace) != VLLM:
        return
    settings: Any = {}
    if served.config:
        text = config_text(Wanted(_PATH, served.config, KEY), workspace, context)
        yield from text.flaws
        if text.value is None:
            return
        settings = text.value.get("vllm", {}) if isinstance(text.value, dict) else None
        yield from _settings(settings, context.preset(workspace))
        if context.is_towline and isinstance(settings, dict) and settings:
            yield from known_options(_PATH, KEY, text, context.catalog.settings)
    if isinstance(settings, dict) and MAX_MODEL_LEN not in settings:
        yield from _alpha_needs_length(workspace, context)


def _settings(settings: Any, preset: Preset | None) -> Iterator[Flaw]:
    if not isinstance(settings, dict):
        yield Flaw(_PATH, f"{KEY}: vllm is not a mapping", "write one setting a line under vllm:")
        return
    for name, value in settings.items():
        if isinstance(value, dict | list):
            yield Flaw(_PATH, f"{KEY}: vllm.{said(name)} is not a single value", "write it as one value")
    if MAX_MODEL_LEN in settings:
        yield from _length(settings[MAX_MODEL_LEN], preset)


def _length(value: Any, preset: Preset | None) -> Iterator[Flaw]:
    if type(value) is not int or value < 1:
        yield Flaw(
            _PATH,
            f"{KEY}: max-model-len is {said(value)}, which is no number of tokens",
            "write a whole number, or remove the line and let vLLM choose",
        )
    elif preset is not None and value > preset.token_limit:
        yield Flaw(
            _PATH,
            f"{KEY}: max-model-len {value} is more than {preset.short_name} reads ({preset.token_limit})",
            f"write {preset.token_limit} or less",
        )


def _alpha_needs_length(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """v1alpha1 wants max-model-len said for several nodes, and for several small GPUs."""
    instance = context.instance(workspace)
    is_spread = count(workspace) > 1 or (instance is not None and _has_several_small_gpus(instance))
    if workspace.api_version == V1ALPHA1 and is_spread:
        yield Flaw(
            _PATH,
            "v1alpha1 needs max-model-len when a model is spread over several GPUs",
            f"name a ConfigMap with {KEY} and vllm: {{max-model-len: …}}, or use kaito.sh/v1beta1",
        )


def _has_several_small_gpus(instance: InstanceType) -> bool:
    return (instance.gpu_count or 1) > 1 and (instance.gpu.memory_gib or _SMALL_GPU_GIB) < _SMALL_GPU_GIB
