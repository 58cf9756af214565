"""Whether the weights fit the machines that are made for them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache

from reconciler.catalog.gpu import InstanceType
from reconciler.catalog.offer import cheapest, list_in_words
from reconciler.catalog.preset import Preset
from reconciler.catalog.sizing import TooSmall, size
from reconciler.domain.finding import Severity
from reconciler.domain.workspace import BYPASS_RESOURCE_CHECKS, V1ALPHA1, Workspace

from .context import TRANSFORMERS, Context, count
from .flaw import Flaw
from .resource import INSTANCE_TYPE


def memory(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Judged where nodes are made, the model and the size are known, and nothing else decides."""
    preset, instance = context.preset(workspace), context.instance(workspace)
    if preset is None or instance is None or not context.provisions:
        return
    if not math.isfinite(preset.weights_gib) or preset.weights_gib <= 0:
        yield Flaw(
            ("inference", "preset", "name"),
            f"how much {preset.short_name} weighs is not known",
            "state weights_gib in its preset file",
        )
        return
    if context.runtime(workspace) == TRANSFORMERS:
        yield from _one_machine(preset, instance, context)
    elif workspace.api_version == V1ALPHA1:
        yield from _all_machines(preset, instance, workspace, context)
    else:
        yield from _served(preset, instance, workspace, context)


def total_gib(instance: InstanceType) -> float | None:
    """GiB of all GPUs of one machine, nominal; None where not known."""
    memory = instance.gpu.memory_gib
    return None if memory is None or not instance.gpu_count else memory * instance.gpu_count


def _one_machine(preset: Preset, instance: InstanceType, context: Context) -> Iterator[Flaw]:
    """Transformers runs on one machine, which no annotation can change."""
    has = total_gib(instance)
    if has is not None and preset.weights_gib > has:
        yield Flaw(
            INSTANCE_TYPE,
            f"{preset.short_name} takes {preset.weights_gib:g} GiB, {instance.name} has {has:g}, and the "
            "Transformers runtime cannot spread a model over several nodes",
            f"use vLLM, or one of: {list_in_words(cheapest(context.catalog, preset, purpose=TRANSFORMERS))}",
        )


def _all_machines(
    preset: Preset, instance: InstanceType, workspace: Workspace, context: Context
) -> Iterator[Flaw]:
    """v1alpha1: the machines asked for, together, for every runtime."""
    has = total_gib(instance)
    if has is None or BYPASS_RESOURCE_CHECKS in workspace.annotations:
        return
    if has * count(workspace) < preset.weights_gib:
        yield Flaw(
            INSTANCE_TYPE,
            f"{preset.short_name} takes {preset.weights_gib:g} GiB; {count(workspace)} × {instance.name} "
            f"have {has * count(workspace):g}",
            f"use one of: {list_in_words(cheapest(context.catalog, preset))}",
        )


def _served(preset: Preset, instance: InstanceType, workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """v1beta1 with vLLM: KAITO admits all and fails later; we know before."""
    too_small = _too_small(preset, instance)
    if too_small is not None and too_small.has_gib:
        bypass = BYPASS_RESOURCE_CHECKS in workspace.annotations
        yield Flaw(
            INSTANCE_TYPE,
            too_small.reason,
            f"use one of: {list_in_words(cheapest(context.catalog, preset))}",
            Severity.WARNING if bypass else Severity.ERROR,
        )


@lru_cache(maxsize=4096)
def _too_small(preset: Preset, instance: InstanceType) -> TooSmall | None:
    """Many workspaces ask the same of the same machines."""
    sizing = size(preset, instance)
    return sizing if isinstance(sizing, TooSmall) else None
