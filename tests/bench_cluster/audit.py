"""What an API server's audit log says of who wrote what, and when."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tests.cluster.control_plane import ControlPlane

TOWLINE, KUBECTL = "towline/", "kubectl/"
_PARTS = ("workspaces", "services", "statefulsets")


@dataclass(frozen=True)
class Patch:
    """A PATCH that was answered well; seconds since 1970. `part` is whether it is of an object of a
    workspace, and not of its status."""

    name: str
    begun: float
    done: float
    part: bool


@dataclass(frozen=True)
class Burst:
    """Many writes, one after another: how many, and when the first began and the last was done."""

    count: int
    begun: float
    done: float

    @property
    def rate(self) -> float:
        """Writes a second."""
        return self.count / (self.done - self.begun)


def patches(plane: ControlPlane, agent: str, since: int = 0) -> list[Patch]:
    """The patches of whoever calls itself so, after that line of the log."""
    return list(_patches((plane.folder / "audit.log").read_text().splitlines()[since:], agent))


def requests(plane: ControlPlane, agent: str, since: int = 0) -> int:
    """How many requests whoever calls itself so made after that line of the log. A watch that goes on is
    written down when it begins."""
    lines = (plane.folder / "audit.log").read_text().splitlines()[since:]
    return sum(agent in json.loads(line).get("userAgent", "") for line in lines)


def burst(told: list[Patch]) -> Burst:
    """All those that are of objects of workspaces."""
    parts = [each for each in told if each.part]
    return Burst(len(parts), min(each.begun for each in parts), max(each.done for each in parts))


def _patches(lines: list[str], agent: str) -> Iterator[Patch]:
    for line in lines:
        event = json.loads(line)
        is_theirs = agent in event.get("userAgent", "") and event["verb"] == "patch"
        if is_theirs and event.get("responseStatus", {}).get("code", 500) < 300:
            thing = event["objectRef"]
            part = thing["resource"] in _PARTS and "subresource" not in thing
            begun, done = (_seconds(event[key]) for key in ("requestReceivedTimestamp", "stageTimestamp"))
            yield Patch(thing["name"], begun, done, part)


def _seconds(stamp: str) -> float:
    return datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()
