"""What a log tells: the last word on each subject. What is no telemetry, or none that can be, is left out."""

from __future__ import annotations

from reconciler.domain.telemetry import Benchmark, Download, Telemetry, Training

from .facts import read_benchmark, read_download, read_training
from .values import Facts, amount, facts_of, section

_EVENT = "telemetry"
_KAITO_RESULT = "KAITO_BENCHMARK_RESULT"
_LONGEST_LINE = 1 << 16  # characters; a container's lines stay below 12 KiB


def read_words(text: str) -> Telemetry:
    """All that was said, of no pod yet. A benchmark in Towline's words tells more than in KAITO's."""
    download: Download | None = None
    benchmark: Benchmark | None = None
    training: Training | None = None
    kaito: Benchmark | None = None
    for line in reversed(text.split("\n")):
        if len(line) > _LONGEST_LINE:
            continue
        if facts := _telemetry(line):
            download = download or read_download(section(facts, "download") or {})
            benchmark = benchmark or read_benchmark(section(facts, "benchmark") or {})
            training = training or read_training(section(facts, "training") or {})
        elif _KAITO_RESULT in line:
            kaito = kaito or _kaito_benchmark(line)
    return Telemetry("", download, benchmark or kaito, training)


def _telemetry(line: str) -> Facts | None:
    if not line.startswith("{") or f'"{_EVENT}"' not in line:
        return None
    facts = facts_of(line)
    return facts if facts is not None and facts.get("event") == _EVENT else None


def _kaito_benchmark(line: str) -> Benchmark | None:
    """The tag, perhaps a moment, and JSON: tokens a minute, read and written, and milliseconds. -1 is what a
    benchmark that failed says of both (KAITO v0.12, presets/workspace/inference/vllm)."""
    facts = facts_of(line[line.find("{") :]) if "{" in line else None
    if facts is None or (speed := amount(facts.get("vllm_total_tpm"))) is None:
        return None
    if speed <= 0:
        return Benchmark(error="the benchmark found nothing")
    ttft, tpot = (amount(facts.get(key)) or 0.0 for key in ("ttft_avg_ms", "tpot_avg_ms"))
    return Benchmark(0.0, speed, max(0.0, ttft) / 1000, max(0.0, tpot) / 1000)
