"""LoRA adapters below /mnt/adapter: each a folder by the adapter's name, from an image or a volume."""

from __future__ import annotations

import re

from reconciler.domain.finding import Finding
from reconciler.domain.workspace import Adapter, DataSource

from .blueprint import Env, Mount, Volume
from .fetching import Fetched, Pull, pull, volume_source
from .names import container_name
from .scripts import literal
from .subject import Subject

FOLDER = "/mnt/adapter"
_MOUNT = Mount("adapter-volume", FOLDER)
NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def fetch_adapters(subject: Subject) -> Fetched | Finding:
    """All adapters, or the first that cannot be had."""
    inference = subject.manifest.inference
    declared = inference.adapters if inference else None
    if not declared:
        return Fetched()
    whole = Fetched(volumes=(Volume(_MOUNT.volume),), mounts=(_MOUNT,))
    for index, adapter in enumerate(declared):
        fetched = _adapter(subject, adapter, index)
        if isinstance(fetched, Finding):
            return fetched
        whole += fetched
    return whole


def _adapter(subject: Subject, adapter: Adapter, index: int) -> Fetched | Finding:
    field = f"inference.adapters[{index}].source"
    source = adapter.source or DataSource()
    if not source.name or not NAME.fullmatch(source.name):
        mend = "Name it with lower-case letters, digits, dots and dashes"
        return subject.error(f"{field}.name", f"adapter {index + 1} has no usable name", mend)
    folder = f"{FOLDER}/{source.name}"
    strength = Fetched(env=(Env(source.name, literal(adapter.strength)),) if adapter.strength else ())
    if source.image:
        name = container_name("puller", source.name)
        wanted = Pull(name, source.image, folder, _MOUNT, source.image_pull_secrets or ())
        return pull(subject, wanted) + strength
    if source.volume_source:
        volume = Volume(f"adapter-{index}", source=volume_source(source.volume_source))
        return Fetched((), (volume,), (Mount(volume.name, folder),)) + strength
    message = f"adapter {source.name} comes from nowhere"
    return subject.error(field, message, "Give it an image or a volumeSource")
