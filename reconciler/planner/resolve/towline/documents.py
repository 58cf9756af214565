"""What Towline's containers are told, one value a document; templates write them in the containers' words.

The contract is runtime/serving/document.py, runtime/tuning/document.py and runtime/artifacts/document.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FOLDER = "/etc/towline"
"""Where a container finds its documents."""

SERVING_FILE = "serving.yaml"
TUNING_FILE = "tuning.yaml"


@dataclass(frozen=True, slots=True)
class Source:
    """Where weights, data or an adapter come from; what is empty is left to the container."""

    kind: str
    repository: str = ""
    revision: str = ""
    allow: tuple[str, ...] = ()
    image: str = ""
    docker_config: str = ""
    insecure: bool = False
    path: str = ""
    urls: tuple[str, ...] = ()
    private_hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spread:
    """GPUs a node, nodes of one copy, copies; how many pods, and the DNS name of the one that leads."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    nodes: int = 1
    leader: str = ""


@dataclass(frozen=True, slots=True)
class Vllm:
    """vLLM with options by its own names."""

    arguments: Mapping[str, object]
    spread: Spread
    kind: str = "vllm"


@dataclass(frozen=True, slots=True)
class Small:
    """Transformers with continuous batching, on one GPU or on none. None leaves a choice to the container."""

    device: str
    dtype: str
    most_tokens: int
    blocks: int | None
    batch_tokens: int
    most_running: int
    kind: str = "small"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """The measurement after the start; 0 seconds leave it out."""

    seconds: int
    prompt_tokens: int
    answer_tokens: int


@dataclass(frozen=True, slots=True)
class ServingDocument:
    """A ServingConfig. `adapters` are fetched before, each by a document of its own."""

    served_name: str
    source: Source
    folder: str
    engine: Vllm | Small
    adapters_folder: str
    benchmark: Benchmark
    user_config: str
    port: int
    drain_seconds: int
    adapters: Mapping[str, Source] = field(default_factory=dict)
    suffix: str = "serving"
    file: str = SERVING_FILE
    template: str = "workloads/inference/serving-config"


@dataclass(frozen=True, slots=True)
class Output:
    """Where the adapter goes: `image` or `folder`."""

    kind: str
    image: str = ""
    docker_config: str = ""
    insecure: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class TuningDocument:
    """A TuningConfig."""

    workspace: str
    base: str
    revision: str
    source: Source
    folder: str
    method: str
    data: Source
    output: Output
    user_config: str
    work: str
    device: str
    processes: int
    port: int
    adapters: Mapping[str, Source] = field(default_factory=dict)
    suffix: str = "tuning"
    file: str = TUNING_FILE
    template: str = "workloads/tuning/tuning-config"


Document = ServingDocument | TuningDocument


def document_name(workspace: str, document: Document) -> str:
    """The name of the ConfigMap that holds it."""
    return f"{workspace}-{document.suffix}"
