"""How many rows go through the model at once: the ways to try, best first, and the first that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from runtime.tuning.faults import TooLarge
from runtime.tuning.training.choices import Choices

_ENOUGH_TOKENS = 2048  # a GPU is busy with this many; below, checkpointing costs less than smaller batches


@dataclass(frozen=True)
class Batch:
    """`rows` at once, `times` of them a step: rows × times is what the person asked for."""

    rows: int
    times: int
    checkpointing: bool


def ways(choices: Choices, longest: int, most_rows: int = 0) -> Iterator[Batch]:
    """The batches to try for rows of at most `longest` tokens. First without checkpointing while the device
    stays busy, then with it, then whatever is left. `most_rows` bounds them (0: no bound)."""
    sizes = [n for n in range(choices.rows, 0, -1) if choices.rows % n == 0]
    fitting = [n for n in sizes if _is_within(n, longest, choices.tokens_at_once)] or [1]
    bounded = [n for n in fitting if not most_rows or n <= most_rows] or [1]
    halves = _halving(bounded)

    def batch(rows: int, checkpointing: bool) -> Batch:
        return Batch(rows, choices.rows // rows, checkpointing)

    if choices.checkpointing is not None:
        yield from (batch(n, choices.checkpointing) for n in halves)
        return
    busy = [n for n in halves if n * longest >= _ENOUGH_TOKENS] or halves[:1]
    yield from (batch(n, False) for n in busy)
    yield from (batch(n, True) for n in halves)


def first_that_fits(candidates: Iterator[Batch], fits: Callable[[Batch], bool]) -> Batch:
    """The first batch for which `fits`; raises TooLarge where not even the last does."""
    tried: Batch | None = None
    for tried in candidates:
        if fits(tried):
            return tried
    raise TooLarge(
        "not even one row fits into the GPU's memory: take a GPU with more, method qlora, or a smaller "
        "TrainingArguments.max_length"
        + ("" if tried and tried.checkpointing else ", or leave gradient_checkpointing unsaid")
    )


def _is_within(rows: int, longest: int, bound: int) -> bool:
    return not bound or rows * longest <= bound


def _halving(sizes: list[int]) -> list[int]:
    """The largest, then each time the largest of at most half."""
    kept = [sizes[0]]
    while rest := [n for n in sizes if n * 2 <= kept[-1]]:
        kept.append(rest[0])
    return kept
