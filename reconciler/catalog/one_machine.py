"""What runs on one machine only: serving with Transformers, and fine-tuning."""

from . import because
from .gpu import InstanceType
from .memory import OVERHEAD_GIB, cache_gib, loaded_gib
from .preset import GIB, Preset
from .sizing import NOT_KNOWN, Sizing, TooSmall, wanted_context

USABLE = 0.93
"""The part of a card's nominal memory a process gets; nominal figures are 1 to 7 percent high."""

TUNING_TOKENS = 1024
"""Tokens of a training sequence. Source: TRL's SFTConfig, max_length."""

LARGEST_VOCABULARY = 200_064
"""Tokens a tuning preset's model knows at most. Source: the configuration of Phi-4-mini."""

NF4_BITS = 4.127
"""Bits a parameter takes in NF4 with double quantisation. Source: the QLoRA paper (Dettmers 2023)."""

ADAPTER_RANK = 8
"""LoRA's r in KAITO's training templates."""


def size_transformers(
    preset: Preset, instance: InstanceType, context: int | None = None
) -> Sizing | TooSmall:
    """The preset served by Transformers on one machine, its layers spread over the GPUs.

    Source: KAITO v0.12, which refuses it where the weights exceed one machine; Accelerate's device map.
    """
    asked = wanted_context(preset, context)
    per_gpu = (loaded_gib(preset) + cache_gib(preset, asked)) / (instance.gpu_count or 1) + OVERHEAD_GIB
    steps = (because.weights(preset), because.token(preset), because.cache(preset, asked))
    if refusal := _refusal(instance, per_gpu, f"{preset.name} served by Transformers, on one machine,"):
        return refusal
    spread = f"layers over {instance.gpu_count} GPU, overhead {OVERHEAD_GIB}: {per_gpu:.2f} GiB a GPU"
    room = _room(preset, instance)
    return _sizing(preset, instance, per_gpu, (asked, room, 1), (*steps, spread, _usable(instance)))


def size_tuning(
    preset: Preset, method: str, instance: InstanceType, tokens: int = TUNING_TOKENS
) -> Sizing | TooSmall:
    """The preset fine-tuned (`lora` or `qlora`) on one machine, a whole copy on every GPU.

    Source: KAITO v0.12 starts one process a GPU. Sizing.context is the length of a training sequence.
    """
    per_gpu = tuning_gib(preset, method, tokens)
    if refusal := _refusal(instance, per_gpu, f"{preset.name} tuned with {method}"):
        return refusal
    steps = (*tuning_steps(preset, method, tokens), _usable(instance))
    return _sizing(preset, instance, per_gpu, (tokens, tokens, instance.gpu_count or 1), steps)


def tuning_gib(preset: Preset, method: str, tokens: int = TUNING_TOKENS) -> float:
    """GiB one GPU needs to tune with batch 1: base + adapter and its optimiser + activations + overhead."""
    return sum(_tuning_parts(preset, method, tokens)) + OVERHEAD_GIB


def tuning_steps(preset: Preset, method: str, tokens: int = TUNING_TOKENS) -> tuple[str, ...]:
    """The same as steps to follow."""
    base, adapter, activations = _tuning_parts(preset, method, tokens)
    theirs = preset.tuning.memory_figure_gib if preset.tuning else None
    figure = f"; KAITO's own figure is {theirs:g}" if theirs else ""
    how = f"in NF4, {NF4_BITS} bits a parameter" if method == "qlora" else "in 16 bits"
    return (
        because.weights(preset),
        f"base model {how}, embeddings in 16: {base:.2f} GiB",
        f"adapter of rank {ADAPTER_RANK} with gradients and Adam's moments, 16 bytes each: {adapter:.2f} GiB",
        f"activations of {tokens:,} tokens with checkpointing, and logits: {activations:.2f} GiB",
        f"with {OVERHEAD_GIB} overhead: {tuning_gib(preset, method, tokens):.2f} GiB a GPU{figure}",
    )


def _tuning_parts(preset: Preset, method: str, tokens: int) -> tuple[float, float, float]:
    """Base, adapter, activations, GiB.

    The adapter is bounded by 22 × hidden sizes a layer for rank 1 (all linear layers, feed-forward up to
    4 × hidden). Activations: 2 bytes kept a layer and 34 bytes while one layer is recomputed, a token
    and hidden unit (Korthikanti 2022); logits three times in 32 bits.
    """
    attention = preset.attention
    hidden, layers = attention.hidden_size, attention.layers
    adapter = 16 * ADAPTER_RANK * layers * 22 * hidden / GIB
    activations = tokens * (hidden * (2 * layers + 34) + 12 * LARGEST_VOCABULARY) / GIB
    if method != "qlora":
        return loaded_gib(preset), adapter, activations
    embeddings = 2 * LARGEST_VOCABULARY * hidden * 2 / GIB
    return loaded_gib(preset) * NF4_BITS / 16 + embeddings, adapter, activations


def _refusal(instance: InstanceType, per_gpu: float, what: str) -> TooSmall | None:
    memory = instance.gpu.memory_gib
    if not instance.gpu_count or memory is None:
        return TooSmall(instance.name, NOT_KNOWN.format(name=instance.name), per_gpu, 0)
    if per_gpu <= memory * USABLE:
        return None
    has = memory * USABLE
    reason = f"{what} needs {per_gpu:.1f} GiB a GPU; {instance.name} has {has:.1f} usable"
    return TooSmall(instance.name, reason, per_gpu, has)


def _room(preset: Preset, instance: InstanceType) -> int:
    free = (instance.gpu.memory_gib or 0) * USABLE - OVERHEAD_GIB
    bytes_left = (free * (instance.gpu_count or 1) - loaded_gib(preset)) * GIB
    return min(int(bytes_left / preset.attention.bytes_per_token), preset.token_limit)


def _usable(instance: InstanceType) -> str:
    memory = instance.gpu.memory_gib or 0
    return f"one GPU: {instance.gpu.model}, {memory:g} GiB × {USABLE} usable = {memory * USABLE:.2f} GiB"


def _sizing(
    preset: Preset,
    instance: InstanceType,
    per_gpu: float,
    sequence: tuple[int, int, int],
    steps: tuple[str, ...],
) -> Sizing:
    context, room, copies = sequence
    return Sizing(
        instance_type=instance.name,
        context=context,
        weights_gib=loaded_gib(preset),
        kv_gib=cache_gib(preset, context),
        overhead_gib=OVERHEAD_GIB,
        per_gpu_gib=per_gpu,
        given_gib=(instance.gpu.memory_gib or 0) * USABLE,
        gpus=instance.gpu_count or 0,
        nodes=1,
        tensor_parallel=1,
        pipeline_parallel=1,
        data_parallel=copies,
        largest_context=room,
        because=steps,
    )
