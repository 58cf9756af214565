"""Where the process stands, as a value that every route looks at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.serving.refused import Refused

if TYPE_CHECKING:
    from runtime.serving.small.desk import Desk

SOON_SECONDS = 5


@dataclass(frozen=True)
class Loading:
    """Not ready yet; `what` is going on."""

    what: str


@dataclass(frozen=True)
class Ready:
    """Questions are answered at this desk."""

    desk: Desk


@dataclass(frozen=True)
class Draining:
    """Told to stop: what runs is finished, nothing new is begun."""


Stage = Loading | Ready | Draining


class Standing:
    """The present stage; written by the course of the process alone."""

    def __init__(self) -> None:
        self.now: Stage = Loading("starting")

    def desk(self) -> Desk:
        """The desk, once there is one; else Refused with 503."""
        match self.now:
            case Ready(desk):
                return desk
            case closed:
                raise refusal(closed)


def refusal(stage: Loading | Draining) -> Refused:
    """What everybody is told at such a stage."""
    match stage:
        case Loading(what):
            return Refused(503, f"The model is not ready: {what}.", wait=SOON_SECONDS)
        case Draining():
            return Refused(503, "The server is stopping: ask another replica.", wait=SOON_SECONDS)
