"""What a container says of itself, where it belongs in a workspace's own sentence.

Only what is recorded is told: the words change when there is news, not with every pass.
"""

from __future__ import annotations

from reconciler.domain.report import Health
from reconciler.domain.telemetry import Download, Telemetry, Training
from reconciler.planner.health.verdict import born, progressing
from reconciler.planner.tell.figures import bytes_words, download_words, loss_words
from reconciler.planner.tell.heard import training_words
from reconciler.planner.tell.readable import readable

from .asked import Asked
from .sight import Sight

_LOADING = frozenset({"ContainersNotReady", "Initializing"})
_BEFORE_STEPS = frozenset({"starting", "fetched", "checked", "loading"})
_ENDED = frozenset({"BackoffLimitExceeded", "PodFailurePolicy", "MaxFailedIndexesExceeded"})
"""Reasons of a failed Job that only say that its pods have failed; why, the container knows."""


def loading(asked: Asked, sight: Sight, telling: Health) -> Health | None:
    """How much has come of what the pod waits for; None where that is not known, or all of it is there."""
    download = sight.telemetry.download
    is_of_now = any(each.uid == sight.telemetry.pod for each in sight.pods)
    if telling.reason not in _LOADING or download is None or download.is_over or not is_of_now:
        return None
    what = "the tuning to start" if asked.tuning else "the model to load"
    return progressing(telling.reason, f"{what}: {_come(download)}")


def tuning(where: str, telemetry: Telemetry) -> str:
    """What a running tuning is at; before its first step, how much has come of what it needs."""
    training, download = telemetry.training, telemetry.download
    words = training_words(training) if training else ""
    if training and training.message:
        words += f" ({readable(training.message, 300)})"
    if download and not download.is_over and (training is None or training.state in _BEFORE_STEPS):
        words = ", ".join(filter(None, (words, _come(download))))
    return f"Tuning {where}: {words}" if words else f"Tuning {where}"


def tuned(model: str, training: Training | None) -> str:
    """What came of a tuning that succeeded."""
    facts = []
    if training and (loss := training.eval_loss if training.eval_loss is not None else training.loss):
        facts.append(f"{'eval loss' if training.eval_loss is not None else 'loss'} {loss_words(loss)}")
    if training and training.digest:
        facts.append(f"adapter {readable(training.digest)}")
    return f"{model} has been tuned: {'; '.join(facts)}" if facts else f"{model} has been tuned"


def why_it_failed(workload: Health, sight: Sight) -> str:
    """The container's own sentence, where the Job only knows that it failed."""
    training = sight.telemetry.training
    newest = max(sight.pods, key=lambda pod: born(pod.document), default=None)
    is_of_now = newest is None or newest.uid == sight.telemetry.pod
    has_said = is_of_now and training is not None and training.state == "failed" and training.message
    if not has_said or training is None or workload.reason not in _ENDED:
        return workload.message
    return readable(training.message, 600).rstrip(". ")


def _come(download: Download) -> str:
    speed = f" at {bytes_words(download.bytes_per_second)}/s" if download.bytes_per_second > 0 else ""
    so_far = "" if download.total_bytes > 0 else " so far"
    return f"{download_words(download)}{so_far}{speed}"
