"""Two servers asked in turn, round by round, and the figures of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.bench_runtime.asking import Round
from tests.bench_runtime.contenders import small_pair, vllm_pair
from tests.bench_runtime.figure import Figure
from tests.bench_runtime.plan import LEAST_ROUNDS, Level, Plan
from tests.bench_runtime.servers import MakePair, Pair, started


@dataclass(frozen=True, slots=True)
class Naming:
    """What the figures of one pair begin with, how the start is called, and who the peer is."""

    prefix: str
    start: str
    peer: str


VLLM = Naming("serve", "start_to_ready_s", "vLLM's own server, the same options")
SMALL = Naming("small", "small_start_to_ready_s", "transformers serve --continuous-batching")


def vllm_figures(plan: Plan, folder: Path) -> Iterator[Figure]:
    """Our serving of vLLM beside vLLM."""
    return _figures(VLLM, partial(vllm_pair, plan, folder), plan)


def small_figures(plan: Plan, folder: Path) -> Iterator[Figure]:
    """Our small engine beside transformers' server."""
    return _figures(SMALL, partial(small_pair, plan, folder), plan)


def _figures(naming: Naming, make: MakePair, plan: Plan) -> Iterator[Figure]:
    with started(make, plan.starts) as (pair, seconds):
        yield Figure(naming.start, "s", tuple(seconds), naming.peer)
        most = max(level.clients for level in plan.levels)
        for level in plan.levels:
            clients = "" if level.clients == most else f"_{level.clients}"
            yield from _level_figures(naming, clients, level, rounds(pair, level))
        short = rounds(pair, plan.short)
        against = f"{naming.peer}; answers of {plan.short.tokens} token, {plan.short.clients} clients"
        name = f"{naming.prefix}_requests_per_s"
        yield Figure(name, "1/s", _each(short, lambda one: one.requests_per_second), against)


def rounds(pair: Pair, level: Level) -> list[tuple[Round, Round]]:
    """Rounds of both, after one that does not count; they take turns in who is first, and both are asked the
    same."""
    ours, theirs = pair
    measured = list[tuple[Round, Round]]()
    until = time.monotonic() + level.seconds
    while len(measured) <= LEAST_ROUNDS or time.monotonic() < until:
        seed = len(measured)
        if seed % 2:
            first = ours.ask_round(level, seed)
            measured.append((first, theirs.ask_round(level, seed)))
        else:
            first = theirs.ask_round(level, seed)
            measured.append((ours.ask_round(level, seed), first))
    return measured[1:]


def _level_figures(
    naming: Naming, clients: str, level: Level, measured: list[tuple[Round, Round]]
) -> Iterator[Figure]:
    who = f"{naming.peer}; {level.clients} client{'s' if level.clients > 1 else ''}"
    prefix = f"{naming.prefix}{clients}"
    yield Figure(f"{prefix}_tokens_per_s", "1/s", _each(measured, lambda one: one.tokens_per_second), who)
    yield Figure(f"{prefix}_ttft_s", "s", _each(measured, lambda one: one.first_seconds), who)
    yield Figure(f"{prefix}_inter_token_s", "s", _each(measured, lambda one: one.gap_seconds), who)
    cpu = _each(measured, lambda one: one.cpu_per_answer)
    yield Figure(f"{prefix}_answer_cpu_s", "CPU s", cpu, who)


def _each(
    measured: list[tuple[Round, Round]], figure: Callable[[Round], float]
) -> tuple[tuple[float, float], ...]:
    return tuple((figure(ours), figure(theirs)) for ours, theirs in measured)
