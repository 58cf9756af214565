"""One kind, listed once and followed from there by a thread of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from random import uniform
from threading import Event, Lock, Thread
from time import monotonic

from reconciler.domain.identity import Ref
from reconciler.domain.tally import Tally
from reconciler.faults import Broken, Fault, Unreachable

from .cache import KindCache, Snapshot
from .faults import fault_of_status
from .listing import Selection, Unseen, concerns_kind, doubt, held, list_all
from .seen import Json
from .stream import Stream
from .wire import Wire

_MOST_FAILURES = 10
_EXPIRED = ("Expired", "Gone")
"""What a 410 calls itself; the second on servers before 1.14."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: how long one watch lasts at most before it is opened anew; the pause between attempts, which
    grows from `first` to `longest`; the life under which a watch that ended counts as a failed one; and the
    silence after its end was due, for which it is taken to be dead."""

    watch: int = 240
    first: float = 0.5
    longest: float = 30.0
    shortest: float = 1.0
    grace: float = 15.0


class KindWatch:
    """Keeps one kind in memory for as long as a watch of it holds. When the watch is lost the memory is
    not believed: whoever looks first lists again. A kind that is not served, or cannot be seen, is asked for
    again by the thread alone, after pauses that grow."""

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
        self._unseen: Unseen | None = None
        self._failures = self._lists = self._expired = 0

    def look(self) -> Snapshot | Unseen:
        """Everything of this kind; asks nothing while the watch holds, nor while there is no such kind or it
        cannot be seen."""
        with self._turn:
            if self._stream is None and self._served and self._unseen is None:
                self._begin()
                if self._stream is not None:
                    self._woken.set()
            if self._thread is None:
                name = f"watch-{self._selection.kind.plural}"
                self._thread = Thread(target=self._run, name=name, daemon=True)
                self._thread.start()
            return self._unseen or self.cache.snapshot()

    def wake(self) -> None:
        """The API may serve this kind by now, or let us see it: try again at once."""
        if not self._served or self._unseen:
            self._failures, self._served, self._unseen = 0, True, None
            self._woken.set()

    def tallies(self) -> Iterator[Tally]:
        """How it goes with following."""
        labels = (("resource", self._selection.kind.plural),)
        yield held(self._selection.kind, self.cache)
        open_now = "Whether a watch is open."
        yield Tally("towline_kubernetes_watch_open", open_now, labels, self._stream is not None, grows=False)
        yield Tally("towline_kubernetes_lists", "Complete lists taken.", labels, self._lists)
        expired = "Watches that the API server had forgotten the beginning of (410)."
        yield Tally("towline_kubernetes_watches_expired", expired, labels, self._expired)

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
        longest = min(self._pace.longest, self._pace.first * 2**self._failures)
        return uniform(longest / 2, longest)  # noqa: S311 - jitter, not a secret

    def _try_to_follow(self) -> None:
        try:
            self._follow(self._stream or self._resume())
        except Fault as fault:
            self._failures = min(self._failures + 1, _MOST_FAILURES)
            self._expired += fault.code in _EXPIRED

    def _resume(self) -> Stream:
        """After a break: list, tell if anything changed meanwhile, and follow again."""
        before = self.cache.snapshot(), self._unseen
        with self._turn:
            if self._stream is None:
                self._begin()
            stream, after = self._stream, (self.cache.snapshot(), self._unseen)
        if after[0] is not before[0] or after[1] != before[1]:
            self._on_change()
        if stream is None:
            raise Unreachable(f"{self._selection.kind.plural} cannot be followed")
        return stream

    def _begin(self) -> None:
        """List and open a watch from there. A list without a watch is still a look; the next lists again."""
        self.cache.expect_list()
        try:
            listing = list_all(self._wire, self._selection)
            doubt(self._wire, self._selection, self.cache, listing)
        except Fault as fault:
            if not concerns_kind(fault, self._selection):
                raise
            self._unseen = Unseen(str(fault))
            return
        self.cache.replace(listing.objects, listing.resource_version)
        self._served, self._version, self._unseen = listing.served, listing.resource_version, None
        self._lists += 1
        if self._served and not self._closed.is_set():
            with suppress(Fault):
                self._stream = self._watch()

    def _watch(self) -> Stream:
        """Its length varies, so that not all end at once."""
        seconds = round(uniform(0.75, 1) * self._pace.watch)  # noqa: S311 - jitter, not a secret
        follow = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(seconds)}
        query = (*self._selection.query, *follow.items(), ("resourceVersion", self._version))
        return self._wire.follow(self._selection.kind.collection, query, seconds + self._pace.grace)

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
                changed = not self._knows(document) and self.cache.put(self._selection.observe(document))
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

    def _knows(self, document: Json) -> bool:
        """Whether it is the very version we have: the answer to a write tells us before the watch does."""
        metadata, kind = document.get("metadata") or {}, self._selection.kind
        name, namespace = metadata.get("name", ""), metadata.get("namespace", "")
        found = self.cache.find(Ref(kind.api_version, kind.kind, namespace, name))
        version = (metadata.get("uid"), metadata.get("resourceVersion"))
        return found is not None and (found.uid, found.resource_version) == version

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
