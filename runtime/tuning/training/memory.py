"""Whether a batch fits: tried on the device with the longest rows there are, forward and backward."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

from runtime.tuning.training.agreement import agree
from runtime.tuning.training.batch import Batch
from runtime.tuning.training.choices import Choices
from runtime.tuning.training.machine import Machine

_ROOM = 0.92  # of the memory; the rest is for what a step needs beside this, and for holes between


def probe_of(trainer: Any, choices: Choices, machine: Machine, longest: int) -> Callable[[Batch], bool]:
    """A question to be asked of every process alike: it fits where it fits on all of them.

    A CPU is not asked: it has no wall to run into, and `tokens_at_once` keeps its batches small.
    """
    if machine.device == "cpu":
        return lambda _: True
    return lambda batch: not agree((not _fits(trainer, batch, choices, machine, longest),), "cuda")[0]


def _fits(trainer: Any, batch: Batch, choices: Choices, machine: Machine, longest: int) -> bool:
    import torch
    from accelerate.utils.memory import should_reduce_batch_size  # type: ignore[import-untyped]

    model = trainer.model
    _checkpoint(model, batch.checkpointing)
    torch.cuda.reset_peak_memory_stats()
    try:
        _step(trainer, batch, choices, longest)
        return bool(torch.cuda.max_memory_allocated() <= machine.memory_bytes * _ROOM)
    except RuntimeError as full:
        if not should_reduce_batch_size(full):
            raise
        return False
    finally:
        model.zero_grad(set_to_none=True)
        gc.collect()
        torch.cuda.empty_cache()


def _step(trainer: Any, batch: Batch, choices: Choices, longest: int) -> None:
    """One forward and backward as TRL does it, and room for the optimizer's two moments in float32."""
    import torch

    model, device = trainer.model.train(), trainer.args.device
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    moments = torch.empty(2 * trained, dtype=torch.float32, device=device)
    vocabulary = trainer.model.config.get_text_config().vocab_size
    tokens = torch.randint(0, vocabulary, (batch.rows, longest), device=device)
    inputs: dict[str, Any] = {"input_ids": tokens, "labels": tokens}
    if choices.end_to_end:
        places = torch.arange(longest, device=device).repeat(batch.rows).unsqueeze(0)
        inputs = {name: rows.reshape(1, -1) for name, rows in inputs.items()} | {"position_ids": places}
    with trainer.accelerator.autocast():
        found = model(**inputs, use_cache=False, fused_lm_head=True)
        loss = -found.log_probs.sum() / tokens.numel()
    loss.backward()
    del moments


def _checkpoint(model: Any, wanted: bool) -> None:
    if wanted:
        model.gradient_checkpointing_enable()
        model.enable_input_require_grads()
    else:
        model.gradient_checkpointing_disable()
