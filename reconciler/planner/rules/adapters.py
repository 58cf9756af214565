"""LoRA adapters served beside a model.

KAITO checks all of this only when a workspace is changed; an adapter it cannot serve is no better when
the workspace is new, so we always do.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import Adapter, DataSource, Inference

from .context import VLLM
from .flaw import Flaw, said
from .images import image
from .metadata import is_subdomain

MOST_ADAPTERS = 10


def adapters(served: Inference, runtime: str | None) -> Iterator[Flaw]:
    """All adapters. `runtime` is None where nothing is said of strength here: on a change, when KAITO does
    not look at it, and for Towline's own containers."""
    given = served.adapters or ()
    if len(given) > MOST_ADAPTERS:
        yield Flaw(
            ("inference", "adapters"),
            f"{len(given)} adapters; at most {MOST_ADAPTERS} are served",
            "remove some",
        )
    seen: dict[str, int] = {}
    for index, adapter in enumerate(given):
        path = ("inference", "adapters", index)
        yield from _strength(path, adapter, runtime)
        if adapter.source is None:
            yield Flaw(
                path, "the adapter has no source", "add source with a name and an image or volumeSource"
            )
            continue
        yield from _source((*path, "source"), adapter.source)
        name = adapter.source.name or ""
        if name in seen:
            yield Flaw(
                (*path, "source", "name"),
                f"{said(name)} is the name of adapters[{seen[name]}] too",
                "give each adapter a name of its own",
            )
        seen.setdefault(name, index)


def _source(path: FieldPath, source: DataSource) -> Iterator[Flaw]:
    if not is_subdomain(source.name or ""):
        yield Flaw(
            (*path, "name"),
            f"{said(source.name or '')!r} cannot be an adapter's name",
            "use at most 253 lower-case letters, digits, dashes and dots",
        )
    if source.urls:
        yield Flaw((*path, "urls"), "adapters are not fetched from URLs", "use image or volumeSource")
    elif source.image is None and source.volume_source is None:
        yield Flaw(path, "the adapter comes from nowhere", "add an image or a volumeSource")
    if source.image is not None:
        yield from image((*path, "image"), source.image)


def _strength(path: FieldPath, adapter: Adapter, runtime: str | None) -> Iterator[Flaw]:
    if adapter.strength is None:
        return
    if runtime == VLLM:
        yield Flaw(
            (*path, "strength"),
            "vLLM serves an adapter at full strength only",
            "remove strength, or annotate kaito.sh/runtime: transformers",
        )
    elif not _is_share(adapter.strength):
        yield Flaw(
            (*path, "strength"), f"{said(adapter.strength)} is not between 0 and 1", 'write it as text: "0.5"'
        )


def _is_share(text: str) -> bool:
    try:
        return 0 <= float(text) <= 1
    except ValueError:
        return False
