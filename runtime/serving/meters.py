"""The figures /metrics tells. What vLLM also measures has vLLM's name and labels, so that one dashboard
serves both engines; the download has KAITO's names; the rest is towline_…"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from runtime.serving.download_meters import DownloadMeters

LABELS = ("model_name", "engine")
SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
FAST_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2.5)
TOKENS = (1, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000)


class Meters:
    """All figures of one process, in a registry of its own."""

    def __init__(self, model: str) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._labels = {"model_name": model, "engine": "0"}
        self.running = self._gauge("vllm:num_requests_running", "Requests being answered.")
        self.waiting = self._gauge("vllm:num_requests_waiting", "Requests waiting for their turn.")
        self.prompt_tokens = self._counter("vllm:prompt_tokens", "Tokens read.")
        self.answer_tokens = self._counter("vllm:generation_tokens", "Tokens written.")
        self.first_token = self._histogram(
            "vllm:time_to_first_token_seconds", "Until the first token.", SECONDS
        )
        self.between_tokens = self._histogram(
            "vllm:inter_token_latency_seconds", "From one token to the next.", FAST_SECONDS
        )
        self.whole_answer = self._histogram(
            "vllm:e2e_request_latency_seconds", "Until the last token.", SECONDS
        )
        self.queued = self._histogram("vllm:request_queue_time_seconds", "Spent waiting for a turn.", SECONDS)
        self.prompt_length = self._histogram("vllm:request_prompt_tokens", "Tokens of a prompt.", TOKENS)
        self.answer_length = self._histogram("vllm:request_generation_tokens", "Tokens of an answer.", TOKENS)
        self._count_requests()
        self._count_the_start()

    def _count_requests(self) -> None:
        self._finished = Counter(
            "vllm:request_success", "Answers finished.", (*LABELS, "finished_reason"), registry=self.registry
        )
        self._refused = Counter(
            "towline_requests_refused", "Requests refused, by status.", ("status",), registry=self.registry
        )
        self.cancelled = Counter(
            "towline_requests_cancelled", "Answers whose reader went away.", registry=self.registry
        )
        self.limited = Counter(
            "kaito_ratelimit_rejected", "Requests refused for a full queue.", registry=self.registry
        )

    def _count_the_start(self) -> None:
        self.download = DownloadMeters(self.registry)
        self.ready = self._plain("towline_ready", "1 once questions are answered.")
        self.ready_after = self._plain("towline_start_to_ready_seconds", "From the start until ready.")
        self.benchmark = Gauge(
            "towline_benchmark",
            "What the benchmark after the start found.",
            ("figure",),
            registry=self.registry,
        )

    def finished(self, reason: str) -> None:
        """One answer came to its end: stop or length."""
        self._finished.labels(**self._labels, finished_reason=reason).inc()

    def refused(self, status: int) -> None:
        """One request was refused with this HTTP status."""
        self._refused.labels(str(status)).inc()

    def _plain(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, registry=self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, LABELS, registry=self.registry).labels(**self._labels)

    def _counter(self, name: str, what: str) -> Counter:
        return Counter(name, what, LABELS, registry=self.registry).labels(**self._labels)

    def _histogram(self, name: str, what: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, what, LABELS, registry=self.registry, buckets=buckets).labels(**self._labels)
