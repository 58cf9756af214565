"""A hub of models on this machine: as much of Hugging Face's API as is asked for when weights are fetched.

It has whatever revision it is asked for: the files of a model are the same in all. Source:
https://huggingface.co/docs/hub/api and what huggingface_hub sends.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import Any

from aiohttp import web

from reconciler.sandbox.trouble import Troubles

from .runtime import Runtime
from .shelf import File, Shelf

_COMMIT = re.compile(r"[0-9a-f]{40}")
_POINTER_BYTES = 130


class Hub:
    """One HTTP face; `url` is where it listens, once it does."""

    def __init__(self, runtime: Runtime, troubles: Troubles) -> None:
        self.shelf = Shelf(runtime)
        self._troubles = troubles
        self.url = ""

    def application(self) -> web.Application:
        """Build the face."""
        app = web.Application()
        model = "/api/models/{owner}/{name}"
        app.router.add_get(model, self._model)
        app.router.add_get(f"{model}/revision/{{revision}}", self._model)
        app.router.add_get(f"{model}/tree/{{revision}}", self._tree)
        app.router.add_get("/{owner}/{name}/resolve/{revision}/{path:.+}", self._resolve)
        return app

    async def _model(self, request: web.Request) -> web.Response:
        files = await self._files(request)
        told = {
            "id": _repository(request),
            "sha": _commit(request),
            "siblings": [{"rfilename": path} for path in files],
            "tags": [],
            "private": False,
            "gated": False,
        }
        return web.json_response(told)

    async def _tree(self, request: web.Request) -> web.Response:
        files = await self._files(request)
        return web.json_response([_entry(file) for file in files.values()])

    async def _resolve(self, request: web.Request) -> web.StreamResponse:
        files = await self._files(request)
        file = files.get(request.match_info["path"])
        if file is None:
            raise _missing("EntryNotFound", "Entry not found")
        headers = {
            "X-Repo-Commit": _commit(request),
            "X-Linked-Size": str(file.size),
            "X-Linked-Etag": f'"{file.sha256 or file.oid}"',
            "Content-Type": "application/octet-stream",
        }
        if file.sha256 and (spoilt := await self._spoilt(_repository(request), file)) is not None:
            return web.Response(body=spoilt, headers=headers)
        return web.FileResponse(file.place, headers=headers)

    async def _files(self, request: web.Request) -> dict[str, File]:
        repository = _repository(request)
        if self._troubles.strikes("hub-gated", repository):
            raise web.HTTPForbidden(**_refusal("GatedRepo", f"Access to model {repository} is restricted"))
        folder = self.shelf.folder(repository)
        if folder is None:
            raise _missing("RepoNotFound", "Repository not found")
        return await asyncio.to_thread(self.shelf.files, folder)

    async def _spoilt(self, repository: str, file: File) -> bytes | None:
        """What comes in place of a file's content; None where nothing does."""
        if self._troubles.strikes("hub-truncated", repository):
            return (await asyncio.to_thread(file.place.read_bytes))[: file.size // 2]
        if self._troubles.strikes("hub-damaged", repository):
            return bytes(file.size)
        return None


def _repository(request: web.Request) -> str:
    return f"{request.match_info['owner']}/{request.match_info['name']}"


def _commit(request: web.Request) -> str:
    revision = request.match_info.get("revision", "main")
    if _COMMIT.fullmatch(revision):
        return revision
    return hashlib.sha1(_repository(request).encode(), usedforsecurity=False).hexdigest()


def _entry(file: File) -> dict[str, Any]:
    told = {"type": "file", "path": file.path, "size": file.size, "oid": file.oid}
    if not file.sha256:
        return told
    return told | {"lfs": {"oid": file.sha256, "size": file.size, "pointerSize": _POINTER_BYTES}}


def _missing(code: str, sentence: str) -> web.HTTPNotFound:
    return web.HTTPNotFound(**_refusal(code, sentence))


def _refusal(code: str, sentence: str) -> dict[str, Any]:
    return {"text": sentence, "headers": {"X-Error-Code": code, "X-Error-Message": sentence}}
