"""One kind, listed once and followed from there by a thread of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from random import uniform
from threading import Event, Lock, Thread
from time import monotonic

from reconciler.faults import Broken, Fault, Unreachable

from .cache import KindCache, Snapshot
from .faults import fault_of_status
from .listing import Selection, list_all
from .seen import Json
from .wire import Stream, Wire

_MOST_FAILURES = 10
_GRACE = 15.0


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long one watch lasts before it is opened anew; the pause between attempts, which grows
    from `first` to `longest`; and the life under which a watch that ended counts as a failed one."""

    watch: int = 240
    first: float = 0.5
    longest: float = 30.0
    shortest: float = 1.0


class KindWatch:
    """Keeps one kind in memory for as long as a watch of it holds. When the watch is lost the memory is
    not believed: whoever looks first lists again."""

    def __init__(self, wire: Wire, selection: Selection, pace: Pace, on_change: Callable[[], None]) -> None:
        self._wire = wire
        self._selection = selection
        self._pace = pace
        self._on_change = on_change
        self.cache = KindCache()
        self._turn = Lock()
        self._woken = Event()
        self._closed = Event()
        self._stream: Stream | None = None
        self._thread: Thread | None = None
        self._version = ""
        self._served = True
        self._failures = 0

    def look(self) -> Snapshot:
        """Everything of this kind; asks nothing while the watch holds, or while there is no such kind."""
        with self._turn:
            if self._stream is None and self._served:
                self._begin()
                if self._stream is not None:
                    self._woken.set()
            if self._thread is None:
                name = f"watch-{self._selection.kind.plural}"
                self._thread = Thread(target=self._run, name=name, daemon=True)
                self._thread.start()
        return self.cache.snapshot()

    def wake(self) -> None:
        """The API may know this kind by now: try again at once."""
        if not self._served:
            self._failures, self._served = 0, True
            self._woken.set()

    def close(self) -> None:
        """Stop following; waits a moment for the thread to end."""
        self._closed.set()
        self._woken.set()
        if stream := self._stream:
            stream.close()
        if self._thread:
            self._thread.join(timeout=2)

    def _run(self) -> None:
        try:
            while not self._closed.is_set():
                self._pause_unless_open()
                self._try_to_follow()
        finally:
            with self._turn:
                self._closed.set()
                self._stream = None

    def _pause_unless_open(self) -> None:
        if self._stream is None:
            self._woken.wait(self._pause())
        self._woken.clear()

    def _pause(self) -> float:
        """Seconds, jittered so that many kinds, and many of us, do not come back at once."""
        grown = self._pace.first * 2**self._failures
        longest = min(self._pace.longest, grown) if self._served else self._pace.longest
        return uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret

    def _try_to_follow(self) -> None:
        try:
            self._follow(self._stream or self._resume())
        except Fault:
            self._failures = min(self._failures + 1, _MOST_FAILURES)

    def _resume(self) -> Stream:
        """After a break: list, tell if anything changed meanwhile, and follow again."""
        before = self.cache.snapshot()
        with self._turn:
            if self._stream is None:
                self._begin()
            stream = self._stream
        if self.cache.snapshot() is not before:
            self._on_change()
        if stream is None:
            raise Unreachable(f"{self._selection.kind.plural} cannot be followed")
        return stream

    def _begin(self) -> None:
        """List and open a watch from there. A list without a watch is still a look; the next lists again."""
        self.cache.expect_list()
        listing = list_all(self._wire, self._selection)
        self.cache.replace(listing.objects, listing.resource_version)
        self._served, self._version = listing.served, listing.resource_version
        if self._served and not self._closed.is_set():
            with suppress(Fault):
                self._stream = self._watch()

    def _watch(self) -> Stream:
        follow = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(self._pace.watch)}
        query = (*self._selection.query, *follow.items(), ("resourceVersion", self._version))
        return self._wire.follow(self._selection.kind.collection, query, self._pace.watch + _GRACE)

    def _follow(self, stream: Stream) -> None:
        """Take in events until the server ends the watch in good order, then open the next."""
        begun = monotonic()
        try:
            for event in stream:
                self._take(event)
            self._ended(monotonic() - begun)
        except Fault:
            self._lose(stream)
            raise

    def _take(self, event: Json) -> None:
        document = event.get("object") or {}
        match event.get("type"):
            case "ADDED" | "MODIFIED":
                changed = self.cache.put(self._selection.observe(document))
            case "DELETED":
                gone = self._selection.observe(document)
                changed = self.cache.drop(gone.ref, gone.uid)
            case "BOOKMARK":
                changed = False
            case "ERROR":
                path = self._selection.kind.collection
                raise fault_of_status(int(document.get("code") or 500), document, path)
            case unknown:
                raise Broken(f"{self._wire.server}: a watch event of type {unknown}")
        self._failures = 0
        self._version = (document.get("metadata") or {}).get("resourceVersion", "") or self._version
        if changed:
            self._on_change()

    def _ended(self, seconds: float) -> None:
        if self._closed.is_set() or seconds < self._pace.shortest:
            raise Unreachable(f"{self._wire.server}: the watch was closed")
        with self._turn:
            self._stream = self._watch()

    def _lose(self, stream: Stream) -> None:
        with self._turn:
            if self._stream is stream:
                self._stream = None
        stream.discard()
