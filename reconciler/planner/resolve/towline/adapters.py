"""LoRA adapters for Towline's containers: fetched by our own image, or a volume of the person's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.domain.finding import Finding
from reconciler.domain.workspace import Adapter, DataSource
from reconciler.planner.resolve.adapters import FOLDER, NAME
from reconciler.planner.resolve.blueprint import Container, Mount, Volume
from reconciler.planner.resolve.fetching import Fetched, volume_source
from reconciler.planner.resolve.subject import Subject

from .documents import FOLDER as DOCUMENTS
from .documents import Source
from .sources import image_source

DOCUMENT = Mount("document", DOCUMENTS, read_only=True)
_MOUNT = Mount("adapter-volume", FOLDER)


@dataclass(frozen=True, slots=True)
class Adapters:
    """What fetches and shows them, and the documents that say from where, by file name."""

    fetched: Fetched
    sources: Mapping[str, Source] = field(default_factory=dict)


def own_adapters(subject: Subject) -> Adapters | Finding:
    """All adapters, or the first that cannot be had."""
    inference = subject.manifest.inference
    declared = inference.adapters if inference else None
    if not declared:
        return Adapters(Fetched())
    whole = Adapters(Fetched(volumes=(Volume(_MOUNT.volume),), mounts=(_MOUNT,)))
    for index, adapter in enumerate(declared):
        one = _adapter(subject, adapter, index)
        if isinstance(one, Finding):
            return one
        whole = Adapters(whole.fetched + one.fetched, {**whole.sources, **one.sources})
    return whole


def _adapter(subject: Subject, adapter: Adapter, index: int) -> Adapters | Finding:
    field_ = f"inference.adapters[{index}].source"
    source = adapter.source or DataSource()
    if not source.name or not NAME.fullmatch(source.name):
        mend = "Name it with lower-case letters, digits, dots and dashes"
        return subject.error(f"{field_}.name", f"adapter {index + 1} has no usable name", mend)
    folder = f"{FOLDER}/{source.name}"
    if source.image:
        return _from_image(subject, source, index, folder)
    if source.volume_source:
        volume = Volume(f"adapter-{index}", source=volume_source(source.volume_source))
        return Adapters(Fetched((), (volume,), (Mount(volume.name, folder),)))
    message = f"adapter {source.name} comes from nowhere"
    return subject.error(field_, message, "Give it an image or a volumeSource")


def _from_image(subject: Subject, source: DataSource, index: int, folder: str) -> Adapters:
    use = f"adapter-{index}"
    told, login = image_source(subject, use, source.image or "", source.image_pull_secrets)
    file = f"{use}.yaml"
    container = Container(
        name=f"fetch-{use}",
        image=subject.own_image("serving"),
        command=("python", "-m", "runtime.artifacts"),
        args=(f"{DOCUMENTS}/{file}", folder, "adapter"),
        mounts=(DOCUMENT, _MOUNT, *login.mounts),
        message_policy="FallbackToLogsOnError",
    )
    return Adapters(Fetched((container,), login.volumes), {file: told})
