"""Where the adapter goes: into a registry or onto a volume. Whatever happens, it stays in the work folder;
and because that folder may go with the pod, a registry that does not take it is asked again for hours.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from runtime.artifacts import Fault, push_adapter, require_pushable
from runtime.artifacts.faults import Damaged, Malformed, Mistaken, NoSpace, Passing
from runtime.tuning.document import FolderOutput, ImageOutput, TuningConfig
from runtime.tuning.log import tell
from runtime.tuning.result.trained import Trained
from runtime.tuning.work_folder import MARKER, WorkFolder

_COMPLETE = "fine-tuning completed\n"
_HOPELESS = (Malformed, Damaged)
"""What no time mends. A login, a right or a repository that lacks can be given while we wait."""
_PAUSES = (15.0, 30.0, 60.0, 120.0, 300.0)
"""Seconds between one try and the next, the last again and again; each try is patient for a minute itself."""


@dataclass(frozen=True)
class Waiting:
    """How long to go on trying (seconds), whom to tell why, and the clock and the pause for it."""

    seconds: float
    tell: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    pause: Callable[[float], None] = time.sleep


def foresee(document: TuningConfig) -> str:
    """See, before hours of training, that the adapter can be delivered; gives why that cannot be known now,
    or empty. Raises Mistaken."""
    match document.output:
        case ImageOutput() as output:
            try:
                require_pushable(output.image, docker_config=output.docker_config, insecure=output.insecure)
            except Passing as fault:
                return str(fault)
        case FolderOutput() as output:
            _require_writable(Path(output.path))
    return ""


def deliver(document: TuningConfig, folder: WorkFolder, trained: Trained, waiting: Waiting) -> str:
    """Deliver, or see that what was delivered before is still there; the digest of the image, or empty. Both
    ways of delivering change nothing where the same adapter lies already. Raises Mistaken or Passing."""
    match document.output:
        case ImageOutput() as output:
            digest = until_taken(partial(_push, output, folder.adapter, trained), waiting)
            where = f"{output.image}@{digest}"
        case FolderOutput() as output:
            digest = ""
            where = output.path
            _copy(folder.adapter, Path(output.path))
    before = _delivered(folder)
    tell("delivered", to=where, again=True if before == where else None)
    folder.delivered.write_text(json.dumps({"to": where}), encoding="utf-8")
    folder.marker.write_text(_COMPLETE, encoding="utf-8")
    return digest


def until_taken(push: Callable[[], str], waiting: Waiting) -> str:
    """Push until it is taken, the time is up, or time cannot help. Raises what ended the last try."""
    until, tries = waiting.clock() + waiting.seconds, 0
    while True:
        try:
            return push()
        except _HOPELESS:
            raise
        except Fault as fault:
            left = until - waiting.clock()
            if left <= 0:
                raise
            seconds = min(_PAUSES[min(tries, len(_PAUSES) - 1)], left)
            waiting.tell(f"{fault} The adapter is kept and pushed again, for {_spelled(left)} more.")
        waiting.pause(seconds)
        tries += 1


def image_annotations(trained: Trained) -> dict[str, str]:
    """What the image's manifest says of the adapter in it."""
    from runtime.artifacts.oci.push import DATA_SHA256, MODEL_NAME, MODEL_REVISION

    said = {
        MODEL_NAME: trained.base,
        MODEL_REVISION: trained.revision,
        DATA_SHA256: trained.data_digest.removeprefix("sha256:"),
        "org.opencontainers.image.title": trained.workspace,
    }
    return {name: value for name, value in said.items() if value}


def _push(output: ImageOutput, adapter: Path, trained: Trained) -> str:
    return push_adapter(
        adapter,
        output.image,
        docker_config=output.docker_config,
        insecure=output.insecure,
        annotations=image_annotations(trained),
    )


def _spelled(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{max(1, round(seconds / 60))} minutes"


def _require_writable(target: Path) -> None:
    probe = target / f".{MARKER}.part"
    try:
        target.mkdir(parents=True, exist_ok=True)
        probe.write_text(_COMPLETE, encoding="utf-8")
        probe.unlink()
    except OSError as bad:
        raise Mistaken(f"the adapter could not be written to {target}: {bad.strerror}") from bad


def _copy(adapter: Path, target: Path) -> None:
    """Each file whole or not at all, the sign that all are there last."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        for file in sorted(adapter.iterdir()):
            draft = target / f".{file.name}.part"
            shutil.copyfile(file, draft)
            draft.chmod(0o644)
            draft.replace(target / file.name)
        (target / MARKER).write_text(_COMPLETE, encoding="utf-8")
        os.sync()
    except OSError as bad:
        raise NoSpace(
            f"the adapter cannot be written to {target}: {bad.strerror}; it is kept in {adapter}"
        ) from bad


def _delivered(folder: WorkFolder) -> str:
    if not folder.delivered.exists():
        return ""
    return str(json.loads(folder.delivered.read_text(encoding="utf-8")).get("to", ""))
