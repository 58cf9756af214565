"""What lies on the volumes of claims goes with them."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from uuid import uuid4

from reconciler.sandbox.kube.store import Event

from .mounts import claim_folder


class Disks:
    """Removes the folder of a PersistentVolumeClaim that is gone."""

    kinds = ("PersistentVolumeClaim",)

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._clearing: set[asyncio.Task[None]] = set()

    def note(self, event: Event) -> None:
        """Hear of a claim."""
        if event.type != "DELETED":
            return
        metadata = event.obj["metadata"]
        place = claim_folder(metadata["namespace"], metadata["name"], self._folder)
        if place.is_dir():
            doomed = place.rename(place.with_name(f".{uuid4().hex}"))
            task = asyncio.get_running_loop().create_task(_clear(doomed))
            self._clearing.add(task)
            task.add_done_callback(self._clearing.discard)

    async def stop(self) -> None:
        """Wait until all is removed."""
        await asyncio.gather(*self._clearing)


async def _clear(place: Path) -> None:
    await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)
