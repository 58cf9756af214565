"""POST, PUT, PATCH and DELETE: what a client writes, carried to the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jsonpatch
from aiohttp import web

from . import removal
from .admission import require_revision
from .answers import as_json
from .bodies import is_dry_run, read_deletion, read_document, read_object
from .documents import Obj
from .merge import merge_patch
from .reading import Reader, selection_of
from .refusal import Cause, Refusal, bad_request, method_not_allowed, unprocessable
from .scale import scale_of, scaled
from .store import Store, Write
from .stored import Stored
from .strategic import strategic_merge_patch
from .target import Target

_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_STRATEGIC_PATCH = "application/strategic-merge-patch+json"
_APPLY_PATCH = "application/apply-patch+yaml"
_ANSWERED_WITH_THEMSELVES = frozenset(
    {
        "/PersistentVolumeClaim",
        "/Pod",
        "/Service",
        "/ServiceAccount",
        "storage.k8s.io/StorageClass",
    }
)


class Scribe:
    """Carries writes to the store and answers with what became of them."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader

    async def create(self, request: web.Request, target: Target) -> web.Response:
        """POST a new object."""
        if target.name:
            raise method_not_allowed()
        obj = await read_object(request, target)
        namespace = target.namespace or obj["metadata"].get("namespace") or "default"
        made = self._store.insert(target.kind, namespace, obj, _write(request, target))
        return self._answer(request, target, made, 201)

    async def replace(self, request: web.Request, target: Target) -> web.Response:
        """PUT an object, its status or its scale."""
        if not target.name:
            raise method_not_allowed()
        if target.subresource == "scale":
            scale = await read_document(request)
            return self._rescale(request, target, lambda _old: scale)
        obj = await read_object(request, target)
        obj["metadata"].setdefault("name", target.name)
        require_revision(target.kind, obj)
        new = self._store.update(target.kind, target.key, lambda _old: obj, _write(request, target))
        return self._answer(request, target, new)

    async def patch(self, request: web.Request, target: Target) -> web.Response:
        """PATCH an object in any of the four ways."""
        if not target.name:
            raise method_not_allowed()
        if request.content_type == _APPLY_PATCH and target.subresource != "scale":
            return await self._apply(request, target)
        change = _patching(request.content_type, await read_document(request), target)
        if target.subresource == "scale":
            return self._rescale(request, target, change)
        write = _write(request, target)
        new = self._store.update(target.kind, target.key, lambda old: change(old.full), write)
        return self._answer(request, target, new)

    async def remove(self, request: web.Request, target: Target) -> web.Response:
        """DELETE an object, or all that are selected."""
        if target.subresource:
            raise method_not_allowed()
        deletion, warning = await read_deletion(request, target)
        if not target.name:
            page = self._store.ledger.shelf(target.kind).page(selection_of(request, target), 0, None)
            for each in page.items:
                metadata = each.obj["metadata"]
                key = (metadata.get("namespace", ""), metadata["name"])
                if self._store.ledger.shelf(target.kind).at(key):
                    removal.remove(self._store.ledger, target.kind, key, deletion)
            return as_json(_done(target, {}), headers=warning)
        last, gone = removal.remove(self._store.ledger, target.kind, target.key, deletion)
        if gone and target.kind.key not in _ANSWERED_WITH_THEMSELVES:
            return as_json(
                _done(target, {"name": target.name, "uid": last.obj["metadata"]["uid"]}), headers=warning
            )
        return self._answer(request, target, last)

    async def _apply(self, request: web.Request, target: Target) -> web.Response:
        if not request.query.get("fieldManager"):
            said = "fieldManager: Required value: is required for apply patch"
            cause = Cause("fieldManager", "FieldValueRequired", said.partition(": ")[2])
            raise unprocessable(f'PatchOptions.meta.k8s.io "" is invalid: {said}', [cause])
        config = await read_object(request, target)
        for field, asked in (("name", target.name), ("namespace", target.key[0])):
            said = config["metadata"].get(field) or asked
            if said != asked and (field == "name" or target.kind.namespaced):
                raise bad_request(
                    f"the {field} of the object ({said}) does not match the {field} on the URL ({asked})"
                )
        new, created = self._store.apply(target.kind, target.key, config, _write(request, target))
        return self._answer(request, target, new, 201 if created else 200)

    def _rescale(self, request: web.Request, target: Target, change: Callable[[Obj], Obj]) -> web.Response:
        served = target.kind.as_served(target.version)

        def rescaled(old: Stored) -> Obj:
            return scaled(served, old.obj, change(scale_of(served, old.obj)))

        new = self._store.update(target.kind, target.key, rescaled, _write(request, target))
        return as_json(scale_of(served, new.obj))

    def _answer(
        self, request: web.Request, target: Target, stored: Stored, status: int = 200
    ) -> web.Response:
        return as_json(self._reader.view(request, target).one(stored.body), status)


def _write(request: web.Request, target: Target) -> Write:
    query = request.query
    agent = request.headers.get("User-Agent", "unknown").partition("/")[0]
    return Write(
        query.get("fieldManager") or agent,
        target.subresource,
        target.version,
        is_dry_run(request),
        query.get("force") == "true",
        query.get("fieldValidation") == "Strict",
        request.method == "PATCH",
    )


def _patching(content_type: str, patch: Any, target: Target) -> Callable[[Obj], Obj]:
    def by_json_patch(obj: Obj) -> Obj:
        try:
            patched: Obj = jsonpatch.apply_patch(obj, patch)
        except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
            message = "the server rejected our request due to an error in our request"
            raise unprocessable(message) from error
        return patched

    def by_merge(obj: Obj) -> Obj:
        merged: Obj = merge_patch(obj, patch)
        return merged

    def by_strategy(obj: Obj) -> Obj:
        merged: Obj = strategic_merge_patch(obj, patch)
        return merged

    known = {_JSON_PATCH: by_json_patch, _MERGE_PATCH: by_merge}
    if not target.kind.custom:
        known[_STRATEGIC_PATCH] = by_strategy
    if target.subresource == "scale":
        known[_APPLY_PATCH] = by_merge
    if content_type not in known:
        accepted = ", ".join([*known, _APPLY_PATCH])
        message = "the body of the request was in an unknown format - accepted media types include: "
        raise Refusal(415, "UnsupportedMediaType", message + accepted)
    if not isinstance(patch, list if content_type == _JSON_PATCH else dict):
        raise bad_request(f"the body of a {content_type} is not one")
    return known[content_type]


def _done(target: Target, details: Obj) -> Obj:
    kind = {"group": target.kind.group} if target.kind.group else {}
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {**details, **kind, "kind": target.kind.plural},
    }
