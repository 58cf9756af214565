"""The measurement after the start, over HTTP, the same for every engine.

One long prompt finds the context that fits; then clients ask for so many seconds as fast as they are
answered. Two lines come of it: one of telemetry with our figures, or why there are none, and
KAITO_BENCHMARK_RESULT with those KAITO's controller reads (KAITO v0.12, presets/workspace/inference/vllm).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPException
from statistics import fmean, median

from runtime.serving.bench_client import (
    Answer,
    Asking,
    Sample,
    Unanswered,
    ask,
    context_limit,
    is_healthy,
)
from runtime.serving.document import Benchmark
from runtime.serving.telling import tell
from runtime.telemetry import Benchmark as Found
from runtime.telemetry import benchmark_line, say

KAITO_RESULT = "KAITO_BENCHMARK_RESULT "
KAITO_CONFIG = "KAITO_BENCHMARK_CONFIG "
MOST_CLIENTS = 32
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Figures:
    """What was found. Tokens a second are those written; `total_tokens_per_minute` counts those read as well;
    `context_tokens` is the longest sequence that was answered."""

    tokens_per_second: float
    total_tokens_per_minute: float
    ttft_p50_seconds: float
    ttft_avg_seconds: float
    tpot_avg_seconds: float
    context_tokens: int
    requests: int
    failed: int
    clients: int
    seconds: float


def measure(asking: Asking, wish: Benchmark, clients: int) -> Figures | Unanswered:
    """Ask for `wish.seconds` with so many clients (0: as many as make sense)."""
    try:
        limit = context_limit(asking)
    except (OSError, HTTPException, ValueError, LookupError) as error:
        return Unanswered(f"{asking.model} is not among the models that the server tells of ({error!r})")
    context = fitting_context(asking, limit)
    prompt, answer = lengths(wish, context or limit)
    many = clients or MOST_CLIENTS
    _say(
        KAITO_CONFIG,
        {"prompt_tokens": prompt, "output_tokens": answer, "concurrency": many, "seconds": wish.seconds},
    )
    began = time.monotonic()
    samples = _under_load(asking, prompt, answer, many, began + wish.seconds)
    return summarise(samples, time.monotonic() - began, many, context)


def lengths(wish: Benchmark, limit: int) -> tuple[int, int]:
    """Tokens of prompt and answer as wished, or as the limit leaves room for."""
    answer = max(1, min(wish.answer_tokens, limit // 2))
    return max(1, min(wish.prompt_tokens, limit - answer)), answer


def fitting_context(asking: Asking, limit: int) -> int:
    """The longest sequence that is answered, in tokens: the limit, or the largest half of it, quarter of
    it…"""
    length = limit
    while length > 1:
        sample = ask(asking, length - 1, 1, seed=length, until=None)
        if isinstance(sample, Sample) and sample.whole:
            return sample.prompt + sample.answer
        length //= 2
    return 0


def summarise(answers: list[Answer], seconds: float, clients: int, context: int) -> Figures | Unanswered:
    """The figures of one run, or why there are none."""
    seen = [sample for sample in answers if isinstance(sample, Sample) and sample.answer]
    refused = [answer for answer in answers if isinstance(answer, Unanswered)]
    if not seen:
        why = f"the last was told {refused[-1].why}" if refused else "not one token came in time"
        return Unanswered(f"none of {len(answers)} questions was answered in {seconds:.0f} seconds: {why}")
    written, read = sum(sample.answer for sample in seen), sum(sample.prompt for sample in seen)
    paces = [sample.writing / (sample.answer - 1) for sample in seen if sample.answer > 1]
    return Figures(
        tokens_per_second=round(written / seconds, 2),
        total_tokens_per_minute=round((written + read) / seconds * 60, 1),
        ttft_p50_seconds=round(median(sample.first for sample in seen), 4),
        ttft_avg_seconds=round(fmean(sample.first for sample in seen), 4),
        tpot_avg_seconds=round(fmean(paces), 5) if paces else 0.0,
        context_tokens=context,
        requests=len(seen),
        failed=len(refused),
        clients=clients,
        seconds=round(seconds, 2),
    )


def _under_load(asking: Asking, prompt: int, answer: int, clients: int, until: float) -> list[Answer]:
    """Each client asks again as soon as it is answered. What is unfinished at the end counts as far as it
    came."""
    samples: list[Answer] = []
    lock = threading.Lock()

    def client(number: int) -> None:
        turn = 0
        while time.monotonic() < until:
            sample = ask(asking, prompt, answer, seed=number * 100_003 + turn, until=until)
            with lock:
                samples.append(sample)
            turn += 1
            if isinstance(sample, Unanswered):
                time.sleep(LOOK_SECONDS)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return samples


def _say(head: str, facts: dict[str, object]) -> None:
    sys.stdout.write(head + json.dumps(facts) + "\n")
    sys.stdout.flush()


def _tell(figures: Figures) -> None:
    tell("measured", requests=figures.requests, failed=figures.failed, seconds=figures.seconds)
    say(
        benchmark_line(
            Found(
                tokens_per_second=figures.tokens_per_second,
                tokens_per_minute=figures.total_tokens_per_minute,
                ttft_seconds=figures.ttft_p50_seconds,
                tpot_seconds=figures.tpot_avg_seconds,
                context_tokens=figures.context_tokens,
                clients=figures.clients,
            )
        )
    )
    _say(
        KAITO_RESULT,
        {
            "vllm_total_tpm": figures.total_tokens_per_minute,
            "ttft_avg_ms": round(figures.ttft_avg_seconds * 1000, 2),
            "tpot_avg_ms": round(figures.tpot_avg_seconds * 1000, 2),
        },
    )


def main(arguments: list[str]) -> int:
    """ADDRESS MODEL BENCHMARK-AS-JSON CLIENTS; waits for the server, and ends when the one that started it
    does."""
    address, model, wish, clients = arguments
    parent = os.getppid()
    asking = Asking(address, model)
    while not is_healthy(asking):
        if os.getppid() != parent:
            return 1
        time.sleep(LOOK_SECONDS)
    found = measure(asking, Benchmark.model_validate_json(wish), int(clients))
    if isinstance(found, Unanswered):
        say(benchmark_line(Found(clients=int(clients) or MOST_CLIENTS, error=found.why)))
        return 1
    _tell(found)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
