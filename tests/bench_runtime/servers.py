"""Servers as the bench sees them: started in turn, asked over HTTP, ended."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.bench_runtime.asking import Address, Round, ask, ask_round, is_healthy
from tests.bench_runtime.group import Group, Start, group
from tests.bench_runtime.plan import Level

READY_SECONDS = 400.0
PROBE_SECONDS = 0.2
"""Between two looks at /health. Ours answers from the start, and more looks would be work that the peer has
not: its port is closed until it is ready."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A server that can be started, and how it is asked."""

    start: Start
    address: Address


MakePair = Callable[[], tuple[Contender, Contender]]
"""Ours and the peer, on ports of their own."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready, held while it is not asked; `ready_seconds` from its start until it had
    answered with a token."""

    group: Group
    address: Address
    ready_seconds: float

    def ask_round(self, level: Level, seed: int) -> Round:
        """One round of questions; see asking.ask_round."""
        with self.group.running():
            return ask_round(self.address, level, seed, self.group.cpu_seconds)


Pair = tuple[Server, Server]


@contextmanager
def started(make: MakePair, times: int) -> Iterator[tuple[Pair, list[tuple[float, float]]]]:
    """Both of a pair, ready, with the seconds that each of so many starts took; they take turns in who is
    first."""
    seconds = list[tuple[float, float]]()
    for number in range(times):
        with ExitStack() as stack:
            order = (0, 1) if number % 2 else (1, 0)
            contenders = make()
            up = {which: stack.enter_context(_ready(contenders[which])) for which in order}
            seconds.append((up[0].ready_seconds, up[1].ready_seconds))
            if number == times - 1:
                yield (up[0], up[1]), seconds


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def _ready(contender: Contender) -> Iterator[Server]:
    with group(contender.start) as processes:
        with processes.running():
            while not is_healthy(contender.address):
                processes.look(processes.began + READY_SECONDS, PROBE_SECONDS)
            ask(contender.address, "Are you ready?", 1)
            seconds = time.monotonic() - processes.began
        yield Server(processes, contender.address, seconds)
