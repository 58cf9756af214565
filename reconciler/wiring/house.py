"""The house put together: an engine over its doors, and the loop over the engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from socket import socket

import structlog

from reconciler.adapters.cell.cell import Cell
from reconciler.adapters.git.file_watch import FileWatch
from reconciler.adapters.git.source import GitSource
from reconciler.daemon import Ending, Passes, Rhythm, Run, Trigger, keep_reconciling
from reconciler.domain.report import Report
from reconciler.domain.tally import Tally
from reconciler.listen.address import listens_at, open_door
from reconciler.listen.pulse import Pulse
from reconciler.pauses import Pauses
from reconciler.planner.desire.lore import Lore
from reconciler.ports import Source
from reconciler.prospect import Reading
from reconciler.reconcile import Engine
from reconciler.settings import Settings

from .doors import DoorsOf, repository_folder
from .heard import HeardSource
from .lead import Leadership, leadership
from .lore import hub_door, load_catalog, load_templates
from .repository import source_of
from .told import Tell, Teller, telling
from .worlds import World, world_of

Tallies = Callable[[], tuple[Tally, ...]]


class House:
    """An engine, and when it runs."""

    def __init__(
        self, engine: Engine, trigger: Trigger, tell: Tell, pulse: Pulse, busy_seconds: float = 5.0
    ) -> None:
        self.engine = engine
        self.pulse = pulse
        self._busy_seconds = busy_seconds
        self._trigger = trigger
        self._tell = tell

    def keep_reconciling(self, ending: Ending, poll: float | None = None) -> Run:
        """Run passes until told to stop or until `ending` holds. `poll` overrides the Fleet's interval."""

        def idle() -> float:
            return poll or self.engine.interval_seconds

        def rhythm() -> Rhythm:
            return Rhythm(idle(), min(idle(), self._busy_seconds))

        passes = _Felt(self.engine, self.pulse, idle)
        return keep_reconciling(passes, self._trigger, rhythm, ending, telling(self.pulse.end, self._tell))


@dataclass(frozen=True, slots=True)
class _Felt:
    """Passes whose beginning is felt by the pulse; `interval` are the seconds between them."""

    passes: Passes
    pulse: Pulse
    interval: Callable[[], float]

    def run_pass(self) -> Report:
        """The pass."""
        self.pulse.begin(self.interval())
        return self.passes.run_pass()


@contextmanager
def running(settings: Settings, trigger: Trigger, tell: Tell | None = None) -> Iterator[House]:
    """The house with its watches open: a push to a local repository or a change in the cluster fires the
    trigger."""
    with ExitStack() as stack:
        ear = stack.enter_context(open_door(settings.listen)) if settings.listen else None
        world = stack.enter_context(world_of(settings))
        source = stack.enter_context(source_of(settings))
        _introduce(world, source)
        doors = DoorsOf(settings, world, source, trigger.fire)
        lead = stack.enter_context(leadership(settings, world, trigger.fire))
        pulse = Pulse()
        heard = HeardSource(source, pulse.saw)
        engine = stack.enter_context(_engine(settings, heard, doors, world, lead))
        if source.remote.address.scheme == "file":
            watch = FileWatch(Path(source.remote.address.path), trigger.fire, source.branch)
            watch.start()
            stack.callback(watch.stop)
        busy = 0.5 if world.is_sandbox else 5.0
        house = House(engine, trigger, tell or Teller(), pulse, busy)
        if ear is not None:
            stack.enter_context(_listening(ear, pulse, (engine.tallies, doors.tallies, lead.tallies)))
        yield house


@contextmanager
def engine_for(settings: Settings) -> Iterator[Engine]:
    """An engine for one look: no watches, no threads left behind."""
    with ExitStack() as stack:
        world = stack.enter_context(world_of(settings))
        source = stack.enter_context(source_of(settings))
        yield stack.enter_context(_engine(settings, source, DoorsOf(settings, world, source, None), world))


@contextmanager
def _listening(ear: socket, pulse: Pulse, counting: tuple[Tallies, ...]) -> Iterator[None]:
    """Answer who asks how it goes, and what everybody counts, while the block lasts."""
    from reconciler.listen.routes import routes
    from reconciler.listen.server import serving

    structlog.get_logger().info("listening", address=listens_at(ear))
    with serving(ear, routes(pulse, lambda: tuple(tally for each in counting for tally in each()))):
        yield


@contextmanager
def _engine(
    settings: Settings, source: Source, doors: DoorsOf, world: World, lead: Leadership | None = None
) -> Iterator[Engine]:
    """Who leads asks before each write; who only looks writes nothing."""
    hub = hub_door(repository_folder(settings).parent / "hub", offline=settings.offline)
    lore = Lore(load_catalog(), load_templates())
    with ExitStack() as stack:
        stack.callback(doors.close)
        reader = stack.enter_context(Cell())
        reading, pauses = Reading(source, reader, hub, lore), Pauses(world.pace.clock)
        if lead is None:
            yield Engine(reading, doors, world.now, pauses)
        else:
            yield Engine(reading, lead.fencing(doors), world.now, pauses, lead.share)


def _introduce(world: World, source: GitSource) -> None:
    log = structlog.get_logger()
    where = "the embedded sandbox" if world.is_sandbox else world.context or "the cluster it runs in"
    log.info("watching", repository=str(source.remote), branch=source.branch, world=where)
    if world.is_sandbox:
        but = "; pods of Towline's own images run on this machine" if world.runs_containers else ""
        note = f"nodes and pods are simulated{but}"
        log.info("sandbox", note=note, kubeconfig=str(world.kubeconfig))
