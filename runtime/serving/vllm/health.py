"""`python -m runtime.serving.vllm.health DOCUMENT`: whether this pod does its part. Exit code 0: it does.

The leader, or a pod alone, is well where its HTTP server says so; a worker where its Ray node lives and the
leader answers it. One line says what was seen.
"""

from __future__ import annotations

import http.client
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from runtime.artifacts.faults import Mistaken
from runtime.serving.document import ServingConfig, Vllm
from runtime.serving.reading import read_document
from runtime.serving.vllm.ground import LOOPBACK, pod_number
from runtime.serving.vllm.ray_nodes import leader_check_command

HTTP_SECONDS = 4.0
RAY_SECONDS = 20.0
RAYLET = "raylet"
"""The process of Ray that is its node on this machine; the kernel's name of it (proc(5), comm)."""


@dataclass(frozen=True)
class Verdict:
    """Whether this pod is well, and what was seen."""

    well: bool
    seen: str


def health_of(config: ServingConfig, pod: int) -> Verdict:
    """Look once at pod number `pod` of this workspace, from inside of it."""
    assert isinstance(config.engine, Vllm)
    spread = config.engine.spread
    if spread.nodes > 1 and pod:
        return _of_worker(spread.leader)
    return _of_leader(config)


def _of_leader(config: ServingConfig) -> Verdict:
    host = LOOPBACK if config.host in ("0.0.0.0", "::", "") else config.host  # noqa: S104
    link = http.client.HTTPConnection(host, config.port, timeout=HTTP_SECONDS)
    try:
        link.request("GET", "/health")
        status = link.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return Verdict(well=False, seen=f"the server does not answer: {error}")
    finally:
        link.close()
    return Verdict(well=status == 200, seen=f"the server answers {status}")


def _of_worker(leader: str) -> Verdict:
    if not _runs(RAYLET):
        return Verdict(well=False, seen="no Ray node lives in this pod")
    try:
        done = subprocess.run(
            leader_check_command(leader),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=RAY_SECONDS,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired) as error:
        return Verdict(well=False, seen=f"the leader's Ray could not be asked: {error}")
    answers = done.returncode == 0
    return Verdict(well=answers, seen=f"the leader's Ray {'answers' if answers else 'does not answer'}")


def _runs(name: str) -> bool:
    """Whether a process of this name lives in this pod."""
    for each in Path("/proc").glob("[0-9]*/stat"):
        try:
            told = each.read_text("utf-8", errors="replace")
        except OSError:
            continue  # it ended meanwhile
        called, state = told[told.index("(") + 1 : told.rindex(")")], told[told.rindex(")") + 2]
        if called == name and state not in "ZX":
            return True
    return False


def main(words: list[str]) -> int:
    """Print one line and give the exit code."""
    if len(words) != 1:
        print("usage: python -m runtime.serving.vllm.health DOCUMENT", file=sys.stderr)  # noqa: T201
        return 1
    try:
        verdict = health_of(read_document(Path(words[0])), pod_number())
    except Mistaken as error:
        verdict = Verdict(well=False, seen=str(error))
    print(("well: " if verdict.well else "not well: ") + verdict.seen)  # noqa: T201
    return 0 if verdict.well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
