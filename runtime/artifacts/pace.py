"""A sender that still sends, but next to nothing: given up, so that it is asked anew and perhaps another one
answers. One that is silent altogether is given up by the timeouts of wire.py."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from runtime.artifacts.faults import Unreachable


@dataclass(frozen=True)
class Pace:
    """The least that must come: so many bytes in so many seconds."""

    least_bytes: int = 64 * 1024
    seconds: float = 60.0


WALKING = Pace()
"""About a kilobyte a second: a model of a gigabyte would take twelve days."""


def paced(
    pieces: Iterable[bytes], name: str, pace: Pace = WALKING, clock: Callable[[], float] = time.monotonic
) -> Iterator[bytes]:
    """The pieces as they come. Raises Unreachable where they come more slowly than the pace."""
    began, came = clock(), 0
    for piece in pieces:
        came += len(piece)
        yield piece
        passed = clock() - began
        if passed >= pace.seconds:
            if came < pace.least_bytes * passed / pace.seconds:
                raise Unreachable(
                    f"{name} comes at {came / passed:.0f} bytes a second: it is asked for anew."
                )
            began, came = clock(), 0
