"""The sizing arithmetic as steps a person can follow with a pencil."""

from .gpu import GPU, InstanceType
from .kaito import kaito_nodes
from .layout import Layout, cache_share, layer_share
from .memory import LOADED, MARGIN, cache_gib, given_gib, loaded_gib, need, utilisation
from .preset import Attention, Preset


def served(
    preset: Preset, instance: InstanceType, layout: Layout, context: int, room: int
) -> tuple[str, ...]:
    """The steps from weight files to machines, for a model that vLLM serves."""
    steps = (
        weights(preset),
        token(preset),
        cache(preset, context),
        _one_gpu(instance.gpu),
        _spread(layout, instance),
        _fullest(preset, instance, layout, context),
        f"room for a sequence of {room:,} tokens (the model reads {preset.token_limit:,})",
    )
    return steps + _kaito_differs(preset, instance, layout, context)


def weights(preset: Preset) -> str:
    """Weight files, loaded."""
    return f"weights: {preset.weights_gib:.2f} GiB of files × {LOADED} = {loaded_gib(preset):.2f} GiB loaded"


def token(preset: Preset) -> str:
    """What one token of context takes."""
    attention = preset.attention
    if attention.kind == "MLA":
        per_layer = f"({attention.kv_lora_rank} latent + {attention.qk_rope_head_dim} rotary)"
    else:
        per_layer = f"2 × {attention.kv_heads} key-value heads × {attention.head_dim}"
    size = f"{attention.bytes_per_token:,} bytes"
    bound = " at most: some layers keep less" if preset.hybrid_cache else ""
    return f"a token ({attention.kind}): 2 bytes × {attention.layers} layers × {per_layer} = {size}{bound}"


def cache(preset: Preset, context: int) -> str:
    """What the context takes, the whole of it."""
    a_token = f"{preset.attention.bytes_per_token:,} bytes"
    return f"context: {context:,} tokens × {a_token} = {cache_gib(preset, context):.2f} GiB"


def _one_gpu(gpu: GPU) -> str:
    memory, part = f"{gpu.memory_gib:g} GiB", utilisation(gpu)
    return f"one GPU: {gpu.model}, {memory} × {part} for vLLM = {given_gib(gpu):.2f} GiB"


def _spread(layout: Layout, instance: InstanceType) -> str:
    machines = "1 machine" if layout.nodes == 1 else f"{layout.nodes} machines"
    ways = f"{layout.tensor} tensor × {layout.pipeline} pipeline × {layout.data} data parallel"
    return f"spread: {machines} × {instance.gpu_count} GPU = {layout.gpus} GPU = {ways}"


def _fullest(preset: Preset, instance: InstanceType, layout: Layout, context: int) -> str:
    attention, parts = preset.attention, need(preset, layout, context)
    layers, cached = layer_share(attention, layout), cache_share(attention, layout)
    weights_part = f"{loaded_gib(preset):.2f} × {layers:.3f} of the layers ÷ {layout.tensor} × {MARGIN}"
    cache_part = f"{cache_gib(preset, context):.2f} × {cached:.3f}"
    return (
        f"the fullest GPU: weights {weights_part} = {parts.weights_gib:.2f}; context {cache_part} ="
        f" {parts.cache_gib:.2f}{_kept_whole(attention, layout)}; overhead {parts.overhead_gib:.2f};"
        f" together {parts.total_gib:.2f} GiB of {given_gib(instance.gpu):.2f}"
    )


def _kept_whole(attention: Attention, layout: Layout) -> str:
    if layout.tensor == 1:
        return ""
    if attention.kind == "MLA":
        return " (MLA: every tensor-parallel GPU keeps all of it)"
    return " (fewer key-value heads than GPUs: copied)" if attention.kv_heads < layout.tensor else ""


def _kaito_differs(preset: Preset, instance: InstanceType, layout: Layout, context: int) -> tuple[str, ...]:
    theirs = kaito_nodes(preset, instance, context)
    if theirs == layout.nodes:
        return ()
    says = "that a GPU is too small" if theirs is None else str(theirs)
    return (
        f"KAITO's own estimator says {says}: it counts 0.84 of every GPU, spreads layers evenly"
        " and divides the context among all GPUs of a machine",
    )
