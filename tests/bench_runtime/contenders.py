"""Who is measured: our serving of each engine, and beside it the engine bare, or another server of the same
library, told the same."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.bench_runtime.asking import Address
from tests.bench_runtime.group import Start
from tests.bench_runtime.plan import Plan
from tests.bench_runtime.servers import Contender, free_port

NAME = "bench"
CONTEXT = 2048
PAGE, PAGES, BATCH_TOKENS = 256, 64, 256
IGNORE_END = {"ignore_eos": True}
NO_END = {"generation_config": json.dumps({"eos_token_id": -1, "do_sample": False})}
"""The same for transformers' server, which refuses ignore_eos."""
VLLM = {
    "max-model-len": CONTEXT,
    "max-num-seqs": 16,
    "kv-cache-memory-bytes": 2**30,
    "shutdown-timeout": 30,
    "disable-access-log-for-endpoints": "/health,/metrics",
}


def vllm_pair(plan: Plan, folder: Path) -> tuple[Contender, Contender]:
    """vLLM in our container's process, and vLLM's own server with the very same options."""
    options = VLLM | ({"enforce-eager": True} if plan.device == "cpu" else {})
    words = [word for name, value in options.items() for word in _option(name, value)]
    port = free_port()
    argv = (
        *(sys.executable, "-m", "vllm.entrypoints.openai.api_server", "--model", str(plan.model)),
        *("--served-model-name", NAME, "--host", "127.0.0.1", "--port", str(port), *words),
    )
    ours = _ours(plan, folder, {"kind": "vllm", "arguments": options})
    return ours, Contender(Start(argv, folder / f"{port}.log"), Address(port, NAME, IGNORE_END))


def small_pair(plan: Plan, folder: Path) -> tuple[Contender, Contender]:
    """Our small engine, and the server that comes with transformers, on the same batching and cache."""
    engine = {
        "kind": "small",
        "device": plan.device,
        "dtype": plan.dtype,
        "blocks": PAGES,
        "batchTokens": BATCH_TOKENS,
    }
    port, model = free_port(), str(plan.model)
    argv = (
        *(sys.executable, "-m", "transformers.cli.transformers", "serve", model, "--continuous-batching"),
        *("--host", "127.0.0.1", "--port", str(port), "--device", plan.device, "--dtype", plan.dtype),
        *("--cb-block-size", str(PAGE), "--cb-num-blocks", str(PAGES)),
        *("--cb-max-batch-tokens", str(BATCH_TOKENS)),
    )
    cache = (("HF_HUB_CACHE", str(folder / "hub")),)
    peer = Contender(Start(argv, folder / f"{port}.log", cache), Address(port, model, NO_END))
    return _ours(plan, folder, engine), peer


def _ours(plan: Plan, folder: Path, engine: Mapping[str, Any]) -> Contender:
    port = free_port()
    document = {
        "model": {"servedName": NAME, "source": {"kind": "folder", "path": str(plan.model)}},
        "engine": engine,
        "adapters": {"folder": str(folder / "no-adapters")},
        "benchmark": {"seconds": 0},
        "host": "127.0.0.1",
        "port": port,
        "drainSeconds": VLLM["shutdown-timeout"],
        "terminationLog": str(folder / f"{port}.end"),
    }
    path = folder / f"{port}.json"
    path.write_text(json.dumps(document))
    argv = (sys.executable, "-m", "runtime.serving", str(path))
    return Contender(Start(argv, folder / f"{port}.log"), Address(port, NAME, IGNORE_END))


def _option(name: str, value: object) -> tuple[str, ...]:
    return (f"--{name}",) if value is True else (f"--{name}", str(value))
