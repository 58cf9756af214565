"""What the world must give before the first pass, asked of the doors that will need it."""

from __future__ import annotations

import os

from reconciler.domain.fleet import Fleet
from reconciler.domain.preflight import Answer, Check
from reconciler.settings import Settings

from .worlds import world_of


def preflight(settings: Settings, fleet: Fleet) -> tuple[Check, ...]:
    """Every check, in the order in which one needs the other."""
    provisioner = fleet.spec.node_provisioner
    if provisioner != "agentPool":
        return (Check("azure", Answer.YES, f"not needed: the nodes come by nodeProvisioner {provisioner}"),)
    from reconciler.adapters.azure.cloud import ENDPOINT
    from reconciler.adapters.azure.preflight import azure_checks

    with world_of(settings) as world:
        cluster = world.aks or fleet.spec.cluster
        return azure_checks(cluster, world.azure_login, os.environ, world.arm_endpoint or ENDPOINT)
