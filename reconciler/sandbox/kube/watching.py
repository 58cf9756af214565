"""Watches: the changes of a kind as a stream of JSON lines, from a resourceVersion on, with bookmarks."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from aiohttp import web

from .answers import JSON, View
from .documents import Obj, encoded
from .reading import Reader, selection_of
from .refusal import bad_request, expired
from .selectors import Selection
from .shelf import Record, Shelf
from .store import Event, Store
from .target import Target

_LONGEST = 1800.0
_BETWEEN_BOOKMARKS = 30.0
_BETWEEN_LOOKS = 5.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What a watch asks for. `since` None: begin with what there is now."""

    view: View
    selection: Selection
    since: int | None
    bookmarks: bool
    announced: bool
    seconds: float


class Watcher:
    """Streams changes; it wakes only for the kinds that somebody watches."""

    def __init__(self, store: Store, reader: Reader) -> None:
        self._store = store
        self._reader = reader
        self._bells: dict[str, set[asyncio.Event]] = {}
        self._closed = False
        store.subscribe(self._ring)

    async def close(self, _app: web.Application) -> None:
        """End every watch: the application shuts down."""
        self._closed = True
        for bells in self._bells.values():
            for bell in bells:
                bell.set()
        await asyncio.sleep(0)

    async def stream(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Answer with the stream, until its time is over or the client has gone."""
        wish = self._wish(request, target)
        response = web.StreamResponse(headers={"Content-Type": JSON})
        await response.prepare(request)
        with suppress(ConnectionResetError):
            await self._follow(request, response, wish)
        return response

    async def _follow(self, request: web.Request, response: web.StreamResponse, wish: Wish) -> None:
        target, shelf = wish.view.target, self._store.ledger.shelf(wish.view.target.kind)
        loop = asyncio.get_running_loop()
        end = loop.time() + wish.seconds
        with self._bell(target.kind.name) as bell:
            position = await self._begin(response, wish, shelf)
            marked = loop.time()
            while position is not None and not self._closed and not _is_gone(request):
                bell.clear()
                position = await self._send(response, wish, shelf, position)
                await _rest(bell, min(end - loop.time(), _BETWEEN_LOOKS))
                due = loop.time() >= min(end, marked + _BETWEEN_BOOKMARKS)
                if due and wish.bookmarks and position is not None and not bell.is_set():
                    marked = loop.time()
                    await response.write(_line("BOOKMARK", _bookmark(target, self._store.ledger.revision)))
                if end <= loop.time():
                    return

    async def _begin(self, response: web.StreamResponse, wish: Wish, shelf: Shelf) -> int | None:
        """Send what there is where that is asked; the revision to go on from, None where it is too old."""
        now = self._store.ledger.revision
        if wish.since is not None:
            if shelf.history.floor <= wish.since <= now:
                return wish.since
            stale = expired(f"too old resource version: {wish.since} ({shelf.history.floor})")
            await response.write(_line("ERROR", encoded(stale.status)))
            return None
        page = shelf.page(wish.selection, 0, None)
        for index, stored in enumerate(page.items):
            await response.write(_line("ADDED", wish.view.one(stored.body, headed=index == 0)))
        if wish.announced:
            await response.write(_line("BOOKMARK", _bookmark(wish.view.target, now, ended=True)))
        return now

    async def _send(
        self, response: web.StreamResponse, wish: Wish, shelf: Shelf, position: int
    ) -> int | None:
        """Send the changes since a revision; the one to go on from, None where some are already forgotten."""
        if position < shelf.history.floor:
            stale = expired(f"too old resource version: {position} ({shelf.history.floor})")
            await response.write(_line("ERROR", encoded(stale.status)))
            return None
        records = shelf.history.since(position)
        lines = [
            _line(happened, wish.view.one(record.body))
            for record in records
            if (happened := _seen_as(record, wish.selection))
        ]
        if lines:
            await response.write(b"".join(lines))
        return records[-1].revision if records else position

    def _wish(self, request: web.Request, target: Target) -> Wish:
        query = request.query
        since = query.get("resourceVersion", "")
        if since and not since.isdigit():
            raise bad_request(f'strconv.ParseUint: parsing "{since}": invalid syntax')
        announced = query.get("sendInitialEvents") == "true"
        seconds = query.get("timeoutSeconds", "")
        return Wish(
            self._reader.view(request, target),
            selection_of(request, target),
            int(since) if since not in {"", "0"} and not announced else None,
            query.get("allowWatchBookmarks") in {"true", "1", "True"},
            announced,
            float(seconds) if seconds.isdigit() else _LONGEST,
        )

    def _ring(self, event: Event) -> None:
        for bell in self._bells.get(event.kind, ()):
            bell.set()

    @contextmanager
    def _bell(self, kind: str) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._bells.setdefault(kind, set()).add(bell)
        try:
            yield bell
        finally:
            self._bells[kind].discard(bell)


async def _rest(bell: asyncio.Event, seconds: float) -> None:
    if seconds > 0 and not bell.is_set():
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), seconds)


def _seen_as(record: Record, selection: Selection) -> str | None:
    """What a change looks like to one who sees only a selection; None where it sees nothing."""
    before = record.before is not None and selection.takes(record.before)
    after = record.after is not None and selection.takes(record.after)
    if after:
        return "MODIFIED" if before else "ADDED"
    return "DELETED" if before else None


def _bookmark(target: Target, revision: int, *, ended: bool = False) -> bytes:
    metadata: Obj = {"resourceVersion": str(revision)}
    if ended:
        metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
    return encoded({"kind": target.kind.name, "apiVersion": target.api_version, "metadata": metadata})


def _line(happened: str, body: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (happened.encode(), body)


def _is_gone(request: web.Request) -> bool:
    return request.transport is None or request.transport.is_closing()
