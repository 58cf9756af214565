"""Weights in a folder to a model in memory, with a sentence for each way that can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from runtime.artifacts.faults import Mistaken
from runtime.serving.document import ServingConfig, Small
from runtime.serving.small.question import Sampling


@dataclass(frozen=True)
class Loaded:
    """A model with its tokenizer. `ends` are the tokens that end an answer; `context` is the longest sequence
    it was made for, in tokens; `vocabulary` counts its tokens; `sampling` is what its makers advise."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerFast
    ends: tuple[int, ...]
    context: int
    vocabulary: int
    sampling: Sampling


def load(config: ServingConfig, engine: Small, weights: Path) -> Loaded:
    """Read tokenizer and weights."""
    if engine.threads:
        torch.set_num_threads(engine.threads)
    if engine.device == "cuda" and not torch.cuda.is_available():
        raise Mistaken("engine.device is cuda, but torch sees no GPU here: give the pod a GPU, or say cpu.")
    tokenizer = _load_tokenizer(weights)
    if config.model.chat_template:
        tokenizer.chat_template = _read_template(config.model.chat_template)
    model = _load_model(engine, weights)
    ends = _ends(model.generation_config.eos_token_id, tokenizer.eos_token_id)
    shape = model.config.get_text_config()
    context = int(getattr(shape, "max_position_embeddings", 0) or engine.most_tokens)
    return Loaded(model, tokenizer, ends, context, int(shape.vocab_size), _advised(model.generation_config))


def fastest_dtype(device: str, capabilities: Mapping[str, object]) -> torch.dtype:
    """bfloat16 where the processor computes in it. Where it does not, torch emulates it at a third of the
    speed of float32, for half the memory."""
    native = ("avx512_bf16", "amx_bf16", "bf16", "sve_bf16", "arm_bf16")
    if device == "cuda" or any(capabilities.get(name) for name in native):
        return torch.bfloat16
    return torch.float32


def _load_tokenizer(weights: Path) -> PreTrainedTokenizerFast:
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(weights, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise Mistaken(f"The tokenizer in {weights} cannot be read: {_first_line(error)}") from error
    if not hasattr(tokenizer, "backend_tokenizer"):
        raise Mistaken(f"The tokenizer in {weights} has no tokenizer.json, which the small engine needs.")
    return tokenizer  # type: ignore[no-any-return]


def _load_model(engine: Small, weights: Path) -> PreTrainedModel:
    dtype = (
        fastest_dtype(engine.device, torch.cpu.get_capabilities())
        if engine.dtype == "auto"
        else getattr(torch, engine.dtype)
    )
    try:
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            weights, dtype=dtype, device_map={"": engine.device}, local_files_only=True
        )
    except SafetensorError as error:
        raise Mistaken(
            f"The weights in {weights} are broken or cut off ({error}): delete them, so that they are "
            "fetched again."
        ) from error
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise Mistaken(
            f"The model in {weights} does not fit into memory: ask for more, or serve less."
        ) from error
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise Mistaken(f"The model in {weights} cannot be loaded: {_first_line(error)}") from error
    return model


def _read_template(template: str) -> str:
    """A chat template is written in place, or is the path of a file."""
    if "{" in template or "\n" in template:
        return template
    try:
        return Path(template).read_text()
    except OSError as error:
        raise Mistaken(
            f"model.chatTemplate names {template}, which cannot be read: {error.strerror}."
        ) from error


def _ends(from_model: int | list[int] | None, from_tokenizer: int | None) -> tuple[int, ...]:
    ends = from_model if isinstance(from_model, list) else [from_model]
    return tuple(sorted({end for end in (*ends, from_tokenizer) if end is not None}))


def _advised(config: GenerationConfig) -> Sampling:
    """generation_config.json beside the weights, as vLLM takes it."""
    return Sampling(
        temperature=1.0 if config.temperature is None else float(config.temperature),
        top_p=1.0 if config.top_p is None else float(config.top_p),
        top_k=int(config.top_k or 0),
    )


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0]
