"""What AKS does not set up on a machine size: AMD drivers, InfiniBand, and images for Arm processors.

Sources: AKS documentation of GPU node pools, of AMD GPUs and of the feature AKSInfinibandSupport.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.catalog.gpu import InstanceType
from reconciler.catalog.purpose import size_for
from reconciler.catalog.sizing import Sizing
from reconciler.domain.config import FieldPath
from reconciler.domain.workspace import Workspace

from .accepted import purpose_of
from .context import Context, count
from .flaw import Flaw, warning
from .resource import INSTANCE_TYPE


def hardware(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """Of the size a workspace names. That a preset's image is for NVIDIA GPUs and x86 is told elsewhere."""
    instance = context.instance(workspace)
    if instance is None or not context.provisions:
        return
    if workspace.preset is None:
        yield from unusual(INSTANCE_TYPE, instance)
    if instance.machine.infiniband and _spans_machines(instance, workspace, context):
        yield warning(
            INSTANCE_TYPE,
            f"AKS does not set up the InfiniBand of {instance.name}, and one model over several machines is "
            "slow over Ethernet",
            "register the feature AKSInfinibandSupport and install its drivers, or use machines that hold "
            "the model alone",
        )


def unusual(path: FieldPath, instance: InstanceType) -> Iterator[Flaw]:
    """What whoever brings the image must know."""
    if instance.gpu.vendor == "AMD":
        yield warning(
            path,
            f"AKS installs neither driver nor device plugin for the AMD GPUs of {instance.name}",
            "install AMD's GPU operator and ask for amd.com/gpu in the pod, or use a size with NVIDIA GPUs",
        )
    if instance.machine.cpu != "x86_64":
        yield warning(
            path,
            f"{instance.name} has {instance.machine.cpu} processors: images for x86_64 do not start there",
            "see that every image of the pod is built for it",
        )


def _spans_machines(instance: InstanceType, workspace: Workspace, context: Context) -> bool:
    preset, purpose = context.preset(workspace), purpose_of(workspace, context)
    if preset is None or purpose != "vllm":
        return count(workspace) > 1 and workspace.tuning is None
    sizing = size_for(purpose, preset, instance)
    return isinstance(sizing, Sizing) and sizing.nodes > 1
