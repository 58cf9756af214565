"""GET: one object, or a list of them in pages."""

from __future__ import annotations

import base64
import binascii
import json

from aiohttp import web

from .answers import View, as_json, view_of
from .refusal import Cause, Refusal, bad_request, expired
from .scale import scale_of
from .selectors import Selection, parse_selection
from .shelf import Key
from .store import Store
from .target import Target

_STALE_PAGE = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter."
)


class Reader:
    """Answers GET from the store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def one(self, request: web.Request, target: Target) -> web.Response:
        """One object, or its scale; Refusal 404."""
        found = self._store.ledger.need(target.kind, target.key)
        if target.subresource == "scale":
            return as_json(scale_of(target.kind.as_served(target.version), found.obj))
        return as_json(self.view(request, target).one(found.body))

    def many(self, request: web.Request, target: Target) -> web.Response:
        """A list, or the page of it that `limit` and `continue` ask for; Refusal 400, 410."""
        revision, after = self._position(request.query.get("continue", ""), target)
        self._require_past(request)
        limit = _number(request, "limit")
        selection = selection_of(request, target)
        page = self._store.ledger.shelf(target.kind).page(selection, limit, after)
        metadata: dict[str, str | int] = {"resourceVersion": str(revision)}
        if page.following is not None:
            metadata["continue"] = _token(revision, page.following)
            if not selection.picky:
                metadata["remainingItemCount"] = page.remaining
        bodies = (each.body for each in page.items)
        return as_json(self.view(request, target).many(bodies, metadata))

    def _require_past(self, request: web.Request) -> None:
        asked, now = request.query.get("resourceVersion", ""), self._store.ledger.revision
        if asked.isdigit() and int(asked) > now:
            cause = Cause("", "ResourceVersionTooLarge", "Too large resource version")
            said = f"Timeout: Too large resource version: {asked}, current: {now}"
            raise Refusal(504, "Timeout", said, {"causes": [cause.document], "retryAfterSeconds": 1})

    def view(self, request: web.Request, target: Target) -> View:
        """How this request wants to see objects."""
        return view_of(request, target, self._store.ledger.now)

    def _position(self, token: str, target: Target) -> tuple[int, Key | None]:
        if not token:
            return self._store.ledger.revision, None
        try:
            revision, namespace, name = json.loads(base64.urlsafe_b64decode(token))
        except (binascii.Error, ValueError) as error:
            raise bad_request(f"continue key is not valid: {error}") from error
        if revision < self._store.ledger.shelf(target.kind).history.floor:
            raise expired(_STALE_PAGE)
        return revision, (namespace, name)


def selection_of(request: web.Request, target: Target) -> Selection:
    """The objects that a request's path and selectors ask for; Refusal 400."""
    labels, fields = request.query.get("labelSelector", ""), request.query.get("fieldSelector", "")
    if target.name:
        fields = ",".join(part for part in (fields, f"metadata.name={target.name}") if part)
    return parse_selection(target.kind, target.namespace, labels, fields)


def _number(request: web.Request, name: str) -> int:
    text = request.query.get(name, "0") or "0"
    if not text.isdigit():
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def _token(revision: int, key: Key) -> str:
    return base64.urlsafe_b64encode(json.dumps([revision, *key]).encode()).decode()
