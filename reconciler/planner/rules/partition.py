"""Shares of a GPU: MIG slices and counts of a node's GPUs, on nodes somebody brought."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.domain.workspace import V1BETA1, Partition, Workspace

from .context import Context
from .flaw import Flaw, said, warning

PARTITION = ("resource", "partition")
_PROFILE = re.compile(r"[0-9]+g\.([0-9]+)gb")
_MIG_SIZES = {
    1: (5, 6, 10, 12, 18, 20, 23, 24, 35, 45),
    2: (10, 12, 20, 24, 35, 45),
    3: (20, 40, 47, 48, 71, 90),
    4: (20, 24, 40, 47, 48, 71, 90),
    7: (40, 80, 94, 96, 141, 180),
}
MIG_PROFILES = frozenset(f"{part}g.{size}gb" for part, sizes in _MIG_SIZES.items() for size in sizes)


def partition(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Nothing where no share is asked for, or one that can be had."""
    asked = workspace.resource.partition
    if asked is None:
        return
    if workspace.api_version != V1BETA1:
        yield warning(
            PARTITION, "v1alpha1 has no partition; KAITO drops it", "use apiVersion kaito.sh/v1beta1"
        )
    elif workspace.tuning is not None:
        yield Flaw(PARTITION, "fine-tuning cannot run on a share of a GPU", "remove partition")
    elif context.provisions:
        yield Flaw(
            PARTITION,
            "only nodes you bring yourself can be shared (nodeProvisioner: byo)",
            "remove partition, or bring nodes",
        )
    else:
        yield from _mode(asked, workspace, context)


def _mode(asked: Partition, workspace: Workspace, context: Context) -> Iterator[Flaw]:
    if asked.mode == "mig":
        yield from _mig(asked, workspace, context)
    elif asked.mode == "accelerator":
        yield from _accelerator(asked, context)
    else:
        yield Flaw((*PARTITION, "mode"), f"{said(asked.mode)} is no mode", "use mig or accelerator")


def _mig(asked: Partition, workspace: Workspace, context: Context) -> Iterator[Flaw]:
    if not context.fleet.spec.feature_gates.enable_mig:
        yield _gate("enableMIG")
    if asked.count is not None:
        yield Flaw((*PARTITION, "count"), "a MIG slice has no count", "remove count, or use mode accelerator")
    profile = asked.profile or ""
    match = _PROFILE.fullmatch(profile)
    if profile not in MIG_PROFILES or match is None:
        problem = "is no MIG profile" if match else "is not of the form 1g.10gb"
        yield Flaw(
            (*PARTITION, "profile"), f"{said(profile)!r} {problem}", "use one such as 1g.10gb or 3g.40gb"
        )
        return
    preset = context.preset(workspace)
    if preset is not None and preset.weights_gib > int(match[1]):
        yield Flaw(
            (*PARTITION, "profile"),
            f"the weights of {preset.short_name} take {preset.weights_gib:g} GiB; {profile} has {match[1]}",
            "use a larger slice or a smaller model",
        )


def _accelerator(asked: Partition, context: Context) -> Iterator[Flaw]:
    if not context.fleet.spec.feature_gates.enable_accelerator:
        yield _gate("enableAccelerator")
    if asked.profile is not None:
        yield Flaw((*PARTITION, "profile"), "whole GPUs have no profile", "remove profile, or use mode mig")
    if asked.count is None or asked.count < 1:
        yield Flaw((*PARTITION, "count"), "accelerator needs a count of 1 or more", "say how many GPUs")


def _gate(name: str) -> Flaw:
    return Flaw(
        (*PARTITION, "mode"),
        f"the gate {name} is off",
        f"set spec.featureGates.{name}: true in towline.yaml",
    )
