"""When what was heard is worth telling: a status commit should say something that a person would.

A tuning is told some 25 times in all, not once a pass.
"""

from __future__ import annotations

from math import floor

from reconciler.domain.moment import seconds_between
from reconciler.domain.telemetry import SILENCE, Download, Telemetry, Training

from .last_words import FINAL, ended_with
from .record import Record
from .speaker import Speaker

_STEPS = 20  # notches of a training: each 5 %
_TENTHS = 10  # notches of a download
_AT_LEAST_EVERY = 600.0  # seconds, while anything moves


def moved_on(speaker: Speaker, before: Record | None, heard: Telemetry, now: str) -> Record | None:
    """What to tell from now on; None where that is what is told already."""
    known = before.telemetry if before and before.telemetry.pod == speaker.uid else SILENCE
    said = Telemetry(
        speaker.uid,
        heard.download or known.download,
        heard.benchmark or known.benchmark,
        ended_with(heard.training or known.training, speaker.last_words),
    )
    if said == Telemetry(speaker.uid) or said == known:
        return None
    waited = seconds_between(before.at, now) if before else 0.0
    if known is not SILENCE and _notch(said) == _notch(known) and waited < _AT_LEAST_EVERY:
        return None
    return Record(speaker.workload.uid, now, said, speaker.revision)


def _notch(telemetry: Telemetry) -> tuple[object, ...]:
    return (_of_download(telemetry.download), telemetry.benchmark, _of_training(telemetry.training))


def _of_download(download: Download | None) -> tuple[object, ...]:
    if download is None:
        return ()
    total = download.total_bytes
    tenths = floor(_TENTHS * min(1.0, download.done_bytes / total)) if total else 0
    return (download.what, bool(total), tenths)


def _of_training(training: Training | None) -> tuple[object, ...]:
    """Of a training that goes on, that there is a message is news; which one it is, only at its end."""
    if training is None:
        return ()
    message = training.message if training.state in FINAL else bool(training.message)
    return (training.state, message, training.digest, floor(_STEPS * training.share + 1e-9), training.rows)
