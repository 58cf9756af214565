"""How a repository outside the catalog is read: parsers by name and architecture, spellings of keys."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .preset import Vllm


@dataclass(frozen=True, slots=True)
class Choice:
    """A value chosen by the longest prefix of the short name, else by the first architecture that has one."""

    by_prefix: Mapping[str, str]
    by_architecture: Mapping[str, str] = field(default_factory=dict)
    not_for: frozenset[str] = frozenset()

    def of(self, short_name: str, architectures: tuple[str, ...] = ()) -> str | None:
        """The value for this model, or None where no rule speaks of it."""
        if short_name in self.not_for:
            return None
        for prefix in sorted(self.by_prefix, reverse=True):
            if short_name.startswith(prefix):
                return self.by_prefix[prefix]
        return next(
            (self.by_architecture[name] for name in architectures if name in self.by_architecture), None
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """The whole of presets/rules.yaml."""

    default_token_limit: int
    config_keys: Mapping[str, tuple[str, ...]]
    nested_configs: tuple[str, ...]
    choices: Mapping[str, Choice]
    expert_parallel_prefixes: tuple[str, ...]
    no_flashinfer_autotune_prefixes: tuple[str, ...]
    cuda_toolkit_names: frozenset[str]
    deepgemm_architectures: frozenset[str]
    hybrid_cache_architectures: frozenset[str]
    no_cache_offload_architectures: frozenset[str]
    known_architectures: frozenset[str]

    def vllm(
        self, short_name: str, architectures: tuple[str, ...], *, quantized: bool, mistral: bool
    ) -> Vllm:
        """What vLLM is told of a model; `mistral` where its weights are Mistral's consolidated files."""
        choose = {key: choice.of(short_name, architectures) for key, choice in self.choices.items()}
        tokenizer = choose.pop("tokenizer_mode")
        own_format = "mistral" if mistral else "auto"
        return Vllm(
            dtype="auto" if quantized else "bfloat16",
            load_format=own_format,
            config_format=own_format,
            tokenizer_mode=tokenizer or own_format,
            expert_parallel=short_name.startswith(self.expert_parallel_prefixes),
            flashinfer_autotune=not short_name.startswith(self.no_flashinfer_autotune_prefixes),
            **choose,
        )


def read_rules(document: Mapping[str, Any]) -> Rules:
    """The whole of presets/rules.yaml as one value."""
    return Rules(
        default_token_limit=document["default_token_limit"],
        config_keys={key: tuple(spellings) for key, spellings in document["config_keys"].items()},
        nested_configs=tuple(document["nested_configs"]),
        choices={key: _choice(block) for key, block in document.items() if _is_choice(block)},
        expert_parallel_prefixes=tuple(document["expert_parallel_prefixes"]),
        no_flashinfer_autotune_prefixes=tuple(document["no_flashinfer_autotune_prefixes"]),
        cuda_toolkit_names=frozenset(document["cuda_toolkit_names"]),
        deepgemm_architectures=frozenset(document["deepgemm_architectures"]),
        hybrid_cache_architectures=frozenset(document["hybrid_cache_architectures"]),
        no_cache_offload_architectures=frozenset(document["no_cache_offload_architectures"]),
        known_architectures=frozenset(document["known_architectures"]),
    )


def _is_choice(block: object) -> bool:
    return isinstance(block, dict) and "by_prefix" in block


def _choice(block: Mapping[str, Any]) -> Choice:
    return Choice(block["by_prefix"], block.get("by_architecture", {}), frozenset(block.get("not_for", ())))
