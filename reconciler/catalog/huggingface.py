"""A preset for any Hugging Face repository, read out of its config.json and its list of files. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .preset import GIB, Attention, Preset, Quantization
from .rules import Rules

SENSELESS = 2**31
"""From here on a number in a configuration is no size of a model."""


@dataclass(frozen=True, slots=True)
class HubFacts:
    """One repository at one commit: config.json (or params.json), and the bytes of each file by path."""

    name: str
    revision: str
    config: Mapping[str, Any]
    files: Mapping[str, int]
    license: str | None = None
    gated: bool | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The preset, or the problems why there is none; `doubts` say what was assumed."""

    preset: Preset | None
    problems: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


def read_model(facts: HubFacts, rules: Rules) -> Reading:
    """The preset of a repository outside the catalog; what its files lack is a problem, nothing raises."""
    config = _flattened(facts.config, rules)
    paths, mistral = _weight_files(facts.files)
    attention = _attention(config, rules)
    problems = _problems(facts.name, paths, attention)
    if problems or attention is None:
        return Reading(None, problems)
    return Reading(
        _preset(facts, rules, attention, _weights(facts, paths), mistral), (), _doubts(facts, rules)
    )


def _preset(facts: HubFacts, rules: Rules, attention: Attention, weights_gib: float, mistral: bool) -> Preset:
    architectures = _architectures(facts.config)
    short_name = facts.name.rsplit("/", 1)[-1].lower()
    quantization = _quantization(_flattened(facts.config, rules))
    deepgemm = not rules.deepgemm_architectures.isdisjoint(architectures)
    no_offload = rules.hybrid_cache_architectures | rules.no_cache_offload_architectures
    return Preset(
        name=facts.name,
        aliases=(),
        source=f"https://huggingface.co/{facts.name}",
        revision=facts.revision,
        license=facts.license,
        gated=facts.gated,
        gated_confidence="none" if facts.gated is None else "high",
        architectures=architectures,
        weights_gib=weights_gib,
        token_limit=_token_limit(facts.config, rules) or rules.default_token_limit,
        quantization=quantization,
        attention=attention,
        runtimes=("vllm",),
        vllm=rules.vllm(short_name, architectures, quantized=quantization is not None, mistral=mistral),
        requires_cuda_toolkit=deepgemm or short_name in rules.cuda_toolkit_names,
        requires_deepgemm=deepgemm,
        hybrid_cache=not rules.hybrid_cache_architectures.isdisjoint(architectures),
        kv_offload_disabled=not no_offload.isdisjoint(architectures),
    )


def _flattened(config: Mapping[str, Any], rules: Rules) -> dict[str, Any]:
    """The config with the keys of its nested language model, where the top lacks them."""
    flat = dict(config)
    for part in rules.nested_configs:
        nested = config.get(part)
        for key, value in nested.items() if isinstance(nested, Mapping) else ():
            if flat.get(key) is None:
                flat[key] = value
    return flat


def _number(config: Mapping[str, Any], rules: Rules, word: str) -> int | None:
    for spelling in rules.config_keys[word]:
        value = config.get(spelling)
        if isinstance(value, int) and not isinstance(value, bool) and 0 < value < SENSELESS:
            return value
    return None


def _token_limit(config: Mapping[str, Any], rules: Rules) -> int | None:
    return _number(_flattened(config, rules), rules, "token_limit")


def _attention(config: Mapping[str, Any], rules: Rules) -> Attention | None:
    words = {word: _number(config, rules, word) for word in rules.config_keys}
    layers, heads, hidden = words["layers"], words["heads"], words["hidden_size"]
    if layers is None or heads is None or hidden is None:
        return None
    kv_heads = words["kv_heads"] or (1 if config.get("multi_query") is True else heads)
    return Attention(
        kind=_kind(heads, kv_heads, words["kv_lora_rank"]),
        layers=layers,
        heads=heads,
        kv_heads=kv_heads,
        head_dim=words["head_dim"] or hidden // heads,
        hidden_size=hidden,
        kv_lora_rank=words["kv_lora_rank"],
        qk_rope_head_dim=words["qk_rope_head_dim"],
    )


def _kind(heads: int, kv_heads: int, latent: int | None) -> str:
    if latent:
        return "MLA"
    if kv_heads == 1:
        return "MQA"
    return "MHA" if heads == kv_heads else "GQA"


def _weight_files(files: Mapping[str, int]) -> tuple[tuple[str, ...], bool]:
    """The weight files, and whether they are Mistral's own.

    Source: KAITO v0.12 counts consolidated*.safetensors, else *.safetensors, else *.bin.
    """
    safe = tuple(path for path in files if path.endswith(".safetensors"))
    consolidated = tuple(path for path in safe if path.rsplit("/", 1)[-1].startswith("consolidated"))
    if consolidated:
        return consolidated, True
    return safe or tuple(path for path in files if path.endswith(".bin")), False


def _weights(facts: HubFacts, paths: tuple[str, ...]) -> float:
    """GiB, rounded up to two decimals."""
    return math.ceil(sum(facts.files[path] for path in paths) / GIB * 100) / 100


def _quantization(config: Mapping[str, Any]) -> Quantization | None:
    block = config.get("quantization_config") or config.get("quantization")
    if not isinstance(block, Mapping):
        return None
    method, bits = _method(block), block.get("bits")
    return Quantization(method, bits if isinstance(bits, int) else None)


def _method(block: Mapping[str, Any]) -> str:
    spellings = ("quant_method", "format", "quant_algo", "qformat_weight")
    return str(next((block[key] for key in spellings if block.get(key)), "unknown"))


def _architectures(config: Mapping[str, Any]) -> tuple[str, ...]:
    found = config.get("architectures")
    return tuple(name for name in found if isinstance(name, str)) if isinstance(found, list) else ()


def _problems(name: str, paths: tuple[str, ...], attention: Attention | None) -> tuple[str, ...]:
    problems = []
    if not paths:
        problems.append(f"{name} has no weight files (*.safetensors or *.bin)")
    if attention is None:
        problems.append(
            f"the configuration of {name} does not say how many layers, heads or hidden units it has"
        )
    return tuple(problems)


def _doubts(facts: HubFacts, rules: Rules) -> tuple[str, ...]:
    doubts = []
    architectures = _architectures(facts.config)
    if not architectures:
        doubts.append(f"{facts.name} names no architecture; whether vLLM serves it shows when it starts")
    elif rules.known_architectures.isdisjoint(architectures):
        named = ", ".join(architectures)
        doubts.append(f"we do not know the architecture {named}; whether vLLM serves it shows when it starts")
    if _token_limit(facts.config, rules) is None:
        doubts.append(
            f"{facts.name} states no context length; {rules.default_token_limit:,} tokens are assumed"
        )
    return tuple(doubts)
