"""The door to the agent pools of one AKS cluster, and to what its region offers.

Everything here begins and returns: creating a GPU pool took 26 minutes when it was recorded, and the next
pass reads `provisioningState` from its one list. Nothing here retries, waits or polls.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from azure.core import MatchConditions
from azure.core.credentials import TokenCredential

from reconciler.adapters.user_agent import user_agent
from reconciler.domain.cloud import AksStanding, Offering, Usage
from reconciler.domain.fleet import AksCluster
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.moment import is_moment
from reconciler.domain.state import FLEET, WORKSPACE, WORKSPACE_NAMESPACE, DesiredPool, ObservedPool
from reconciler.domain.tally import Tally
from reconciler.faults import Conflict, Missing

from .arm import Arm, Terms, told_as_faults
from .buckets import Call
from .errors import correlation_of, provisioning_error
from .faults import NO_POOL
from .lately import Lately
from .market import offerings_of, quota_tallies, usages_of

ENDPOINT = "https://management.azure.com"
FLEET_TAG = "towline-fleet"
WORKSPACE_TAG = "towline-workspace"
NAMESPACE_TAG = "towline-workspace-namespace"
CREATED_TAG = "towline-created"
_NAME = re.compile(r"w[a-z2-7]{10}")
_COMPUTE = "providers/Microsoft.Compute"
_COMPUTE_VERSION = "2021-07-01"
_SKUS_SERVE, _USAGES_SERVE, _LOOK_SERVES = 6 * 3600.0, 60.0, 15.0  # seconds
_SPARE = 20  # requests kept for removals and aborts, which share AKS's count with looking


class AzureCloud:
    """Fills the port `Cloud`; safe for many threads."""

    def __init__(
        self,
        cluster: AksCluster,
        credential: TokenCredential,
        endpoint: str = ENDPOINT,
        fleet: str = "",
        terms: Terms | None = None,
    ) -> None:
        self._cluster = cluster
        self._where = (cluster.resource_group, cluster.name)
        self._terms = terms or Terms()
        agent = f"{user_agent()} fleet/{fleet}" if fleet else user_agent()
        self._arm = Arm(credential, cluster.subscription, endpoint, agent, self._terms)
        self._changing = threading.Lock()
        clock, pace = self._terms.clock, self._terms.pace
        self._pools = Lately[Mapping[str, ObservedPool]](_LOOK_SERVES / pace, clock)
        self._standing = Lately[AksStanding](_LOOK_SERVES / pace, clock)
        self._offerings = Lately[Mapping[str, Offering]](_SKUS_SERVE / pace, clock)
        self._usages = Lately[Mapping[str, Usage]](_USAGES_SERVE / pace, clock)

    def ask_before_writing(self, may_write: Callable[[], None]) -> None:
        """From now on call this before anything is changed; it raises Deposed where we may not any more."""
        self._arm.gate.may_write = may_write

    def pools(self) -> Mapping[str, ObservedPool]:
        """Every agent pool, from one list whose pages are all read. Raises Missing when the cluster is gone:
        that is not an empty list. Where requests run short, what was seen less than 15 s ago, if nothing was
        changed since."""
        return self._pools.answer(self._list, anew=self._arm.buckets.left(Call.OTHER) > _SPARE)

    def standing(self) -> AksStanding:
        """The cluster's own power and provisioning state, as old as `pools` may be. Raises Missing when it
        is gone."""
        return self._standing.answer(self._read_cluster, anew=self._arm.buckets.left(Call.READ_CLUSTER) > 1)

    def offerings(self) -> Mapping[str, Offering]:
        """The GPU sizes of the region as this subscription may have them; asked every 6 hours."""
        return self._offerings.answer(self._ask_offerings)

    def usages(self) -> Mapping[str, Usage]:
        """The vCPU quotas of the region; asked once a minute."""
        return self._usages.answer(self._ask_usages)

    def ensure(self, pool: DesiredPool, *, etag: str = "") -> str:
        """Begin to create the pool, or to make it so; the correlation id. With an etag: only if that is still
        the pool's, else Conflict. Conflict, too, while another operation runs."""
        begin = self._arm.client.agent_pools.begin_create_or_update
        return self._begin(begin, pool.name, json.loads(pool.body), **self._condition(etag))

    def remove(self, name: str, *, ignore_disruption_budgets: bool = False) -> str:
        """Begin to delete the pool; the correlation id, empty for one that is gone. A cluster that is gone is
        Missing. Within its pods' disruption budgets unless those are to be ignored."""
        ignored = {"ignore_pod_disruption_budget": True} if ignore_disruption_budgets else {}
        try:
            return self._begin(self._arm.client.agent_pools.begin_delete, name, **ignored)
        except Missing as missing:
            return _none_there(missing)

    def abort(self, name: str) -> str:
        """Begin to stop what Azure is doing with the pool; the correlation id, empty where there is nothing
        to stop: AKS answers 409 to an operation that ended before it could be."""
        try:
            return self._begin(self._arm.client.agent_pools.begin_abort_latest_operation, name)
        except Missing as missing:
            return _none_there(missing)
        except Conflict:
            return ""

    def permissions(self) -> tuple[Mapping[str, Any], ...]:
        """What we may do to the cluster: sets of `actions` less `notActions`, with wildcards."""
        path = f"{self.cluster_id}/providers/Microsoft.Authorization/permissions"
        return tuple(self._arm.items(path, api_version="2022-04-01"))

    def tallies(self) -> tuple[Tally, ...]:
        """What Azure was asked and how much more it may be; the vCPU quota as last seen."""
        return (*self._arm.buckets.tallies(), *quota_tallies(self._usages.last))

    @property
    def cluster_id(self) -> str:
        """The cluster as ARM names it."""
        group, name = (quote(each, safe="") for each in self._where)
        below = f"providers/Microsoft.ContainerService/managedClusters/{name}"
        return f"{self._subscription}/resourceGroups/{group}/{below}"

    def close(self) -> None:
        """Let go of all connections."""
        self._arm.client.close()

    @property
    def _subscription(self) -> str:
        return f"/subscriptions/{quote(self._cluster.subscription, safe='')}"

    def _list(self) -> Mapping[str, ObservedPool]:
        with told_as_faults():
            listed = [pool.as_dict() for pool in self._arm.client.agent_pools.list(*self._where)]
        return MappingProxyType({pool["name"]: observed_pool(pool) for pool in listed})

    def _read_cluster(self) -> AksStanding:
        with told_as_faults():
            return standing_of(self._arm.client.managed_clusters.get(*self._where).as_dict())

    def _ask_offerings(self) -> Mapping[str, Offering]:
        here = self._cluster.location
        path = f"{self._subscription}/{_COMPUTE}/skus"
        query = {"api_version": _COMPUTE_VERSION, "$filter": f"location eq '{here}'"}
        return offerings_of(self._arm.items(path, **query), here)

    def _ask_usages(self) -> Mapping[str, Usage]:
        here = quote(self._cluster.location, safe="")
        path = f"{self._subscription}/{_COMPUTE}/locations/{here}/usages"
        return usages_of(self._arm.items(path, api_version=_COMPUTE_VERSION))

    def _begin(self, begin: Callable[..., object], *what: object, **options: Any) -> str:
        """Ask for one change, one at a time in this cluster; what was seen before it is forgotten."""
        answers: list[Any] = []
        hook = {"raw_response_hook": lambda response: answers.append(response.http_response)}
        try:
            with self._changing, told_as_faults():
                begin(*self._where, *what, polling=False, **hook, **options)
        finally:
            self._pools.forget()
            self._standing.forget()
        return next((correlation_of(each.headers) for each in answers if each.status_code != 204), "")

    def _condition(self, etag: str) -> dict[str, Any]:
        if not etag:
            return {}
        if self._terms.raw_etags:
            return {"headers": {"If-Match": etag}}
        return {"etag": etag, "match_condition": MatchConditions.IfNotModified}


