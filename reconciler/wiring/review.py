"""Which doors a review looks through: a clone here, and the world that is meant."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reconciler.adapters.cell.cell import Cell
from reconciler.adapters.git.clone import clone_at
from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.limits import GitLimits
from reconciler.adapters.git.source import GitSource
from reconciler.faults import Refused
from reconciler.planner.desire.lore import Lore
from reconciler.review import Means, Reviewer
from reconciler.settings import Settings

from .doors import DoorsOf, repository_folder
from .lore import hub_door, load_catalog, load_templates
from .worlds import world_of


@contextmanager
def reviewer_for(settings: Settings) -> Iterator[Reviewer]:
    """A reviewer of the clone at `settings.repo`. `Refused` where that is a URL: nothing is fetched."""
    if not Path(settings.repo).exists():
        raise Refused(f"--base and --head compare commits of a clone, and --repo {settings.repo} is none")
    with ExitStack() as stack:
        revisions = stack.enter_context(clone_at(Path(settings.repo).absolute()))
        world = stack.enter_context(world_of(settings))
        source = _unread(settings)
        stack.callback(source.close)
        doors = DoorsOf(settings, world, source, None)
        stack.callback(doors.close)
        hub = hub_door(repository_folder(settings).parent / "hub", offline=settings.offline)
        means = Means(stack.enter_context(Cell()), hub, Lore(load_catalog(), load_templates()))
        yield Reviewer(revisions, means, doors, world.now, is_embedded=world.is_sandbox)


def _unread(settings: Settings) -> GitSource:
    """What the status branch's door is opened beside; a review neither reads nor writes through it."""
    folder, cache = str(Path(settings.repo).absolute()), repository_folder(settings) / "source"
    return GitSource(folder, settings.branch or "main", cache, Credentials(), GitLimits())
