"""Towline's images as they run here: the same programs, with their documents made to fit."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reconciler.sandbox.world.processes import Command, LocalRun

from .documents import Document, Fit, fitted, repositories
from .hub import Hub
from .places import Places
from .runtime import Runtime
from .surroundings import surroundings

_STARTS = {
    "towline-serving": ("python", "-m", "runtime.serving", "/etc/towline/serving.yaml"),
    "towline-tuning": ("python", "-m", "runtime.tuning", "/etc/towline/tuning.yaml"),
}
"""What each image begins with, where its container says nothing else (runtime/*/Dockerfile)."""

_PROGRAMS = frozenset({"runtime.artifacts", "runtime.serving", "runtime.tuning"})
_WORK_FOLDER = "/workspace"
_OWN_FOLDERS = (_WORK_FOLDER, "/mnt")
"""Folders of the image itself, in which something is looked for or written."""

_TERMINATION_LOG = "/dev/termination-log"


@dataclass(frozen=True, slots=True)
class OwnImages:
    """Runs containers of our images that begin with one of our programs."""

    runtime: Runtime
    hub: Hub

    def runs(self, container: Mapping[str, Any]) -> bool:
        """Say whether a container is of our images and does what is known here."""
        words = _words(container)
        return words[:2] == ["python", "-m"] and len(words) > 3 and words[2] in _PROGRAMS

    async def command(self, run: LocalRun) -> Command:
        """Give its program with a document that fits; OSError where a model cannot be made ready."""
        places = _places(run)
        _, _, program, document, *rest = _words(run.container)
        path, note = await self._document(Path(places.place(document)), run, places)
        words = (str(self.runtime.python), "-m", program, str(path), *map(places.place, rest))
        home = Path(places.place(_WORK_FOLDER))
        home.mkdir(parents=True, exist_ok=True)
        known = surroundings(self.runtime, os.environ, home) | {"HF_ENDPOINT": self.hub.url}
        own = {name: places.place(value) for name, value in run.environment.items()}
        health = "/health" if program == "runtime.serving" else ""
        return Command(words, {**known, **own}, home, note, health)

    async def _document(self, path: Path, run: LocalRun, places: Places) -> tuple[Path, str]:
        """A copy of a document that fits, and what is otherwise in it; what is no document is left alone."""
        document = _parsed(path)
        if document is None:
            return path, ""
        for repository in repositories(document):
            await self.hub.shelf.make_ready(repository)
        fit = Fit(places, run.port, str(run.message), self.hub.url, self.runtime.keeps_vllm)
        here, note = fitted(document, fit)
        folder = run.folder / "documents" / run.container["name"]
        if settings := here.get("userConfig"):
            here["userConfig"] = str(_moved(Path(settings), folder, places))
        return _written(folder / path.name, json.dumps(here, indent=1)), note


def _words(container: Mapping[str, Any]) -> list[str]:
    """What a container of ours runs; empty for any other."""
    name = str(container.get("image", "")).partition("@")[0].rpartition("/")[2].partition(":")[0]
    if name not in _STARTS:
        return []
    return [*(container.get("command") or _STARTS[name]), *(container.get("args") or ())]


def _places(run: LocalRun) -> Places:
    image = run.folder / "image"
    own = {folder: image / folder.lstrip("/") for folder in _OWN_FOLDERS}
    return Places({**own, _TERMINATION_LOG: run.message, **run.mounts})


def _parsed(path: Path) -> Document | None:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return None
    return document if isinstance(document, dict) else None


def _moved(settings: Path, folder: Path, places: Places) -> Path:
    """A copy of a person's settings, with paths in their places; the very file where it cannot be read."""
    try:
        text = settings.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return settings
    return _written(folder / settings.name, places.moved_text(text))


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path
