"""What is known of one model: its weights, its attention, and how the runtimes are to start it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GIB = 2**30
ROOM_BESIDE_WEIGHTS_GIB = 80


@dataclass(frozen=True, slots=True)
class Attention:
    """The sizes that decide how much memory a token of context takes. `kind`: MHA, GQA, MQA or MLA."""

    kind: str
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    hidden_size: int
    kv_lora_rank: int | None = None
    qk_rope_head_dim: int | None = None

    @property
    def bytes_per_token(self) -> int:
        """Bytes of key-value cache a token takes over all layers, at 2 bytes an element.

        MLA keeps one latent a layer (rank + rotary part, DeepSeek-V2 paper section 2.1); every other kind
        keeps a key and a value for each of its key-value heads.
        """
        if self.kind == "MLA":
            return 2 * self.layers * ((self.kv_lora_rank or 0) + (self.qk_rope_head_dim or 0))
        return 2 * self.layers * 2 * self.kv_heads * self.head_dim


@dataclass(frozen=True, slots=True)
class Quantization:
    """How the weights were made smaller; `bits` where the repository states them."""

    method: str
    bits: int | None = None


@dataclass(frozen=True, slots=True)
class Vllm:
    """What vLLM has to be told of this model; None means vLLM's own default."""

    dtype: str
    load_format: str = "auto"
    config_format: str = "auto"
    tokenizer_mode: str = "auto"
    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    chat_template: str | None = None
    kv_cache_dtype: str | None = None
    gdn_prefill_backend: str | None = None
    expert_parallel: bool = False
    flashinfer_autotune: bool = True


@dataclass(frozen=True, slots=True)
class Transformers:
    """What the Transformers runtime has to be told of this model."""

    torch_dtype: str
    chat_template: str | None = None
    trust_remote_code: bool = False
    allow_remote_files: bool = False


@dataclass(frozen=True, slots=True)
class Tuning:
    """How this model is fine-tuned. `disk_gib` and `memory_figure_gib` are KAITO's own figures, which nothing
    checks; `weights_image` is where KAITO's container reads the base model, None where it cannot."""

    methods: tuple[str, ...]
    disk_gib: float | None
    memory_figure_gib: float | None
    weights_image: str | None


@dataclass(frozen=True, slots=True)
class Preset:
    """One model. `weights_gib` counts the weight files; `gated` is None where it is not known.

    `hybrid_cache`: some layers keep a windowed key-value cache or none, so ours is an upper bound.
    """

    name: str
    aliases: tuple[str, ...]
    source: str
    revision: str | None
    license: str | None
    gated: bool | None
    gated_confidence: str
    architectures: tuple[str, ...]
    weights_gib: float
    token_limit: int
    quantization: Quantization | None
    attention: Attention
    runtimes: tuple[str, ...]
    vllm: Vllm
    transformers: Transformers | None = None
    tuning: Tuning | None = None
    requires_cuda_toolkit: bool = False
    requires_deepgemm: bool = False
    hybrid_cache: bool = False
    kv_offload_disabled: bool = False

    @property
    def short_name(self) -> str:
        """The lower-case last part of the name, which serves as the model's name towards clients."""
        return self.name.rsplit("/", 1)[-1].lower()

    @property
    def weight_bytes(self) -> int:
        """Bytes of the weight files, rounded up."""
        return math.ceil(self.weights_gib * GIB)

    @property
    def disk_gib(self) -> int:
        """GiB of disk a node needs for this model. Source: KAITO v0.12, weights plus 80."""
        return int(self.weights_gib + ROOM_BESIDE_WEIGHTS_GIB)

    @property
    def startup_seconds(self) -> float:
        """Seconds a pod may take to load: 15 min and 18 s a GiB, 30 to 180 min. Source: KAITO v0.12."""
        return min(max(900 + 18 * self.weights_gib, 1800), 10800)


def read_preset(document: Mapping[str, Any]) -> Preset:
    """One file of presets/models. A key we do not know is our own mistake and raises."""
    rest = dict(document)
    gated = rest.pop("gated") or {"answer": None, "confidence": "none"}
    quantization = rest.pop("quantization")
    transformers, tuning = rest.pop("transformers", None), rest.pop("tuning", None)
    return Preset(
        gated=gated["answer"],
        gated_confidence=gated["confidence"],
        quantization=Quantization(**quantization) if quantization else None,
        attention=_attention(rest.pop("attention")),
        vllm=Vllm(**rest.pop("vllm")),
        transformers=Transformers(**transformers) if transformers else None,
        tuning=Tuning(**{**tuning, "methods": tuple(tuning["methods"])}) if tuning else None,
        aliases=tuple(rest.pop("aliases")),
        architectures=tuple(rest.pop("architectures")),
        runtimes=tuple(rest.pop("runtimes")),
        **rest,
    )


def _attention(document: Mapping[str, Any]) -> Attention:
    rest = {key: value for key, value in document.items() if key != "bytes_per_token"}
    rest.setdefault("head_dim", rest["hidden_size"] // rest["heads"])
    return Attention(**rest)
