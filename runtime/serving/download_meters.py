"""The download of the weights in /metrics, under KAITO's names where KAITO has one; the same before an engine
is up and while it serves."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge

from runtime.artifacts.progress import Progress


class DownloadMeters:
    """The figures of the last download, in bytes and seconds. Of several processes that tell them, which all
    say the same, one counts (`multiprocess_mode`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._speed = self._gauge(
            "kaito_model_download_speed_bytes_per_second", "Speed of the download of the weights."
        )
        self._remaining = self._gauge("kaito_model_download_remaining_seconds", "Until the weights are here.")
        self._done = self._gauge("towline_model_download_bytes", "Bytes of the weights that are here.")
        self._total = self._gauge("towline_model_download_total_bytes", "Bytes of the weights in all.")

    def show(self, progress: Progress) -> None:
        """How far it is."""
        self._speed.set(progress.bytes_per_second)
        self._remaining.set(progress.remaining_seconds or 0)
        self._done.set(progress.done_bytes)
        self._total.set(progress.total_bytes)

    def _gauge(self, name: str, what: str) -> Gauge:
        return Gauge(name, what, registry=self._registry, multiprocess_mode="max")
