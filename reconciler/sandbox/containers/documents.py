"""What a container of ours reads, made to fit this machine: its paths, its port, its hub, and no GPU. Pure.

The fields are those of runtime/serving/document.py, runtime/tuning/document.py and
runtime/artifacts/document.py; what is written wrongly is left as it is, for the container to say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .places import Places

Document = dict[str, Any]

_NO_GPU = "sandbox: no GPU is used on this machine: "
_MOST_TOKENS = 2048
_SMALL = {
    "kind": "small",
    "device": "cpu",
    "dtype": "auto",
    "blocks": 64,
    "batchTokens": 256,
    "mostRunning": 4,
}
_VLLM = {"enforce-eager": True, "max-num-seqs": 16}
_NOT_ON_CPU = frozenset({"gpu-memory-utilization", "kv-cache-dtype", "cpu-offload-gb", "swap-space"})
_BENCHMARK = {"seconds": 8, "promptTokens": 32, "answerTokens": 64}
"""A load that a laptop bears while it is used."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a document is made to fit."""

    places: Places
    port: int
    message: str
    hub: str
    keeps_vllm: bool = False


def fitted(document: Document, fit: Fit) -> tuple[Document, str]:
    """The document as it can be followed here, and a sentence that says what is otherwise; "" for nothing."""
    here = _with_hub(fit.places.moved(document), fit.hub)
    match document.get("kind"):
        case "ServingConfig":
            return _serving({**here, **_listening(fit)}, keeps_vllm=fit.keeps_vllm)
        case "TuningConfig":
            return _tuning({**here, **_listening(fit)})
        case _:
            return here, ""


def repositories(value: Any) -> Iterator[str]:
    """The repositories that a document has fetched from the hub."""
    match value:
        case {"kind": "hub", "repository": str(name)}:
            yield name
        case dict():
            for inner in value.values():
                yield from repositories(inner)


def _listening(fit: Fit) -> Document:
    return {"host": "127.0.0.1", "port": fit.port, "terminationLog": fit.message}


def _with_hub(value: Any, hub: str) -> Any:
    """Every source that names no hub of its own is asked for at ours."""
    if not isinstance(value, dict):
        return value
    inner = {key: _with_hub(each, hub) for key, each in value.items()}
    return {"endpoint": hub, **inner} if value.get("kind") == "hub" else inner


def _serving(document: Document, *, keeps_vllm: bool) -> tuple[Document, str]:
    engine, benchmark = _mapping(document.get("engine")), _mapping(document.get("benchmark"))
    if benchmark.get("seconds"):
        shorter = {key: min(value, benchmark.get(key, value)) for key, value in _BENCHMARK.items()}
        document = {**document, "benchmark": {**benchmark, **shorter}}
    match engine.get("kind"), engine.get("device"):
        case "vllm", _ if keeps_vllm:
            return {**document, "engine": _vllm(engine)}, f"{_NO_GPU}vLLM serves on its CPU"
        case "vllm", _:
            return {**document, "engine": _small(engine)}, f"{_NO_GPU}the small engine serves in vLLM's place"
        case "small", "cuda":
            return {**document, "engine": _small(engine)}, f"{_NO_GPU}the engine works on its CPU"
        case _:
            return document, ""


def _vllm(engine: Mapping[str, Any]) -> Document:
    """Its options without those of a GPU, and no more than one process."""
    asked = _mapping(engine.get("arguments"))
    kept = {name: value for name, value in asked.items() if name not in _NOT_ON_CPU}
    return {
        "kind": "vllm",
        "arguments": {**kept, **_VLLM, "max-model-len": _length(asked.get("max-model-len"))},
    }


def _small(engine: Mapping[str, Any]) -> Document:
    return {**_SMALL, "mostTokens": _length(engine.get("mostTokens"))}


def _length(asked: Any) -> int:
    return min(asked, _MOST_TOKENS) if isinstance(asked, int) and asked > 0 else _MOST_TOKENS


def _tuning(document: Document) -> tuple[Document, str]:
    if document.get("device", "cuda") == "cpu":
        return document, ""
    return {**document, "device": "cpu", "processes": 1}, f"{_NO_GPU}it is tuned on its CPU, in one process"


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
