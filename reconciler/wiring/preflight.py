"""What the world must give before the first pass, asked of the doors that will need it."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.adapters.git.preflight import Branches, git_checks
from reconciler.domain.fleet import Fleet
from reconciler.domain.preflight import Answer, Check
from reconciler.planner.decide.inventory import NAMESPACE
from reconciler.planner.install.manifests import instance
from reconciler.planner.install.rights import deeds_of
from reconciler.settings import Settings

from .doors import karpenter_kinds
from .install import rights
from .lead import lease_names
from .repository import credentials
from .worlds import World, world_of


def preflight(settings: Settings, fleet: Fleet) -> tuple[Check, ...]:
    """Every check, in the order in which one needs the other: Git, Kubernetes, Azure."""
    with world_of(settings) as world:
        return (*_git(settings, fleet), *_kubernetes(world, fleet), *_azure(world, fleet))


def _git(settings: Settings, fleet: Fleet) -> tuple[Check, ...]:
    folder = Path(settings.repo)
    if folder.is_dir() and not ((folder / ".git").exists() or (folder / "HEAD").is_file()):
        mend = "name the repository that Towline will watch with --repo"
        return (Check("git", Answer.LESS, f"{folder} is no Git repository; not asked", mend),)
    url = str(folder.absolute()) if folder.exists() else settings.repo
    return git_checks(url, Branches(settings.branch, fleet.spec.status_branch), credentials())


def _kubernetes(world: World, fleet: Fleet) -> tuple[Check, ...]:
    from reconciler.adapters.kube.preflight import Needs, kube_checks

    spec, name = fleet.spec, instance(fleet)
    needs = Needs(
        deeds=deeds_of(rights(fleet), fleet),
        namespaces=tuple(sorted({*spec.namespaces, NAMESPACE})),
        kinds=karpenter_kinds(fleet),
        brings_nodes=spec.node_provisioner != "byo",
        account=(NAMESPACE, name),
        lease=(NAMESPACE, lease_names(fleet.name, 1)[0]),
    )
    return kube_checks(world.kubeconfig, world.context, needs)


def _azure(world: World, fleet: Fleet) -> tuple[Check, ...]:
    provisioner = fleet.spec.node_provisioner
    if provisioner != "agentPool":
        return (Check("azure", Answer.YES, f"not needed: the nodes come by nodeProvisioner {provisioner}"),)
    from reconciler.adapters.azure.cloud import ENDPOINT
    from reconciler.adapters.azure.preflight import azure_checks

    cluster = world.aks or fleet.spec.cluster
    return azure_checks(cluster, world.azure_login, os.environ, world.arm_endpoint or ENDPOINT)
