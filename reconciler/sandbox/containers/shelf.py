"""The models that the hub has: those in a folder of the person's, and one that is made when it is asked for.

SmolLM2-135M-Instruct is made by the runtime's own program of what a package carries, once for all sandboxes
of this machine.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .runtime import Runtime
from .surroundings import surroundings

DEMO = "HuggingFaceTB/SmolLM2-135M-Instruct"
_DEMO_PROGRAM = "runtime.serving.small.demo_model"
_WEIGHTS = frozenset({".safetensors", ".bin", ".gguf", ".pt", ".pth"})
_CHUNK_BYTES = 2**20


@dataclass(frozen=True, slots=True)
class File:
    """A file of a repository; `oid` is its id in Git, `sha256` that of its content where it is of weights."""

    path: str
    place: Path
    size: int
    oid: str
    sha256: str = ""


class Shelf:
    """Finds repositories and their files."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._demo = runtime.cache / "models" / "smollm2-135m-instruct"
        self._making = asyncio.Lock()
        self._known: dict[tuple[Path, int, int], File] = {}

    async def make_ready(self, repository: str) -> None:
        """Make a model that can be made; OSError says why it cannot."""
        if repository.lower() != DEMO.lower() or self.folder(repository) is not None:
            return
        async with self._making:
            if self.folder(repository) is None:
                await self._make_demo()

    def folder(self, repository: str) -> Path | None:
        """Where a repository's files lie; None where there is none."""
        owner, _, name = repository.partition("/")
        if self._runtime.hub is not None and _is_name(owner) and _is_name(name):
            place = self._runtime.hub / owner / name
            if place.is_dir():
                return place
        is_demo = repository.lower() == DEMO.lower() and (self._demo / "model.safetensors").is_file()
        return self._demo if is_demo else None

    def files(self, folder: Path) -> dict[str, File]:
        """The files of a repository by their paths, with their digests; blocks."""
        found = (place for place in sorted(folder.rglob("*")) if place.is_file())
        named = {place.relative_to(folder).as_posix(): place for place in found}
        return {path: self._file(path, place) for path, place in named.items() if ".cache" not in path}

    def _file(self, path: str, place: Path) -> File:
        told = place.stat()
        key = (place, told.st_mtime_ns, told.st_size)
        if key not in self._known:
            self._known[key] = _read(path, place, told.st_size)
        return self._known[key]

    async def _make_demo(self) -> None:
        home = self._runtime.cache
        home.mkdir(parents=True, exist_ok=True)
        process = await asyncio.create_subprocess_exec(
            *(str(self._runtime.python), "-m", _DEMO_PROGRAM, str(self._demo)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=surroundings(self._runtime, os.environ, home),
        )
        try:
            _, said = await process.communicate()
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGINT)  # it clears away what it has begun
            raise
        if self.folder(DEMO) is None:
            lines = said.decode(errors="replace").strip().splitlines() or ["it says nothing"]
            raise OSError(f"{DEMO} cannot be made here: {lines[-1]}")


def _read(path: str, place: Path, size: int) -> File:
    git, content = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False), hashlib.sha256()
    with place.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            git.update(chunk)
            content.update(chunk)
    return File(path, place, size, git.hexdigest(), content.hexdigest() if place.suffix in _WEIGHTS else "")


def _is_name(part: str) -> bool:
    return part not in ("", ".", "..") and "/" not in part and "\0" not in part
