"""Which engine serves a preset, and what it is told."""

from __future__ import annotations

from reconciler.catalog.preset import Preset
from reconciler.domain.workspace import DISABLE_BENCHMARK
from reconciler.planner.resolve.blueprint import Capacity, Runtime
from reconciler.planner.resolve.commands import fleet_options, model_options
from reconciler.planner.resolve.names import leader_address
from reconciler.planner.resolve.subject import Subject

from .documents import Benchmark, Small, Spread, Vllm

_DTYPES = ("bfloat16", "float16", "float32")
_MOST_TOKENS = {"cpu": 2048, "cuda": 8192}
_TOLD_OTHERWISE = frozenset(
    {"served-model-name", "chat-template", "max-model-len", "enable-lora", "kaito-config-file"}
)
"""Options of KAITO's command line that the document has a field for, or that the container finds by itself.
KAITO's chat templates lie in KAITO's image alone."""


def engine_of(subject: Subject, capacity: Capacity) -> Vllm | Small:
    """vLLM; where the person asks for Transformers or has no GPU, the small engine."""
    if subject.runtime is Runtime.TRANSFORMERS:
        return _small(subject)
    return Vllm(vllm_options(subject, capacity), _spread(subject, capacity))


def vllm_options(subject: Subject, capacity: Capacity) -> dict[str, object]:
    """vLLM's own options by name, sorted: what it is told in KAITO's image, less what the container settles
    itself. KAITO's offload of the cache to the machine's memory is the person's to ask for, in their file."""
    options = model_options(subject.model) | fleet_options(subject)
    said = {
        name: value
        for name, value in options.items()
        if name not in _TOLD_OTHERWISE and value is not None and value is not False
    }
    return dict(sorted({**said, "gpu-memory-utilization": capacity.memory_share}.items()))


def benchmark_of(subject: Subject) -> Benchmark:
    """The load that KAITO measures with; a short one where there is no GPU; none where the person says so."""
    off = subject.manifest.annotations.get(DISABLE_BENCHMARK, "").strip().lower() == "true"
    if subject.on_processors:
        return Benchmark(0 if off else 10, 128, 64)
    return Benchmark(0 if off else 60, 2048, 256)


def left_out(subject: Subject) -> tuple[str, ...]:
    """What the container does otherwise than KAITO's, for the person who wonders."""
    template = subject.model.vllm.chat_template
    if subject.runtime is not Runtime.VLLM or not template:
        return ()
    return (f"the model's own chat template is used: {template} lies in KAITO's image",)


def _spread(subject: Subject, capacity: Capacity) -> Spread:
    several = capacity.is_distributed
    return Spread(
        tensor=capacity.tensor_parallel,
        pipeline=capacity.pipeline_parallel,
        data=capacity.data_parallel,
        nodes=capacity.nodes if several else 1,
        leader=leader_address(subject.name) if several else "",
    )


def _small(subject: Subject) -> Small:
    """On a GPU as many blocks of cache as fit; without one, as few as a laptop can spare."""
    preset = subject.model
    device = "cpu" if subject.on_processors else "cuda"
    length = min(preset.token_limit, _MOST_TOKENS[device])
    if subject.on_processors:
        return Small(device, "auto", length, 64, 256, 16)
    return Small(device, _dtype(preset), length, None, 2048, 64)


def _dtype(preset: Preset) -> str:
    asked = preset.transformers.torch_dtype if preset.transformers else "auto"
    return asked if asked in _DTYPES else "auto"
