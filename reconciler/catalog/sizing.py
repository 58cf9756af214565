"""How many machines a preset needs, and whether so many are enough: the answer and the steps to it."""

from dataclasses import dataclass

from . import because
from .gpu import InstanceType
from .layout import Layout, layouts
from .memory import DEFAULT_CONTEXT, cache_gib, given_gib, holds, loaded_gib, longest_context, need
from .preset import Preset

MOST_NODES = 1000
"""Machines an AKS agent pool has at most. Source: AKS quotas and limits."""

NOT_KNOWN = "the GPUs of {name} are not known well enough to size for"


@dataclass(frozen=True, slots=True)
class Sizing:
    """A preset on a size. GiB of the whole model, except `per_gpu_gib` and `given_gib`: of one GPU.

    `context` is what was sized for and `largest_context` what this layout has room for, in tokens of one
    sequence. `because` holds the steps, in order.
    """

    instance_type: str
    context: int
    weights_gib: float
    kv_gib: float
    overhead_gib: float
    per_gpu_gib: float
    given_gib: float
    gpus: int
    nodes: int
    tensor_parallel: int
    pipeline_parallel: int
    data_parallel: int
    largest_context: int
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TooSmall:
    """No number of these machines runs the preset. GiB a GPU, at best; has 0 where it is not known."""

    instance_type: str
    reason: str
    needs_gib: float
    has_gib: float


def size(preset: Preset, instance: InstanceType, context: int | None = None) -> Sizing | TooSmall:
    """The fewest machines of this size that vLLM needs for one sequence of `context` tokens.

    Without a context 2,048 tokens are planned for; more than the model reads is cut to what it reads.
    """
    asked = wanted_context(preset, context)
    if not instance.gpu_count or instance.gpu.memory_gib is None:
        return TooSmall(
            instance.name, NOT_KNOWN.format(name=instance.name), need(preset, _alone(), asked).total_gib, 0
        )
    for nodes in _counts(preset):
        if layout := _first_that_holds(preset, instance, nodes, asked):
            return _sizing(preset, instance, layout, asked)
    return _too_small(preset, instance, asked)


def size_for_nodes(
    preset: Preset, instance: InstanceType, nodes: int, context: int | None = None
) -> Sizing | None:
    """The preset on exactly so many machines, or None where they do not hold it."""
    asked = wanted_context(preset, context)
    layout = _first_that_holds(preset, instance, nodes, asked)
    return _sizing(preset, instance, layout, asked) if layout else None


def largest_context(preset: Preset, instance: InstanceType, nodes: int) -> int:
    """Tokens of the longest sequence so many machines hold in any layout; 0 where the weights do not fit."""
    ways = layouts(preset, instance, nodes)
    return max((longest_context(preset, instance.gpu, way) for way in ways), default=0)


def wanted_context(preset: Preset, context: int | None) -> int:
    """The context to plan for: what is asked or 2,048, never more than the model reads."""
    return min(DEFAULT_CONTEXT if context is None else context, preset.token_limit)


def _first_that_holds(preset: Preset, instance: InstanceType, nodes: int, context: int) -> Layout | None:
    ways = layouts(preset, instance, nodes)
    return next((way for way in ways if holds(preset, instance.gpu, way, context)), None)


def _sizing(preset: Preset, instance: InstanceType, layout: Layout, context: int) -> Sizing:
    fullest = need(preset, layout, context)
    room = longest_context(preset, instance.gpu, layout)
    return Sizing(
        instance_type=instance.name,
        context=context,
        weights_gib=loaded_gib(preset),
        kv_gib=cache_gib(preset, context),
        overhead_gib=fullest.overhead_gib,
        per_gpu_gib=fullest.total_gib,
        given_gib=given_gib(instance.gpu),
        gpus=layout.gpus,
        nodes=layout.nodes,
        tensor_parallel=layout.tensor,
        pipeline_parallel=layout.pipeline,
        data_parallel=layout.data,
        largest_context=room,
        because=because.served(preset, instance, layout, context, room),
    )


def _too_small(preset: Preset, instance: InstanceType, context: int) -> TooSmall:
    ways = [way for nodes in _counts(preset) for way in layouts(preset, instance, nodes)]
    least = min(need(preset, way, context).total_gib for way in ways or [_alone()])
    has = given_gib(instance.gpu)
    reason = (
        f"a GPU of {instance.name} gives vLLM {has:.1f} GiB; {preset.name} with {context:,} tokens of "
        f"context needs {least:.1f} GiB a GPU however many machines share it"
    )
    return TooSmall(instance.name, reason, least, has)


def _counts(preset: Preset) -> range:
    """Machines worth trying: beyond one a layer nothing is left to share out."""
    return range(1, min(preset.attention.layers, MOST_NODES) + 1)


def _alone() -> Layout:
    return Layout(1, 1, 1, 1)
