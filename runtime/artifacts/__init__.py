"""Weights, data and adapters: fetched from where they lie, checked, and pushed to where they shall be.

`fetch`, `require_pushable` and `push_adapter` are all that the rooms beside this one need. What they use is
imported when they are called: whoever only reads a document needs no network library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from runtime.artifacts.document import Source
from runtime.artifacts.faults import Fault, Mistaken, Passing
from runtime.artifacts.progress import Progress

__all__ = ["Fault", "Mistaken", "Passing", "Progress", "fetch", "push_adapter", "require_pushable"]


def fetch(
    source: Source, folder: Path, tell: Callable[[Progress], None], *, expects: str = "anything"
) -> Path:
    """Bring what `source` names into `folder` and give the folder it lies in, which is the source's own where
    it is a folder already. `expects` is "model", "adapter", "data" or "anything".

    What an earlier run fetched stays, what it began is resumed. Raises Mistaken (a person must act) or
    Passing (it may come right by itself), each with one sentence.
    """
    from runtime.artifacts.fetching import Expected, fetch_source

    return fetch_source(source, folder, tell, expects=Expected(expects))


def require_pushable(image: str, *, docker_config: str = "", insecure: bool = False) -> None:
    """Ask the registry once whether it would take a push to `image`, without pushing anything.

    Raises Mistaken where it would not, or Passing where it cannot be asked now, each with one sentence.
    """
    from runtime.artifacts.oci.push import try_door

    try_door(image, docker_config=docker_config, insecure=insecure)


def push_adapter(
    adapter: Path,
    image: str,
    *,
    docker_config: str = "",
    insecure: bool = False,
    annotations: Mapping[str, str] | None = None,
) -> str:
    """Push the adapter in folder `adapter` to `image` as KAITO's readers expect it, and give the digest of
    its manifest. The folder is only read: whatever goes wrong, the adapter stays.

    Raises Mistaken or Passing, each with one sentence.
    """
    from runtime.artifacts.oci.push import push

    return push(adapter, image, docker_config=docker_config, insecure=insecure, annotations=annotations or {})
