"""What vLLM is told: the document, the adapters found and the person's own options, as its command line.

Pure: the same input gives the same arguments in the same order. Later words win: ours, then `arguments` of
the document, then `vllm:` of inference_config.yaml, as in KAITO.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.artifacts.faults import Mistaken
from runtime.serving.document import ServingConfig, Vllm
from runtime.serving.vllm.adapters import Found, rank_to_serve
from runtime.serving.vllm.ground import Ground
from runtime.serving.vllm.options import Option, listed, option_named, written
from runtime.serving.vllm.user_config import UserConfig

MIDDLEWARE = (
    "runtime.serving.vllm.waiting_room.WaitingRoom",
    "runtime.serving.vllm.chat_route.ChatRoute",
)
MOST_ADAPTERS_IN_A_BATCH = 4
ON_CPU = {"enforce-eager": True, "kv-cache-memory-bytes": 2**30}
"""Without a GPU: nothing is compiled, which takes half a minute, and memory (bytes) is left to others."""
OURS = {
    "model": "the weights the workspace names are served",
    "host": "the probes and the Service ask at the workspace's own address",
    "port": "the probes and the Service ask at the workspace's own port",
    "uds": "the probes and the Service ask at the workspace's own port",
    "config": "write its options here instead",
    "headless": "the nodes of a workspace are spread by the workspace",
    "grpc": "the API of a workspace is HTTP",
}
"""Options that would make a pod that never becomes ready, and why."""
RETIRED = {
    "swap-space": "vLLM swaps no more; see cpu-offload-gb and kv_cache_cpu_memory_utilization",
    "disable-log-requests": "requests are not logged unless enable-log-requests is set",
}
"""Options that KAITO's examples name and vLLM 0.32 knows no more: left out and told, not refused."""


@dataclass(frozen=True)
class Choice:
    """One option settled: its value, and where it was written, for a person."""

    option: Option
    value: object
    where: str


@dataclass(frozen=True)
class Arguments:
    """vLLM's command line, and what a person should know of how it came about."""

    words: tuple[str, ...]
    remarks: tuple[str, ...] = ()


def compose_arguments(
    config: ServingConfig,
    weights: Path,
    found: Found,
    user: UserConfig,
    ground: Ground,
    known: Mapping[str, Option],
) -> Arguments:
    """The whole command line, options in the order of their names. Raises Mistaken with one sentence."""
    assert isinstance(config.engine, Vllm)
    choices: dict[str, Choice] = {}
    remarks = [*_remarks(user)]
    for key, value in _ours(config, weights, found, user, ground).items():
        _settle(choices, Choice(option_named(key, known, "towline"), value, "towline"))
    for key, value in config.engine.arguments.items():
        _settle(choices, Choice(option_named(key, known, "engine.arguments"), value, "engine.arguments"))
    for key, value in user.vllm.items():
        if key.replace("_", "-") in RETIRED:
            remarks.append(f"{user.place(key)}: {key} is left out: {RETIRED[key.replace('_', '-')]}.")
            continue
        option = option_named(key, known, user.place(key))
        if option.name in OURS:
            raise Mistaken(f"{user.place(key)}: {option.name} is not yours to set: {OURS[option.name]}.")
        _settle(choices, Choice(option, value, user.place(key)))
    remarks += _capped(choices, config)
    ordered = sorted(choices.values(), key=lambda choice: choice.option.name)
    words = tuple(word for each in ordered for word in written(each.option, each.value, each.where))
    return Arguments(words, tuple(remarks))


def _ours(
    config: ServingConfig, weights: Path, found: Found, user: UserConfig, ground: Ground
) -> Mapping[str, Any]:
    """Our own options. The longest context that fits is found by vLLM itself (max-model-len auto)."""
    return {
        "model": str(weights),
        "served-model-name": [config.model.served_name],
        "host": config.host,
        "port": config.port,
        "max-model-len": "auto",
        "middleware": list(MIDDLEWARE),
        "shutdown-timeout": _drain(config),
        "disable-access-log-for-endpoints": "/health,/metrics",
        **({"chat-template": config.model.chat_template} if config.model.chat_template else {}),
        **(ON_CPU if ground.device == "cpu" else {}),
        **dict(_spread(config)),
        **dict(_adapters(config, found)),
        **dict(_cpu_cache(user, ground)),
    }


def _spread(config: ServingConfig) -> Iterator[tuple[str, Any]]:
    assert isinstance(config.engine, Vllm)
    spread = config.engine.spread
    sizes = {
        "tensor-parallel-size": spread.tensor,
        "pipeline-parallel-size": spread.pipeline,
        "data-parallel-size": spread.data,
    }
    yield from ((name, size) for name, size in sizes.items() if size > 1)
    if spread.nodes > 1:
        yield "distributed-executor-backend", "ray"
    if spread.nodes > 1 and spread.data > 1:
        yield "data-parallel-backend", "ray"
    if config.adapters.may_change:
        yield "api-server-count", 1  # several servers could not agree on which adapters are loaded


def _adapters(config: ServingConfig, found: Found) -> Iterator[tuple[str, Any]]:
    if not found.adapters and not config.adapters.may_change:
        return
    rank = rank_to_serve(found.adapters, config.adapters.most_rank, may_change=config.adapters.may_change)
    yield "enable-lora", True
    yield "max-lora-rank", rank
    expected = MOST_ADAPTERS_IN_A_BATCH if config.adapters.may_change else len(found.adapters)
    yield "max-loras", min(expected, MOST_ADAPTERS_IN_A_BATCH)
    if len(found.adapters) > MOST_ADAPTERS_IN_A_BATCH:
        yield "max-cpu-loras", len(found.adapters)
    if found.adapters:
        yield "lora-modules", [f"{each.name}={each.folder}" for each in found.adapters]


def _cpu_cache(user: UserConfig, ground: Ground) -> Iterator[tuple[str, Any]]:
    if user.cpu_cache_share and ground.device == "cuda":
        yield "kv-offloading-size", round(user.cpu_cache_share * ground.free_bytes / 2**30, 1)


def _drain(config: ServingConfig) -> int:
    """Whole seconds below the time a pod has to end; 0 would drop the answers in flight."""
    return max(1, int(config.drain_seconds))


def _settle(choices: dict[str, Choice], choice: Choice) -> None:
    """The later word wins; only what may be given many times is added to."""
    before = choices.get(choice.option.name)
    if before and choice.option.takes == "each" and choice.value is not None:
        choice = Choice(choice.option, [*listed(before.value), *listed(choice.value)], choice.where)
    choices[choice.option.name] = choice


def _capped(choices: dict[str, Choice], config: ServingConfig) -> Iterator[str]:
    """A drain longer than the pod may live would lose the answers it waits for."""
    asked = choices.get("shutdown-timeout")
    if asked and (not isinstance(asked.value, int) or not 1 <= asked.value <= _drain(config)):
        choices["shutdown-timeout"] = Choice(asked.option, _drain(config), "towline")
        yield f"{asked.where}: shutdown-timeout stays {_drain(config)}, the seconds a pod has for it."


def _remarks(user: UserConfig) -> Iterator[str]:
    if user.probes is not None:
        yield f"{user.name}: max_probe_steps changes nothing: vLLM finds the longest context that fits."
