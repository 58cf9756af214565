"""Several nodes: Ray joins them, pod 0 leads and runs vLLM, the others lend it their GPUs.

The commands and the decisions are pure; `lead` and `join_leader` carry them out. Options as in Ray 2.60
(`ray start --help`); the shape is that of vLLM's examples/online_serving/multi-node-serving.sh.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from runtime.artifacts.faults import Mistaken, Passing
from runtime.serving.document import Spread
from runtime.serving.telling import tell
from runtime.serving.vllm.environment import RAY_PORT
from runtime.serving.vllm.ground import Ground

JOINED_AFTER = 90.0
"""Seconds: who stayed longer had joined; Ray gives up on a leader that does not answer sooner."""
PATIENCE = 1800.0
"""Seconds a worker tries to join before its container starts afresh: the leader may be fetching weights."""
PAUSES = (1.0, 2.0, 5.0, 10.0)
"""Seconds between one try and the next, the last again and again."""
NO_RAY = "This image has no `ray`: several nodes need the image of runtime/serving."


def head_command(address: str) -> tuple[str, ...]:
    """What the leader runs before vLLM; it returns once the cluster stands."""
    return (
        "ray",
        "start",
        "--head",
        f"--node-ip-address={address}",
        f"--port={RAY_PORT}",
        "--include-dashboard=false",
        "--disable-usage-stats",
    )


def join_command(leader: str, address: str) -> tuple[str, ...]:
    """What a worker runs; it returns when the node is lost or was never taken in."""
    return (
        "ray",
        "start",
        f"--address={leader}:{RAY_PORT}",
        f"--node-ip-address={address}",
        "--disable-usage-stats",
        "--block",
    )


def leader_check_command(leader: str) -> tuple[str, ...]:
    """Exit code 0 where the leader's Ray answers."""
    return ("ray", "health-check", f"--address={leader}:{RAY_PORT}")


@dataclass(frozen=True)
class Tries:
    """How often in a row a worker was not taken in, and since when, by a clock that only goes forward."""

    failed: int
    since: float


@dataclass(frozen=True)
class Again:
    """Try once more after a pause in seconds."""

    tries: Tries
    pause: float


@dataclass(frozen=True)
class GiveUp:
    """Let the container be started afresh."""

    sentence: str


def after_a_try(tries: Tries, lasted: float, now: float, leader: str) -> Again | GiveUp:
    """What comes after `ray start --block` ended by itself, having lasted that many seconds."""
    if lasted >= JOINED_AFTER:
        return Again(Tries(0, now), PAUSES[0])
    if now - tries.since >= PATIENCE:
        return GiveUp(
            f"The leader {leader}:{RAY_PORT} has not taken this node in for {now - tries.since:.0f} seconds: "
            "see the log of pod 0."
        )
    return Again(Tries(tries.failed + 1, tries.since), PAUSES[min(tries.failed, len(PAUSES) - 1)])


def lead(spread: Spread, ground: Ground) -> None:
    """Start the cluster of which this pod is the leader. vLLM waits by itself until all GPUs are there."""
    command = head_command(ground.address)
    tell("ray leads", nodes=spread.nodes, address=ground.address, port=RAY_PORT)
    done = _run(command)
    if done.returncode:
        raise Passing(f"Ray did not start on the leader (exit code {done.returncode}): {_tail(done.stdout)}")


def join_leader(spread: Spread, ground: Ground) -> NoReturn:
    """Lend this node to the leader for as long as it asks, and end by SIGTERM with code 0."""
    if not spread.leader:
        raise Mistaken(
            "engine.spread.leader must name pod 0 where spread.nodes is above 1, as <pod>.<headless service>."
        )
    tries = Tries(0, time.monotonic())
    lent = Lent()
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, lent.leave)
    while True:
        began = time.monotonic()
        code = lent.lend(join_command(spread.leader, ground.address))
        now = time.monotonic()
        move = after_a_try(tries, now - began, now, spread.leader)
        if isinstance(move, GiveUp):
            raise Passing(move.sentence)
        tell("ray left", code=code, after_seconds=round(now - began), again_in_seconds=move.pause)
        tries = move.tries
        time.sleep(move.pause)


class Lent:
    """This node as it is lent: Ray's process while there is one."""

    def __init__(self) -> None:
        self._ray: subprocess.Popen[bytes] | None = None
        self._leaving = False

    def lend(self, command: tuple[str, ...]) -> int:
        """Run Ray until it ends, and give its exit code; end this process where it was asked to leave."""
        try:
            self._ray = subprocess.Popen(command)
        except FileNotFoundError as error:
            raise Mistaken(NO_RAY) from error
        code = self._ray.wait()
        self._ray = None
        if self._leaving:
            sys.exit(0)
        return code

    def leave(self, _number: int, _frame: FrameType | None) -> None:
        """Ask Ray to leave, which ends this process; at once where there is none."""
        self._leaving = True
        if self._ray is None:
            sys.exit(0)
        self._ray.terminate()


def _run(command: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=300,
            env={**os.environ, "RAY_ADDRESS": ""},
        )
    except FileNotFoundError as error:
        raise Mistaken(NO_RAY) from error
    except subprocess.TimeoutExpired as error:
        raise Passing("Ray did not start on the leader within 300 seconds.") from error


def _tail(text: str) -> str:
    return " ".join(text.split())[-400:]
