"""The machine a training process finds itself on."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from runtime.tuning.faults import BadModel

_AMPERE = 8  # CUDA's major version of the first GPUs with bfloat16


@dataclass(frozen=True)
class Machine:
    """One process's view. `memory_bytes` and `capability` (CUDA's, 90 for 9.0) are of its own device, 0 on a
    CPU; `has_bfloat16`: it computes bfloat16 itself; `devices` are all that it sees."""

    device: Literal["cpu", "cuda"]
    name: str = "cpu"
    memory_bytes: int = 0
    capability: int = 0
    has_bfloat16: bool = False
    devices: int = 1
    flash_attention: bool = False
    rank: int = 0
    processes: int = 1

    @property
    def is_first(self) -> bool:
        """Whether this process tells and writes for all."""
        return self.rank == 0


def look(device: Literal["cpu", "cuda"]) -> Machine:
    """What there is. Raises BadModel where a GPU is asked for and none is seen."""
    rank, processes = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    if device == "cpu":
        return Machine("cpu", has_bfloat16=_has_bfloat16(), rank=rank, processes=processes)
    import torch

    if not torch.cuda.is_available():
        raise BadModel(
            "the document asks for device cuda, and no GPU is seen: check the node's driver and plugin"
        )
    seen = torch.cuda.get_device_properties(int(os.environ.get("LOCAL_RANK", "0")))
    return Machine(
        device="cuda",
        name=seen.name,
        memory_bytes=seen.total_memory,
        capability=seen.major * 10 + seen.minor,
        has_bfloat16=seen.major >= _AMPERE,
        devices=torch.cuda.device_count(),
        flash_attention=find_spec("flash_attn") is not None and seen.major >= _AMPERE,
        rank=rank,
        processes=processes,
    )


def _has_bfloat16() -> bool:
    """Whether this CPU has instructions for it; without, it is many times slower than float32."""
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return any(flag in flags for flag in ("avx512_bf16", "amx_bf16", " bf16"))
