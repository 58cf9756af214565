"""Whether a machine size, and a number of them, suits a preset: yes or no, and why in words."""

from dataclasses import dataclass

from .gpu import InstanceType, RetiredSize
from .preset import Preset
from .sizing import Sizing, TooSmall, size, size_for_nodes, wanted_context

LEAST_COMPUTE_CAPABILITY = 8.0
"""What KAITO's presets need of a GPU: bfloat16. Source: KAITO v0.12's SKU table."""

DEEPGEMM_CAPABILITIES = (9.0, 12.0)
"""From (with) and to (without): DeepGEMM is built for SM90 and SM100. Source: deepseek-ai/DeepGEMM README."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether it fits; `reasons` say why not (empty when it does), `sizing` how it then runs."""

    fits: bool
    reasons: tuple[str, ...]
    sizing: Sizing | None = None


def fits(
    preset: Preset, instance: InstanceType | RetiredSize, nodes: int, context: int | None = None
) -> Verdict:
    """Whether vLLM can serve the preset on so many machines of this size with that context."""
    if isinstance(instance, RetiredSize):
        return Verdict(False, (instance.in_words(),))
    reasons = unsuited(preset, instance)
    if context is not None and context > preset.token_limit:
        reasons += (f"{preset.name} reads at most {preset.token_limit:,} tokens, not {context:,}",)
    sizing = size_for_nodes(preset, instance, nodes, context)
    if sizing is None:
        reasons += (_not_enough(preset, instance, nodes, context),)
    return Verdict(not reasons, reasons, sizing)


def unsuited(preset: Preset, instance: InstanceType) -> tuple[str, ...]:
    """Why this size cannot run this preset whatever their number; empty where it can."""
    checks = (
        _wrong_vendor(instance),
        _too_old(preset, instance),
        _wrong_cpu(instance),
        _unsupported(instance),
    )
    return tuple(reason for reason in checks if reason)


def _wrong_vendor(instance: InstanceType) -> str:
    vendor = instance.gpu.vendor
    return "" if vendor == "NVIDIA" else f"{instance.name} has {vendor} GPUs; the serving image is for NVIDIA"


def _too_old(preset: Preset, instance: InstanceType) -> str:
    has = instance.gpu.compute_capability
    if has is None:
        return ""
    if has < LEAST_COMPUTE_CAPABILITY:
        return f"{instance.gpu.model} has compute capability {has}; presets need {LEAST_COMPUTE_CAPABILITY}"
    low, high = DEEPGEMM_CAPABILITIES
    if preset.requires_deepgemm and not low <= has < high:
        return f"{preset.name} runs on DeepGEMM, which {instance.gpu.model} (compute capability {has}) lacks"
    return ""


def _wrong_cpu(instance: InstanceType) -> str:
    cpu = instance.machine.cpu
    return "" if cpu == "x86_64" else f"{instance.name} is {cpu}; the serving image is for x86_64"


def _unsupported(instance: InstanceType) -> str:
    known = instance.aks_supported or instance.kaito_name is not None
    return "" if known else f"neither AKS nor KAITO supports {instance.name}"


def _not_enough(preset: Preset, instance: InstanceType, nodes: int, context: int | None) -> str:
    needed = size(preset, instance, context)
    if isinstance(needed, TooSmall):
        return needed.reason
    tokens = f"{wanted_context(preset, context):,} tokens of context"
    return f"{preset.name} with {tokens} needs {needed.nodes} × {instance.name}, not {nodes}"
