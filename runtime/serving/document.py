"""ServingConfig: the one document a serving container reads."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from runtime.artifacts.document import FolderSource, HubSource, OciSource
from runtime.written import Written


class Model(Written):
    """What is served, under which name, and where its weights come from and are kept."""

    served_name: str
    source: HubSource | OciSource | FolderSource = Field(discriminator="kind")
    folder: str = "/workspace/weights"
    chat_template: str = ""


class Spread(Written):
    """How the model is spread: GPUs a node (tensor), nodes (pipeline), copies (data). `leader` is the DNS
    name of pod 0; this pod's number is read from POD_INDEX."""

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    nodes: int = 1
    leader: str = ""


class Vllm(Written):
    """vLLM as the engine; `arguments` are its own options by their own names, without dashes before them."""

    kind: Literal["vllm"] = "vllm"
    arguments: dict[str, Any] = Field(default_factory=dict)
    spread: Spread = Spread()


class Small(Written):
    """The engine for machines without a GPU: transformers with continuous batching.

    `most_tokens` is the longest sequence, prompt and answer together; `blocks` the blocks of KV cache (None:
    as many as fit), `batch_tokens` the tokens of one step, `most_running` the answers written side by side;
    `threads` 0 leaves the choice to torch. `dtype` auto is bfloat16 where the machine computes in it, else
    float32, which is then the faster by far.
    """

    kind: Literal["small"] = "small"
    device: Literal["cpu", "cuda"] = "cpu"
    dtype: Literal["auto", "bfloat16", "float16", "float32"] = "auto"
    most_tokens: int = 2048
    blocks: int | None = 64
    batch_tokens: int = 256
    most_running: int = 16
    threads: int = 0


class Adapters(Written):
    """LoRA adapters: every folder in `folder` is one, named after it. Where they `may_change`, those that
    come and go in it are loaded and unloaded without a restart, and so are those asked for over vLLM's
    routes."""

    folder: str = "/mnt/adapter"
    most_rank: int = 64
    may_change: bool = False


class Benchmark(Written):
    """The measurement after the start. `seconds` 0 leaves it out."""

    seconds: float = 60
    prompt_tokens: int = 2048
    answer_tokens: int = 256


class ServingConfig(Written):
    """Everything a serving container is told. `user_config` is the person's own inference_config.yaml, whose
    `vllm:` map overrides `arguments`, as in KAITO; `waiting` is how many requests may wait before another is
    answered 429; `drain_seconds` is how long answers in flight may take to finish after SIGTERM;
    `termination_log` is where the reason of a failure is left, in a pod."""

    api_version: Literal["runtime.towline.dev/v1alpha1"] = "runtime.towline.dev/v1alpha1"
    kind: Literal["ServingConfig"] = "ServingConfig"
    model: Model
    engine: Vllm | Small = Field(discriminator="kind")
    adapters: Adapters = Adapters()
    benchmark: Benchmark = Benchmark()
    user_config: str = ""
    host: str = "0.0.0.0"  # noqa: S104  the pod's own address, which is not known beforehand
    port: int = 5000
    waiting: int = 64
    drain_seconds: float = 30
    termination_log: str = "/dev/termination-log"
