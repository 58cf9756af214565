"""What several training processes decide together; with one process there is nobody to ask."""

from __future__ import annotations

from typing import Any


def agree(wishes: tuple[bool, ...], device: Any) -> tuple[bool, ...]:
    """For each wish, whether any process has it."""
    import torch
    import torch.distributed as dist

    if not dist.is_initialized():
        return wishes
    votes = torch.tensor(wishes, dtype=torch.int32, device=device)
    dist.all_reduce(votes, op=dist.ReduceOp.MAX)
    return tuple(bool(vote) for vote in votes.tolist())


def wait_for_all() -> None:
    """Go on once every process is here."""
    import torch.distributed as dist

    if dist.is_initialized():
        dist.barrier()
