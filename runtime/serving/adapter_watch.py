"""Adapters that come, change and go in their folder while the model is served: each is loaded or unloaded
over the server's own routes, which are vLLM's and the small engine's alike.

`python -m runtime.serving.adapter_watch ADDRESS FOLDER` does so beside vLLM, until the process that started
it is gone.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlsplit

from runtime.serving.document import ServingConfig
from runtime.serving.own_address import own_address
from runtime.serving.telling import tell

LOOK_SECONDS = 2.0
"""Between two looks. What looks the same twice is written to its end."""
_ANSWER_SECONDS = 120.0
_PARTS = ("adapter_config.json", "adapter_model.safetensors")

Seen = Mapping[str, str]
"""The adapters in a folder by name, each with what tells it from what lay there before."""


def look(folder: Path) -> Seen:
    """The folders that hold both parts of an adapter."""
    places = sorted(folder.glob(f"*/{_PARTS[0]}"))
    marks = {place.parent.name: _mark(place.parent) for place in places if place.parent.name[0] != "."}
    return {name: mark for name, mark in marks.items() if mark}


def settled(before: Seen, now: Seen) -> Seen:
    """What looked the same both times; what is still being written is left as it was, that is to say out."""
    return {name: mark for name, mark in now.items() if before.get(name) == mark}


def _mark(folder: Path) -> str:
    """Size and time of both parts; empty while one is missing."""
    try:
        seen = [(folder / part).stat() for part in _PARTS]
    except OSError:
        return ""
    return " ".join(f"{part.st_size}:{part.st_mtime_ns}" for part in seen)


class Watch:
    """The folder as it was last told to the server at `address`. Make it before the server reads the folder:
    what lay there already is the server's own affair."""

    def __init__(self, address: str, folder: Path) -> None:
        self._address, self._folder = urlsplit(address), folder
        self._told: dict[str, str] = dict(look(folder))
        self._before: Seen = self._told

    def once(self) -> None:
        """Look, and tell the server of what came, changed or went. What it refuses is told to the log once;
        while it does not answer nothing is lost."""
        now = look(self._folder)
        here, gone = settled(self._before, now), self._told.keys() - now.keys() - self._before.keys()
        self._before = now
        try:
            for name in sorted(gone):
                self._unload(name)
            for name, mark in sorted(here.items()):
                if self._told.get(name) != mark:
                    self._load(name, mark)
        except (OSError, HTTPException):
            return

    def _load(self, name: str, mark: str) -> None:
        if name in self._told:
            self._unload(name)
        path = str(self._folder / name)
        refusal = self._post("/v1/load_lora_adapter", {"lora_name": name, "lora_path": path})
        self._told[name] = mark
        if refusal:
            tell("adapter left out", adapter=name, why=refusal)
        else:
            tell("adapter loaded", adapter=name)

    def _unload(self, name: str) -> None:
        """One that the server never had it need not unload."""
        refusal = self._post("/v1/unload_lora_adapter", {"lora_name": name})
        del self._told[name]
        if not refusal:
            tell("adapter unloaded", adapter=name)

    def _post(self, path: str, body: Mapping[str, str]) -> str:
        """The reason of a refusal; empty where it was done. Raises OSError or HTTPException where nobody
        answers, or not yet."""
        place = self._address
        link = HTTPConnection(place.hostname or "127.0.0.1", place.port, timeout=_ANSWER_SECONDS)
        try:
            link.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
            answer = link.getresponse()
            said = answer.read().decode(errors="replace")
        finally:
            link.close()
        if answer.status >= 500:
            raise HTTPException(said)
        return "" if answer.status == 200 else _reason(said)


def _reason(said: str) -> str:
    """The sentence in an error of OpenAI's shape, bare or in a field of its own."""
    try:
        error = json.loads(said)
        return str(error.get("error", error)["message"])
    except (ValueError, LookupError, TypeError, AttributeError):
        return said[:300]


def leave_watch(config: ServingConfig) -> None:
    """Start it for an engine that takes this process over, where adapters may change; it ends with us."""
    if config.adapters.may_change and os.environ.get("POD_INDEX", "0") == "0":
        words = [own_address(config.host, config.port), config.adapters.folder]
        subprocess.Popen([sys.executable, "-m", "runtime.serving.adapter_watch", *words])


def main(arguments: list[str]) -> int:
    """ADDRESS FOLDER."""
    address, folder = arguments
    parent = os.getppid()
    watch = Watch(address, Path(folder))
    while os.getppid() == parent:
        time.sleep(LOOK_SECONDS)
        watch.once()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
