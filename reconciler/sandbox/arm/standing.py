"""The state of the cluster itself: stopped and started by its owner, or as a trouble has it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.sandbox.trouble import Troubles

from .operations import Operation
from .refusals import not_in_this_state, pending

_TROUBLES = {
    "cluster-stopped": ("Stopped", "Succeeded"),
    "cluster-starting": ("Running", "Starting"),
    "cluster-upgrading": ("Running", "Upgrading"),
    "cluster-updating": ("Running", "Updating"),
}
_DOING = {"stop": "Stopping", "start": "Starting"}
_TOLERATED = ("Succeeded", "Updating")


@dataclass(frozen=True, slots=True)
class Standing:
    """Power (Running, Stopped) and provisioning state, as `managedClusters` tells them."""

    power: str = "Running"
    provisioning: str = "Succeeded"

    @property
    def is_awake(self) -> bool:
        """Do its machines run?"""
        return self.power == "Running" and self.provisioning != "Starting"

    def check_writes(self, cluster: str, doing: str) -> None:
        """Refuse (409) a write to a pool that this state does not allow."""
        if self.power != "Running" or self.provisioning in _DOING.values():
            raise not_in_this_state(self.provisioning, self.power, doing)
        if self.provisioning not in _TOLERATED:
            raise pending(cluster, self.provisioning)


def standing_of(power: str, running: Operation | None, troubles: Troubles) -> Standing:
    """Say how a cluster stands whose own operation is `running`."""
    for word, state in _TROUBLES.items():
        if troubles.threatens(word):
            return Standing(*state)
    return Standing(power, _DOING[running.verb] if running else "Succeeded")
