"""In which order things are made; they are unmade in the reverse."""

from __future__ import annotations

from reconciler.domain.plan import Action, Step

_RANK = {
    "CustomResourceDefinition": 0,
    "Namespace": 1,
    "AKSNodeClass": 2,
    "Workspace": 2,
    "AgentPool": 3,
    "NodePool": 3,
    "NodeClaim": 3,
    "ServiceAccount": 4,
    "ConfigMap": 5,
    "Secret": 5,
    "PersistentVolumeClaim": 6,
    "Service": 7,
    "StatefulSet": 9,
    "Deployment": 9,
    "Job": 9,
}
_OTHER = 8
POOL = "AgentPool"
CLUSTER_WIDE = frozenset({"CustomResourceDefinition", "Namespace", "AKSNodeClass"})
"""What fleets, and KAITO, share: made where it is missing, kept as it is where somebody else made it."""


def in_order(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Steps as they are to be done: what others stand on first; prunes last, in reverse."""
    return tuple(sorted(steps, key=_position))


def _position(step: Step) -> tuple[int, int, str]:
    rank = _RANK.get(step.target.kind, _OTHER)
    if step.action is Action.PRUNE:
        return 1, -rank, str(step.target)
    return 0, rank, str(step.target)
