"""What this door needs from Azure, tried one thing after another: login, token, cluster, rights, market.

The roles: `Contributor` on the cluster is what Azure's own gpu-provisioner is given; sizes and quota are read
of the subscription, which `Reader` allows. Nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential

from reconciler.domain.cloud import AksStanding
from reconciler.domain.fleet import AksCluster
from reconciler.domain.preflight import Answer, Check
from reconciler.faults import Fault, Forbidden, Missing, Refused, Throttled, Unreachable

from .arm import scope_of, told_as_faults
from .cloud import ENDPOINT, AzureCloud
from .credentials import Environment, credential
from .market import same_place

_POOLS = "Microsoft.ContainerService/managedClusters/agentPools"
_NEEDED = (f"{_POOLS}/read", f"{_POOLS}/write", f"{_POOLS}/delete")
_LOGINS: Mapping[str, str] = {
    "workload-identity": (
        "label the pod azure.workload.identity/use=true, annotate its service account with"
        " azure.workload.identity/client-id, and give that identity a federated credential for the service"
        " account; or choose another login with --azure-login"
    ),
    "managed-identity": (
        "assign an identity to the machine, and name its client id in AZURE_CLIENT_ID where it has several;"
        " or choose another login with --azure-login"
    ),
    "service-principal": (
        "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET to a secret that has not expired; or"
        " choose another login with --azure-login"
    ),
    "cli": "log in with `az login`; or choose another login with --azure-login",
}


@dataclass(frozen=True, slots=True)
class _Mender:
    """What to do about a fault. `who` is the one who logs in, as a role assignment names it."""

    cluster: AksCluster
    endpoint: str
    who: str

    def role(self, role: str, scope: str) -> Callable[[Fault], str]:
        """For something that this role on this scope would allow."""
        return lambda fault: self._mend(fault, f"--role {role} --scope {scope}")

    def _mend(self, fault: Fault, assignment: str) -> str:
        match fault:
            case Forbidden():
                return f"az role assignment create --assignee {self.who} {assignment}"
            case Missing():
                return (
                    "name the cluster's subscription, resourceGroup and name under spec.cluster of"
                    " towline.yaml as `az aks list` tells them"
                )
            case Unreachable():
                host = urlsplit(self.endpoint).hostname
                return f"let Towline reach {host}; a proxy on the way is named in HTTPS_PROXY"
            case Throttled(retry_after=seconds):
                return f"ask again in {max(1, round(seconds))} s"
            case Refused(code="MissingSubscriptionRegistration"):
                return (
                    f"az provider register --subscription {self.cluster.subscription} --namespace"
                    " Microsoft.ContainerService, and the same for Microsoft.Compute"
                )
        return ""


def azure_checks(
    cluster: AksCluster, kind: str, environ: Environment, endpoint: str = ENDPOINT
) -> tuple[Check, ...]:
    """Everything that is needed of Azure, until something is missing without which the rest cannot be asked.
    Raises nothing that Azure does."""
    try:
        login = credential(kind, environ)
    except Forbidden as missing:
        return (Check("login", Answer.NO, str(missing), _LOGINS.get(kind, "")),)
    chosen = Check("login", Answer.YES, _chosen(kind, environ))
    token = _token(login, kind, endpoint)
    named = _named(cluster)
    if Answer.NO in (token.answer, named.answer):
        return tuple(check for check in (chosen, token, named) if check.said)
    mender = _Mender(cluster, endpoint, environ.get("AZURE_CLIENT_ID") or "<who logs in>")
    with closing(AzureCloud(cluster, login, endpoint, "preflight")) as cloud:
        rights = () if kind == "none" else (_rights(cloud, mender),)
        return (chosen, token, *_of_cluster(cloud, mender), *rights, *_of_market(cloud, mender))


def _chosen(kind: str, environ: Environment) -> str:
    client, tenant = environ.get("AZURE_CLIENT_ID"), environ.get("AZURE_TENANT_ID")
    match kind:
        case "none":
            return "none: the embedded world asks nobody who they are"
        case "cli":
            return "cli: whoever `az login` let in"
        case "managed-identity":
            return f"managed-identity: {f'client {client}' if client else 'the one this machine has'}"
        case _:
            return f"{kind}: client {client} of tenant {tenant}"


def _token(login: TokenCredential, kind: str, endpoint: str) -> Check:
    if kind == "none":
        return Check("token", Answer.YES, "none is needed")
    try:
        with told_as_faults():
            login.get_token(scope_of(endpoint))
    except Fault as fault:
        return Check("token", Answer.NO, str(fault), _LOGINS[kind])
    return Check("token", Answer.YES, f"issued for {urlsplit(endpoint).hostname}")


def _named(cluster: AksCluster) -> Check:
    """Whether the Fleet says which cluster is meant; it says nothing where it does."""
    wanted = {
        "subscription": cluster.subscription,
        "resourceGroup": cluster.resource_group,
        "name": cluster.name,
    }
    missing = [f"spec.cluster.{name}" for name, value in wanted.items() if not value]
    if not missing:
        return Check("cluster", Answer.YES, "")
    said = f"towline.yaml does not say which AKS cluster is meant: {', '.join(missing)}"
    return Check("cluster", Answer.NO, said, "`az aks list` tells them")


def _of_cluster(cloud: AzureCloud, mender: _Mender) -> Iterator[Check]:
    mend = mender.role("Contributor", cloud.cluster_id)
    try:
        aks = cloud.standing()
    except Fault as fault:
        yield Check("cluster", Answer.NO, str(fault), mend(fault))
        return
    yield from _standing(aks, mender.cluster)
    yield _asked("agent pools", lambda: f"{len(cloud.pools())} of at most {aks.most_pools}", mend)


def _standing(aks: AksStanding, cluster: AksCluster) -> Iterator[Check]:
    where = f"--resource-group {cluster.resource_group} --name {cluster.name}"
    yield Check("cluster", Answer.YES, f"{cluster.name} in {cluster.resource_group}")
    if aks.power == "Running":
        yield Check("power", Answer.YES, "Running")
    else:
        yield Check("power", Answer.NO, aks.power, f"az aks start {where}")
    match aks.provisioning:
        case "Succeeded":
            yield Check("provisioning", Answer.YES, "Succeeded")
        case "Failed" | "Canceled":
            mend = f"the activity log of the cluster says what failed; az aks update {where} tries it again"
            yield Check("provisioning", Answer.NO, aks.provisioning, mend)
        case under_way:
            yield Check("provisioning", Answer.LESS, under_way, "nothing is removed until it has Succeeded")
    if aks.location and not same_place(aks.location, cluster.location):
        said = f"the cluster lies in {aks.location}, towline.yaml says {cluster.location}"
        yield Check("region", Answer.NO, said, f"set spec.cluster.location to {aks.location}")
    else:
        yield Check("region", Answer.YES, cluster.location)


def _rights(cloud: AzureCloud, mender: _Mender) -> Check:
    mend = mender.role("Contributor", cloud.cluster_id)
    try:
        permissions = cloud.permissions()
    except Fault as fault:
        return Check(
            "rights", Answer.LESS, f"whether pools may be changed is not known: {fault}", mend(fault)
        )
    lacking = [action for action in _NEEDED if not _is_allowed(action, permissions)]
    if lacking:
        return Check("rights", Answer.NO, f"not allowed: {', '.join(lacking)}", mend(Forbidden("")))
    return Check("rights", Answer.YES, "agent pools may be made, changed and removed")


def _is_allowed(action: str, permissions: Iterable[Mapping[str, Any]]) -> bool:
    """Whether one of the sets of rights has the action: Azure adds roles up, and takes `notActions` away
    within each alone."""
    return any(
        _matches(action, each.get("actions")) and not _matches(action, each.get("notActions"))
        for each in permissions
    )


def _matches(action: str, patterns: Iterable[str] | None) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())


def _of_market(cloud: AzureCloud, mender: _Mender) -> Iterator[Check]:
    here = mender.cluster.location
    mend = mender.role("Reader", f"/subscriptions/{mender.cluster.subscription}")

    def sizes() -> str:
        offered = cloud.offerings().values()
        barred = sum(bool(each.closed) for each in offered)
        return f"{len(offered)} with GPUs in {here}, {barred} of them not for this subscription"

    unseen = "; without it a size that is not to be had is only found out by asking for it"
    yield _asked("machine sizes", sizes, lambda fault: f"{mend(fault)}{unseen}".lstrip("; "), Answer.LESS)
    unseen_quota = "; without it a quota that is too small is only found out by asking for nodes"
    yield _asked(
        "quota",
        lambda: f"{len(cloud.usages())} quotas of {here}",
        lambda fault: f"{mend(fault)}{unseen_quota}".lstrip("; "),
        Answer.LESS,
    )


def _asked(
    subject: str, ask: Callable[[], str], mend: Callable[[Fault], str], otherwise: Answer = Answer.NO
) -> Check:
    try:
        return Check(subject, Answer.YES, ask())
    except Fault as fault:
        return Check(subject, otherwise, str(fault), mend(fault))
