"""What people write freely (a pod template, a volume source) must be something JSON can say."""

from __future__ import annotations

import math
from collections.abc import Iterator

from reconciler.domain.workspace import Workspace


def unsayable(manifest: Workspace) -> str:
    """The first freely written field with a number that is not finite; empty where all is well."""
    return next((field for field, value in _free(manifest) if not _is_plain(value)), "")


def _free(manifest: Workspace) -> Iterator[tuple[str, object]]:
    if manifest.inference:
        yield "inference.template", manifest.inference.template
        for index, adapter in enumerate(manifest.inference.adapters or ()):
            source = adapter.source and adapter.source.volume_source
            yield f"inference.adapters[{index}].source.volumeSource", source
    if manifest.tuning:
        yield "tuning.input.volumeSource", manifest.tuning.input and manifest.tuning.input.volume_source
        yield "tuning.output.volumeSource", manifest.tuning.output and manifest.tuning.output.volume_source


def _is_plain(value: object) -> bool:
    waiting = [value]
    while waiting:
        match waiting.pop():
            case dict() as mapping:
                waiting += mapping.values()
            case list() | tuple() as items:
                waiting += items
            case float() as number if not math.isfinite(number):
                return False
    return True
