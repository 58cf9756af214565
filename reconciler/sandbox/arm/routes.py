"""Which address of the ARM API does what: from a call to its answer.

A write answers 201 (new), 200 (changed) or 202 (delete) with `azure-asyncoperation` and never Retry-After;
the operation's address answers 200 also when it failed.
"""

from __future__ import annotations

from typing import Any

from .addresses import polled
from .cloud import Cloud, Condition
from .compute import sku_list, usage_list
from .denials import forbidden
from .pool import pool_document, pool_profile
from .refusals import (
    missing_cluster,
    missing_group,
    missing_operation,
    missing_path,
    missing_subscription,
    missing_version,
)
from .throttle import Buckets
from .wire import Answer, Call, machine_names

_PAGE = 50
_AKS = "microsoft.containerservice"
_COMPUTE = "microsoft.compute"


class Routes:
    """The addresses of one cluster. `buckets` (or None) are the request limits to keep."""

    def __init__(self, cloud: Cloud, buckets: Buckets | None) -> None:
        self._cloud, self._buckets = cloud, buckets

    def answer(self, call: Call) -> Answer:
        """Answer a call, or raise ArmRefusal."""
        if "api-version" not in call.query:
            raise missing_version()
        place = self._cloud.place
        match call.words:
            case ("subscriptions", other, *_) if other != place.subscription.lower():
                raise missing_subscription(call.raw[1])
            case (_, _, "resourcegroups", other, *_) if other != place.group.lower():
                raise missing_group(call.raw[3])
            case (_, _, "resourcegroups", _, "providers", p, "managedclusters", *rest) if p == _AKS:
                return self._cluster(call, tuple(rest))
            case (_, _, "providers", p, *rest) if p in (_AKS, _COMPUTE):
                return self._regional(call, tuple(rest))
        raise missing_path("/".join(call.raw))

    def _cluster(self, call: Call, words: tuple[str, ...]) -> Answer:
        place = self._cloud.place
        if words and words[0] != place.cluster.lower():
            raise missing_cluster(call.raw[7], place.group)
        match call.method, *words:
            case ("GET",):
                self._take("get cluster", place.subscription)
                return Answer(200, {"value": [self._cluster_document()]})
            case "GET", _:
                self._take("get cluster", place.subscription)
                return Answer(200, self._cluster_document())
            case "POST", _, ("stop" | "start") as verb:
                operation = self._cloud.power(verb)
                return Answer(202, None, polled(call, place, operation, location=True))
            case "PUT", _, "agentpools", _:
                self._take("put pool", call.pool)
                return self._put(call)
            case _, _, "agentpools", *rest:
                self._take("other", place.subscription)
                return self._pools(call, tuple(rest))
        raise missing_path("/".join(call.raw))

    def _pools(self, call: Call, words: tuple[str, ...]) -> Answer:
        place = self._cloud.place
        match call.method, *words:
            case ("GET",):
                return self._list(call)
            case "GET", _:
                return Answer(200, self._document(call.pool))
            case "DELETE", _:
                return self._delete(call)
            case "POST", _, "deletemachines":
                operation = self._cloud.delete_machines(call.pool, machine_names(call.body))
                return Answer(202, None, polled(call, place, operation, location=True))
            case "POST", _, "abort":
                operation = self._cloud.abort(call.pool)
                return Answer(202, None, polled(call, place, operation, location=True))
            case "GET", _, "machines":
                return Answer(200, {"value": self._machines(call.pool)})
        raise missing_path("/".join(call.raw))

    def _regional(self, call: Call, words: tuple[str, ...]) -> Answer:
        match call.method, *words:
            case "GET", "locations", _, ("operations" | "operationresults") as form, name:
                self._take("get operation", self._cloud.place.subscription)
                return self._operation(call, name, form == "operations")
            case "GET", "locations", here, "usages" if here == self._cloud.place.location.lower():
                return Answer(200, usage_list(self._cloud))
            case "GET", "skus":
                return Answer(200, sku_list(self._cloud, call.query.get("$filter", "")))
            case "GET", "managedclusters":
                self._take("get cluster", self._cloud.place.subscription)
                return Answer(200, {"value": [self._cluster_document()]})
            case "POST", "register":
                scope = f"/subscriptions/{self._cloud.place.subscription}"
                raise forbidden(f"{call.raw[3]}/register/action", scope)
        raise missing_path("/".join(call.raw))

    def _put(self, call: Call) -> Answer:
        status = 200 if call.pool in self._cloud.pools else 201
        condition = Condition(call.headers.get("if-match", ""), call.headers.get("if-none-match", ""))
        operation = self._cloud.put(call.pool, call.body, condition)
        return Answer(status, self._document(call.pool), polled(call, self._cloud.place, operation))

    def _delete(self, call: Call) -> Answer:
        forced = call.query.get("ignore-pod-disruption-budget", "").lower() == "true"
        condition = Condition(call.headers.get("if-match", ""))
        operation = self._cloud.delete(call.pool, condition, forced=forced)
        if operation is None:
            return Answer(204)
        return Answer(202, None, polled(call, self._cloud.place, operation, location=True))

    def _list(self, call: Call) -> Answer:
        """Answer a page; `nextLink` stands on every page but an empty one, as AKS was seen to do."""
        start = int(call.query.get("$skiptoken", "0")) if call.query.get("$skiptoken", "0").isdigit() else 0
        names = sorted(self._cloud.pools)[start : start + _PAGE]
        seen = [name for name in names if not self._is_overlooked(name)]
        page: dict[str, Any] = {"value": [self._document(name) for name in seen]}
        if names:
            token = f"api-version={call.query['api-version']}&$skiptoken={start + len(names)}"
            page["nextLink"] = f"{call.origin}{self._cloud.place.cluster_id}/agentPools?{token}"
        return Answer(200, page)

    def _is_overlooked(self, name: str) -> bool:
        return self._cloud.troubles.strikes("stale-list", *self._cloud.pools[name].names)

    def _operation(self, call: Call, name: str, in_full: bool) -> Answer:
        operation = self._cloud.estate.operations.find(name)
        if operation is None:
            raise missing_operation(name)
        if in_full:
            return Answer(200, operation.document())
        if operation.status == "InProgress":
            return Answer(202, None, polled(call, self._cloud.place, operation, location=True))
        return Answer(204)

    def _machines(self, name: str) -> list[dict[str, Any]]:
        pool, place = self._cloud.pool(name), self._cloud.place
        return [place.machine_document(name, machine, pool.zone(machine)) for machine in pool.machines]

    def _document(self, name: str) -> dict[str, Any]:
        return pool_document(self._cloud.pool(name), self._cloud.place, self._cloud.standing.power)

    def _cluster_document(self) -> dict[str, Any]:
        pools, standing = self._cloud.pools, self._cloud.standing
        return self._cloud.place.cluster_document(
            [{"name": name, **pool_profile(pools[name], standing.power)} for name in sorted(pools)],
            provisioningState=standing.provisioning,
            powerState={"code": standing.power},
            maxAgentPools=self._cloud.most_pools,
        )

    def _take(self, kind: str, scope: str) -> None:
        if self._buckets and (refusal := self._buckets.take(kind, scope)):
            raise refusal
