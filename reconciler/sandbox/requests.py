"""What was asked of the two APIs: a log that tests and benches count by."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Asked:
    """One answered request. `api` is `kube` or `arm`; `status` is 0 where no answer was given, and
    `correlation` the id that ARM gave with its answer."""

    api: str
    method: str
    path: str
    query: str
    agent: str
    status: int
    correlation: str = ""


class RequestLog:
    """The newest requests (100,000 at most), safe to read from any thread."""

    def __init__(self) -> None:
        self._asked: deque[Asked] = deque(maxlen=100_000)
        self._hear: tuple[Callable[[Asked], None], ...] = ()

    def note(self, asked: Asked) -> None:
        """Write one down."""
        self._asked.append(asked)
        for hear in self._hear:
            hear(asked)

    def listen(self, hear: Callable[[Asked], None]) -> None:
        """Tell this one too of every request: after it took effect, before its answer leaves."""
        self._hear = (*self._hear, hear)

    def clear(self) -> None:
        """Forget all."""
        self._asked.clear()

    def __iter__(self) -> Iterator[Asked]:
        return iter(self._asked.copy())

    def __len__(self) -> int:
        return len(self._asked)

    def count(
        self, *, api: str = "", method: str = "", path: str = "", agent: str = "", status: int | None = None
    ) -> int:
        """Count the requests whose path and agent hold these texts and whose other parts equal these."""
        return sum(
            1
            for asked in self
            if asked.api == (api or asked.api)
            and asked.method == (method or asked.method)
            and path in asked.path
            and agent in asked.agent
            and asked.status == (asked.status if status is None else status)
        )
