"""Where the adapter goes: into a registry or onto a volume. Whatever happens, it stays in the work folder."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from runtime.artifacts import push_adapter
from runtime.artifacts.faults import NoSpace
from runtime.tuning.document import FolderOutput, ImageOutput, TuningConfig
from runtime.tuning.log import tell
from runtime.tuning.result.trained import Trained
from runtime.tuning.work_folder import MARKER, WorkFolder

_COMPLETE = "fine-tuning completed\n"


def deliver(document: TuningConfig, folder: WorkFolder, trained: Trained) -> str:
    """Deliver, or see that what was delivered before is still there; the digest of the image, or empty. Both
    ways of delivering change nothing where the same adapter lies already. Raises Mistaken or Passing."""
    match document.output:
        case ImageOutput() as output:
            digest = _push(output, folder.adapter, trained)
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
