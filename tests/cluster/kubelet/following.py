"""Everything at a path of the API, and everything that becomes of it, for ever."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

from tests.cluster.asking import Api, Refused

Event = tuple[str, dict[str, Any]]


def follow(api: Api, path: str, selected: str = "") -> Iterator[Event]:
    """ADDED for what is there, then what happens; the whole again whenever the thread is lost."""
    while True:
        try:
            yield from _once(api, path, selected)
        except (ConnectionError, Refused):
            time.sleep(0.2)


def _once(api: Api, path: str, selected: str) -> Iterator[Event]:
    listed = api.ask("GET", f"{path}?{selected}")
    for item in listed["items"]:
        yield "ADDED", item
    version = listed["metadata"]["resourceVersion"]
    while True:
        asked = f"{path}?{selected}&watch=true&allowWatchBookmarks=true&timeoutSeconds=60"
        for line in api.lines(f"{asked}&resourceVersion={version}"):
            told = json.loads(line)
            if told.get("type") not in ("ADDED", "MODIFIED", "DELETED", "BOOKMARK"):
                return
            version = told["object"]["metadata"]["resourceVersion"]
            if told["type"] != "BOOKMARK":
                yield told["type"], told["object"]
