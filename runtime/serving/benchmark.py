"""The measurement after the start, over HTTP, the same for every engine.

One long prompt finds the context that fits; then clients ask for so many seconds as fast as they are
answered. Two lines come of it: TOWLINE_BENCHMARK_RESULT with our figures and KAITO_BENCHMARK_RESULT with
those KAITO's controller reads (KAITO v0.12, presets/workspace/inference/vllm).
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from statistics import fmean, median

from runtime.serving.bench_client import Asking, Sample, ask, context_limit, is_healthy
from runtime.serving.document import Benchmark

RESULT = "TOWLINE_BENCHMARK_RESULT "
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


def measure(asking: Asking, wish: Benchmark, clients: int) -> Figures | None:
    """Ask for `wish.seconds` with so many clients (0: as many as make sense); None when nothing was
    answered."""
    limit = context_limit(asking)
    context = fitting_context(asking, limit)
    prompt, answer = lengths(wish, limit)
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
        if sample is not None and sample.whole:
            return sample.prompt + sample.answer
        length //= 2
    return 0


def summarise(samples: list[Sample | None], seconds: float, clients: int, context: int) -> Figures | None:
    """The figures of one run. None among the samples is a request that failed."""
    seen = [sample for sample in samples if sample is not None and sample.answer]
    if not seen:
        return None
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
        failed=sum(sample is None for sample in samples),
        clients=clients,
        seconds=round(seconds, 2),
    )


def _under_load(asking: Asking, prompt: int, answer: int, clients: int, until: float) -> list[Sample | None]:
    """Each client asks again as soon as it is answered. What is unfinished at the end counts as far as it
    came."""
    samples: list[Sample | None] = []
    lock = threading.Lock()

    def client(number: int) -> None:
        turn = 0
        while time.monotonic() < until:
            sample = ask(asking, prompt, answer, seed=number * 100_003 + turn, until=until)
            with lock:
                samples.append(sample)
            turn += 1
            if sample is None:
                time.sleep(LOOK_SECONDS)

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(client, range(clients)))
    return samples


def _say(head: str, facts: dict[str, object]) -> None:
    sys.stdout.write(head + json.dumps(facts) + "\n")
    sys.stdout.flush()


def _tell(figures: Figures) -> None:
    _say(RESULT, asdict(figures))
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
    figures = measure(asking, Benchmark.model_validate_json(wish), int(clients))
    if figures is None:
        return 1
    _tell(figures)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