def observed_pool(document: Mapping[str, Any]) -> ObservedPool:
    """An agent pool as ARM tells it; whose it is stands in its tags, or where somebody replaced those, in its
    node labels."""
    properties = document.get("properties") or {}
    tags = properties.get("tags") or {}
    labels = properties.get("nodeLabels") or {}
    created, is_tagged = tags.get(CREATED_TAG, ""), WORKSPACE_TAG in tags
    marks = (
        (FLEET_TAG, WORKSPACE_TAG, NAMESPACE_TAG) if is_tagged else (FLEET, WORKSPACE, WORKSPACE_NAMESPACE)
    )
    fleet, workspace, namespace = ((tags if is_tagged else labels).get(mark, "") for mark in marks)
    is_ours = bool(workspace) and (is_tagged or _NAME.fullmatch(document["name"]) is not None)
    return ObservedPool(
        name=document["name"],
        instance_type=str(properties.get("vmSize") or ""),
        count=int(properties.get("count") or 0),
        state=str(properties.get("provisioningState") or ""),
        properties=MappingProxyType(dict(properties)),
        etag=str(properties.get("eTag") or ""),
        error=provisioning_error((properties.get("status") or {}).get("provisioningError")),
        owner=WorkspaceName(namespace, workspace) if is_ours else None,
        fleet=fleet if is_ours or is_tagged else tags.get(FLEET_TAG, ""),
        created=created if is_moment(created) else "",
        is_tagged=is_tagged or not is_ours,
    )


def standing_of(document: Mapping[str, Any]) -> AksStanding:
    """The cluster as ARM tells it; one without a power state is running."""
    properties = document.get("properties") or {}
    return AksStanding(
        (properties.get("powerState") or {}).get("code") or "Running",
        str(properties.get("provisioningState") or ""),
        int(properties.get("maxAgentPools") or 100),
        str(document.get("location") or ""),
    )


def _none_there(missing: Missing) -> str:
    if missing.code not in NO_POOL:
        raise missing
    return ""
