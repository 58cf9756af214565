"""Judging a manifest by itself: everything wrong with it, whether or not it runs already."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from reconciler.domain.finding import Finding
from reconciler.domain.workspace import Workspace

from .accepted import accepted_machines
from .annotations import annotation_values
from .beyond import beyond
from .context import Context
from .flaw import NOWHERE, At, Flaw
from .hardware import hardware
from .inference import inference
from .metadata import metadata
from .own_runtime import own_runtime
from .partition import partition
from .placeholders import placeholders
from .resource import resource
from .tuning import tuning

MOST_FLAWS = 100


def judge_create(workspace: Workspace, context: Context, at: At = NOWHERE) -> tuple[Finding, ...]:
    """Everything KAITO would refuse on create, and what we say beyond it, by place in the file."""
    return at.findings(create_flaws(workspace, context))


def create_flaws(workspace: Workspace, context: Context) -> tuple[Flaw, ...]:
    """The same without places, and not more than anybody would read. A placeholder explains its field;
    nothing else is said of that field."""
    unfilled = tuple(islice(placeholders(workspace), MOST_FLAWS))
    explained = {flaw.path for flaw in unfilled}
    others = (flaw for flaw in _flaws(workspace, context) if flaw.path not in explained)
    return (*unfilled, *islice(others, MOST_FLAWS))


def _flaws(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    yield from metadata(workspace)
    yield from _sections(workspace)
    yield from annotation_values(workspace, context)
    yield from resource(workspace, context)
    yield from partition(workspace, context)
    yield from inference(workspace, context)
    yield from tuning(workspace, context)
    yield from own_runtime(workspace, context)
    yield from beyond(workspace, context)
    yield from hardware(workspace, context)
    yield from accepted_machines(workspace, context)


def _sections(workspace: Workspace) -> Iterator[Flaw]:
    if workspace.inference is None and workspace.tuning is None:
        yield Flaw((), "the workspace neither serves nor tunes", "add inference or tuning")
    if workspace.inference is not None and workspace.tuning is not None:
        yield Flaw(
            ("tuning",), "a workspace cannot serve and tune at once", "write two workspaces, one for each"
        )
