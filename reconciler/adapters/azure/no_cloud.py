"""No agent pools: the nodes are Karpenter's, or the people's own."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.domain.cloud import AksStanding, Offering, Usage
from reconciler.domain.state import DesiredPool, ObservedPool
from reconciler.faults import Refused


class NoCloud:
    """Fills the port `Cloud` where the Fleet's nodes are not AKS agent pools."""

    def pools(self) -> Mapping[str, ObservedPool]:
        """None."""
        return {}

    def standing(self) -> AksStanding:
        """At rest: nothing of Azure is in the way."""
        return AksStanding("Running", "Succeeded")

    def offerings(self) -> Mapping[str, Offering]:
        """None."""
        return {}

    def usages(self) -> Mapping[str, Usage]:
        """None."""
        return {}

    def ensure(self, pool: DesiredPool, *, etag: str = "") -> str:
        """Refused: this fleet makes no agent pools."""
        raise Refused(f"agent pool {pool.name} is not this fleet's to make: its nodeProvisioner is another")

    def remove(self, name: str, *, ignore_disruption_budgets: bool = False) -> str:
        """Refused: this fleet removes no agent pools."""
        raise Refused(f"agent pool {name} is not this fleet's to remove: its nodeProvisioner is another")

    def abort(self, name: str) -> str:
        """Refused: this fleet has no agent pools."""
        raise Refused(f"agent pool {name} is not this fleet's to change: its nodeProvisioner is another")
