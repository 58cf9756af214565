"""What provisioning stands on besides what is asked for and seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.catalog.gpu import InstanceType
from reconciler.domain.config import Config
from reconciler.domain.identity import WorkspaceName


@dataclass(frozen=True, slots=True)
class Ground:
    """The config, the workspaces the fleet already has, what is known of a machine size (None when nothing
    is), and the moment, RFC 3339."""

    config: Config
    standing: frozenset[WorkspaceName]
    machine: Callable[[str], InstanceType | None]
    now: str

    def price(self, instance_type: str) -> float | None:
        """Dollars an hour of one machine of that size; None when no public price is known."""
        known = self.machine(instance_type)
        return known.price.usd_per_hour if known and known.price else None

    def vcpus(self, instance_type: str) -> int:
        """vCPUs of one machine of that size, 0 when not known."""
        known = self.machine(instance_type)
        return known.machine.vcpu if known else 0

    def family(self, instance_type: str) -> str:
        """The quota family of that size as Azure spells it, empty when not known."""
        known = self.machine(instance_type)
        return known.quota_family if known else ""
