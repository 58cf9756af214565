"""A hub for tests: as much of Hugging Face's API as is asked for when a model is fetched. Large files lie at
another host (localhost instead of 127.0.0.1), as the hub's do, which must never see the token."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.runtime.artifacts.webserver import Asked, Page, WebServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class HubServer:
    """One repository at one commit. `refuse` answers every request with a status and an X-Error-Code."""

    web: WebServer
    files: dict[str, bytes]
    repository: str = "acme/tiny"
    token: str = ""
    refuse: tuple[int, str] | None = None
    large: dict[str, Page] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.web.answer = self._answer
        for name, body in self.files.items():
            if name.endswith((".safetensors", ".bin")):
                self.large[name] = self.web.pages[f"/cdn/{hashlib.sha256(body).hexdigest()}"] = Page(body)

    def cdn_ranges(self, name: str) -> list[str]:
        """The ranges that were asked for of a large file."""
        return self.web.ranges_of(f"/cdn/{hashlib.sha256(self.files[name]).hexdigest()}")

    def tokens_seen(self, prefix: str) -> set[str]:
        """The Authorization headers of the requests below a path."""
        return {
            asked.headers.get("Authorization", "")
            for asked in self.web.asked
            if asked.path.startswith(prefix)
        }

    def _answer(self, asked: Asked) -> Page | None:
        path = urlsplit(asked.path).path
        if self.refuse:
            return Page(b"{}", self.refuse[0], {"X-Error-Code": self.refuse[1]})
        if self.token and asked.headers.get("Authorization") != f"Bearer {self.token}":
            return Page(b"{}", 401, {"X-Error-Code": "GatedRepo"})
        if path.startswith(f"/api/models/{self.repository}/revision/"):
            return self._revision(path.rpartition("/")[2])
        if path.startswith(f"/api/models/{self.repository}/tree/"):
            return self._revision(path.rpartition("/")[2]) if COMMIT not in path else self._tree()
        resolve = f"/{self.repository}/resolve/{COMMIT}/"
        if path.startswith(resolve):
            return self._file(path.removeprefix(resolve))
        return Page(b"{}", 404, {"X-Error-Code": "RepoNotFound"})

    def _revision(self, revision: str) -> Page:
        if revision not in ("main", COMMIT):
            return Page(b"{}", 404, {"X-Error-Code": "RevisionNotFound"})
        text = json.dumps({"id": self.repository, "sha": COMMIT, "siblings": [], "tags": []})
        return Page(text.encode(), headers={"Content-Type": "application/json"}, ranges=False)

    def _tree(self) -> Page:
        return Page(
            json.dumps([self._entry(name, body) for name, body in self.files.items()]).encode(),
            headers={"Content-Type": "application/json"},
            ranges=False,
        )

    def _entry(self, name: str, body: bytes) -> dict[str, object]:
        oid = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
        entry: dict[str, object] = {"type": "file", "path": name, "size": len(body), "oid": oid}
        if name in self.large:
            sum_ = hashlib.sha256(body).hexdigest()
            entry["lfs"] = {"oid": sum_, "size": len(body), "pointerSize": 130}
        return entry

    def _file(self, name: str) -> Page | None:
        if name not in self.files:
            return Page(b"{}", 404, {"X-Error-Code": "EntryNotFound"})
        if name in self.large:
            sum_ = hashlib.sha256(self.files[name]).hexdigest()
            return Page(b"", 302, {"Location": self.web.url(f"/cdn/{sum_}?X-Signature=secret", "localhost")})
        return Page(self.files[name])
