"""The environment vLLM runs in: what it reads from there and nowhere else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from runtime.artifacts import Progress
from runtime.serving.document import ServingConfig, Vllm
from runtime.serving.vllm.ground import LOOPBACK, Ground

WAITING = "TOWLINE_WAITING"
"""How many requests may wait; read by waiting_room.py in each of vLLM's API processes."""
DOWNLOAD = "TOWLINE_DOWNLOAD"
"""The last that is known of the download of the weights; read by them too, for /metrics."""
RAY_PORT = 6379


def compose_environment(
    config: ServingConfig, ground: Ground, logging: Path, given: Mapping[str, str]
) -> Mapping[str, str]:
    """What to set, beside what the pod was `given`, which stays as it is but for what the engine depends on.

    `logging` is the file of vLLM's logging configuration. Sources: vllm/envs.py of 0.32.0.
    """
    assert isinstance(config.engine, Vllm)
    several = config.engine.spread.nodes > 1
    wished = {
        "VLLM_LOGGING_CONFIG_PATH": str(logging),
        "VLLM_WORKER_MULTIPROC_METHOD": "spawn",
        **({"RAY_ADDRESS": f"{ground.address}:{RAY_PORT}"} if several else {}),
    }
    needed = {
        "HF_HUB_OFFLINE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "DO_NOT_TRACK": "1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "VLLM_HOST_IP": ground.address if several else LOOPBACK,
        WAITING: str(config.waiting),
        **({"VLLM_ALLOW_RUNTIME_LORA_UPDATING": "1"} if config.adapters.may_change else {}),
    }
    return {key: value for key, value in wished.items() if not given.get(key)} | needed


def shown_download(fetched: Progress | None) -> Mapping[str, str]:
    """What to set so that vLLM's own /metrics shows what was `fetched`; nothing where nothing was."""
    return {} if fetched is None else {DOWNLOAD: json.dumps(asdict(fetched))}


def told_download(environment: Mapping[str, str]) -> Progress | None:
    """What `shown_download` set."""
    told = environment.get(DOWNLOAD)
    return Progress(**json.loads(told)) if told else None
