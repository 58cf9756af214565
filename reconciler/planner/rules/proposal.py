"""What a tuning asks to be proposed to: workspaces that can serve its adapter."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from reconciler.catalog.preset import Preset
from reconciler.domain.config import FieldPath
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.workspace import PROPOSE_TO, Workspace

from .context import Context
from .flaw import Flaw, said, warning

PATH: FieldPath = ("metadata", "annotations", PROPOSE_TO)

Peers = Mapping[WorkspaceName, Workspace]
"""Every workspace that is declared."""


def targets(name: WorkspaceName, workspace: Workspace) -> tuple[WorkspaceName, ...]:
    """The workspaces a tuning's adapter is to be proposed to, each once, in the order written. A bare name is
    one of its own namespace."""
    words = (word.strip() for word in workspace.annotations.get(PROPOSE_TO, "").split(","))
    parts = (word.rpartition("/") for word in words if word)
    return tuple(dict.fromkeys(WorkspaceName(space or name.namespace, each) for space, _, each in parts))


def proposal_flaws(
    name: WorkspaceName, workspace: Workspace, peers: Peers, context: Context
) -> Iterator[Flaw]:
    """Nothing where nothing is to be proposed, or it can be."""
    if PROPOSE_TO not in workspace.annotations:
        return
    if workspace.tuning is None:
        yield warning(PATH, "it has no effect: only what was fine-tuned is proposed", "remove it")
        return
    asked = targets(name, workspace)
    if not asked:
        yield warning(PATH, "it names nobody", "name a workspace that serves the same preset")
    yield from _unproposable(workspace, context)
    for target in asked:
        yield from _target(name, workspace, target, peers, context)


def _unproposable(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    output = workspace.tuning.output if workspace.tuning else None
    if output is not None and output.image is None:
        message = "the adapter goes to a volume, so there is no image to pin and nothing is proposed"
        yield warning(PATH, message, "write output.image with its imagePushSecret")
    elif not context.is_towline:
        message = "KAITO's containers do not say which digest they push, so nothing is proposed"
        yield warning(PATH, message, "set spec.runtime: towline in towline.yaml, or add the adapter by hand")


def _target(
    name: WorkspaceName, tuned: Workspace, target: WorkspaceName, peers: Peers, context: Context
) -> Iterator[Flaw]:
    peer = peers.get(target)
    if target == name:
        yield Flaw(PATH, f"{said(str(target))} is this tuning itself", "name a workspace that serves")
    elif peer is None:
        yield _unknown(target, peers)
    elif peer.tuning is not None:
        yield Flaw(PATH, f"{said(str(target))} tunes as well", "name a workspace that serves")
    elif peer.inference is not None:
        yield from _base(tuned, target, peer, context)


def _unknown(target: WorkspaceName, peers: Peers) -> Flaw:
    serving = [str(each) for each, workspace in peers.items() if workspace.inference is not None]
    near = difflib.get_close_matches(str(target)[:200], serving, n=3, cutoff=0.6)
    mend = f"did you mean {' or '.join(near)}?" if near else "name a workspace that serves the same preset"
    return warning(PATH, f"there is no workspace {said(str(target))}", mend)


def _base(tuned: Workspace, target: WorkspaceName, peer: Workspace, context: Context) -> Iterator[Flaw]:
    """An adapter is a difference to the weights it was trained on, and fits no others."""
    if tuned.preset is None:
        return
    mend = "name a workspace that serves what is tuned here"
    if peer.preset is None:
        yield Flaw(PATH, f"{said(str(target))} serves a template of its own, no preset", mend)
        return
    ours, theirs = (_model(context, each.name) for each in (tuned.preset, peer.preset))
    if ours != theirs:
        message = f"{said(str(target))} serves {said(theirs)}, and an adapter of {said(ours)} fits no other"
        yield Flaw(PATH, message, mend)


def _model(context: Context, name: str) -> str:
    known = context.named_preset(name)
    return known.name if isinstance(known, Preset) else name.strip().lower()
