"""A model from the hub: only the files it needs, each checked by its digest."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from runtime.artifacts.document import HubSource
from runtime.artifacts.faults import Missing, Unsafe
from runtime.artifacts.gather import Job, Keeping, gather
from runtime.artifacts.hub.choice import choose, has_weights
from runtime.artifacts.hub.door import COMMIT, Hub
from runtime.artifacts.names import is_inside
from runtime.artifacts.patience import Patience
from runtime.artifacts.progress import Meter, Progress
from runtime.artifacts.record import read_record
from runtime.artifacts.resume import Opening, Transfer, Wanted
from runtime.artifacts.wire import Answer, Wire


def fetch_hub(source: HubSource, folder: Path, tell: Callable[[Progress], None], patience: Patience) -> None:
    """Bring the files of `source` into `folder`. With a commit as revision, and everything there, nobody is
    asked."""
    if COMMIT.fullmatch(source.revision) and read_record(folder).is_complete(
        _of(source, source.revision), folder
    ):
        return
    # huggingface_hub is patient by itself where it lists files (23 s)
    hub = Hub(source, os.environ.get("HF_TOKEN", ""), Wire())
    commit = hub.commit()
    wanted = _choose(source, hub.files(commit))
    keeping = Keeping(folder, _of(source, commit), (file.name for file in wanted))
    jobs = tuple(Job(file, _opening(hub, commit, file.name)) for file in wanted)
    what = f"{source.repository}@{commit[:12]}"
    gather(jobs, what, Transfer(folder, Meter(what, tell), patience), keeping)
    keeping.close()


def _of(source: HubSource, commit: str) -> str:
    return f"hub {source.endpoint} {source.repository}@{commit} {' '.join(source.allow)}".rstrip()


def _opening(hub: Hub, commit: str, name: str) -> Opening:
    def opening(offset: int, _validator: str) -> Answer:
        return hub.open(commit, name, offset)

    return opening


def _choose(source: HubSource, files: tuple[Wanted, ...]) -> tuple[Wanted, ...]:
    names = [file.name for file in files]
    chosen = frozenset(choose(names, source.allow))
    if not chosen or not (source.allow or has_weights(names)):
        lacking = (
            f"file that matches {', '.join(source.allow)}"
            if source.allow
            else "weights as safetensors or PyTorch .bin"
        )
        shown = ", ".join(sorted(names)[:6]) or "nothing"
        raise Missing(f"{source.repository} at {source.revision} has no {lacking} (it has: {shown}).")
    for name in sorted(chosen):
        if not is_inside(name):
            raise Unsafe(
                f"{source.repository} has a file named {name!r}, which would lie outside of its folder."
            )
    return tuple(file for file in files if file.name in chosen)
