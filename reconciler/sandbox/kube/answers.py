"""What a client is answered: objects and lists as their version serves them, whole, partial or as tables."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from .documents import Obj, encoded
from .tables import Printer, partial
from .target import Target

JSON = "application/json"


@dataclass(frozen=True, slots=True)
class View:
    """How the client wants to see what it asked for."""

    target: Target
    now: datetime
    form: str = ""
    include: str = "Metadata"

    @property
    def plain(self) -> bool:
        """Whether it wants the objects themselves."""
        return self.form not in {"Table", "PartialObjectMetadata", "PartialObjectMetadataList"}

    def one(self, body: bytes, *, headed: bool = True) -> bytes:
        """One object's JSON (`headed`: with the table's headings)."""
        whole = self._served(body)
        if self.plain:
            return whole
        obj = json.loads(whole)
        if self.form == "Table":
            revision = {"resourceVersion": obj["metadata"].get("resourceVersion", "")}
            return encoded(self._printer().table([obj], revision, headed=headed))
        return encoded(partial(obj))

    def many(self, bodies: Iterable[bytes], metadata: Mapping[str, Any]) -> bytes:
        """A list's JSON."""
        kind = self.target.kind
        if self.form == "Table":
            objects = [json.loads(self._served(body)) for body in bodies]
            return encoded(self._printer().table(objects, metadata))
        if self.form == "PartialObjectMetadataList":
            objects = [partial(json.loads(body)) for body in bodies]
            return _listed("meta.k8s.io/v1", self.form, metadata, map(encoded, objects))
        items = map(self._served if kind.custom else _unnamed, bodies)
        return _listed(self.target.api_version, f"{kind.name}List", metadata, items)

    def _served(self, body: bytes) -> bytes:
        """The object in the version that is asked for: versions differ in nothing but their name."""
        if not self.target.kind.custom:
            return body
        return b'{"apiVersion":%b%b' % (encoded(self.target.api_version), body[body.index(b',"kind":') :])

    def _printer(self) -> Printer:
        return Printer(self.target.kind, self.target.version, self.now, self.include)


def view_of(request: web.Request, target: Target, now: datetime) -> View:
    """The view that a request's Accept header and `includeObject` ask for."""
    asked = request.headers.get("Accept", "").split(",")[0]
    words = dict(word.strip().partition("=")[::2] for word in asked.split(";"))
    return View(target, now, words.get("as", ""), request.query.get("includeObject", "Metadata"))


def as_json(
    document: Obj | bytes, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    body = document if isinstance(document, bytes) else encoded(document)
    return web.Response(body=body, status=status, content_type=JSON, headers=headers)


def _listed(api_version: str, kind: str, metadata: Mapping[str, Any], items: Iterable[bytes]) -> bytes:
    head = encoded({"kind": kind, "apiVersion": api_version, "metadata": dict(metadata)})
    return b'%b,"items":[%b]}' % (head[:-1], b",".join(items))


def _unnamed(body: bytes) -> bytes:
    """An item of a list of a built-in kind, which carries neither apiVersion nor kind."""
    return b"{" + body[body.index(b'"metadata":{') :]
