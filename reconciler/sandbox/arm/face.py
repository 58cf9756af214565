"""The ARM API over HTTP: addresses in any case, long-running operations, and a log of what was asked.

The protocol is the one recorded from AKS: a write answers 201 (new), 200 (changed) or 202 (delete) with
`azure-asyncoperation` and never Retry-After; the operation's address answers 200 also when it failed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from reconciler.sandbox.requests import Asked
from reconciler.sandbox.trouble import Troubles

from .cloud import Cloud, Condition
from .compute import sku_list, usage_list
from .operations import Operation
from .pool import pool_document, pool_profile
from .refusals import (
    ArmRefusal,
    broken,
    missing_cluster,
    missing_group,
    missing_operation,
    missing_path,
    missing_subscription,
    missing_version,
    throttled,
)
from .throttle import Buckets
from .wire import Answer, Call, machine_names, read_call, response_of

_PAGE = 50
_AKS = "microsoft.containerservice"
_COMPUTE = "microsoft.compute"


class ArmFace:
    """The HTTP face of a Cloud. `buckets` (or None) are the request limits to keep."""

    def __init__(
        self, cloud: Cloud, troubles: Troubles, on_request: Callable[[Asked], None], buckets: Buckets | None
    ) -> None:
        self._cloud, self._troubles, self._on_request, self._buckets = cloud, troubles, on_request, buckets

    def application(self) -> web.Application:
        """Build the aiohttp application."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._request)
        return app

    async def _request(self, request: web.Request) -> web.Response:
        status = 0
        try:
            response = await self._answered(request)
            status = response.status
            return response
        finally:
            agent = request.headers.get("User-Agent", "")
            self._on_request(Asked("arm", request.method, request.path, request.query_string, agent, status))

    async def _answered(self, request: web.Request) -> web.Response:
        if self._troubles.strikes("hanging-api", "arm", request.path):
            await asyncio.Event().wait()
        try:
            self._check_trouble(request)
            answer = self._answer(await read_call(request))
        except ArmRefusal as refusal:
            answer = Answer(refusal.status, refusal.body(), tuple(refusal.headers.items()))
        return response_of(answer, request.method)

    def _check_trouble(self, request: web.Request) -> None:
        if self._troubles.strikes("api-500", "arm", request.path):
            raise broken()
        if self._troubles.strikes("throttled", "arm", request.path):
            raise throttled(1)

    def _answer(self, call: Call) -> Answer:
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
            case "PUT", _, "agentpools", _:
                self._take("put pool", call.raw[9])
                return self._put(call, call.raw[9])
            case _, _, "agentpools", *rest:
                self._take("other", place.subscription)
                return self._pools(call, tuple(rest))
        raise missing_path("/".join(call.raw))

    def _pools(self, call: Call, words: tuple[str, ...]) -> Answer:
        match call.method, *words:
            case ("GET",):
                return self._list(call)
            case "GET", _:
                return Answer(200, pool_document(self._cloud.pool(call.raw[9]), self._cloud.place))
            case "DELETE", _:
                return self._delete(call, call.raw[9])
            case "POST", _, "deletemachines":
                operation = self._cloud.delete_machines(call.raw[9], machine_names(call.body))
                return Answer(202, None, self._polled(call, operation, location=True))
            case "POST", _, "abort":
                return Answer(202, None, self._polled(call, self._cloud.abort(call.raw[9]), location=True))
            case "GET", _, "machines":
                return Answer(200, {"value": self._machines(call.raw[9])})
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
                return Answer(200, {"value": [self._cluster_document()]})
        raise missing_path("/".join(call.raw))

    def _put(self, call: Call, name: str) -> Answer:
        status = 200 if name in self._cloud.pools else 201
        condition = Condition(call.headers.get("if-match", ""), call.headers.get("if-none-match", ""))
        operation = self._cloud.put(name, call.body, condition)
        body = pool_document(self._cloud.pool(name), self._cloud.place)
        return Answer(status, body, self._polled(call, operation))

    def _delete(self, call: Call, name: str) -> Answer:
        operation = self._cloud.delete(name, Condition(call.headers.get("if-match", "")))
        if operation is None:
            return Answer(204)
        return Answer(202, None, self._polled(call, operation, location=True))

    def _list(self, call: Call) -> Answer:
        """Answer a page; `nextLink` stands on every page but an empty one, as AKS was seen to do."""
        start = int(call.query.get("$skiptoken", "0")) if call.query.get("$skiptoken", "0").isdigit() else 0
        names = sorted(self._cloud.pools)[start : start + _PAGE]
        page: dict[str, Any] = {
            "value": [pool_document(self._cloud.pools[name], self._cloud.place) for name in names]
        }
        if names:
            token = f"api-version={call.query['api-version']}&$skiptoken={start + len(names)}"
            page["nextLink"] = f"{call.origin}{self._cloud.place.cluster_id}/agentPools?{token}"
        return Answer(200, page)

    def _operation(self, call: Call, name: str, in_full: bool) -> Answer:
        operation = self._cloud.operations.find(name)
        if operation is None:
            raise missing_operation(name)
        if in_full:
            return Answer(200, operation.document())
        if operation.status == "InProgress":
            return Answer(202, None, self._polled(call, operation, location=True))
        return Answer(204)

    def _polled(
        self, call: Call, operation: Operation, location: bool = False
    ) -> tuple[tuple[str, str], ...]:
        place = self._cloud.place
        below = (
            f"{call.origin}/subscriptions/{place.subscription}/providers/Microsoft.ContainerService/locations"
        )
        query = f"?api-version={call.query['api-version']}"
        headers = [("azure-asyncoperation", f"{below}/{place.location}/operations/{operation.id}{query}")]
        if location:
            headers.append(("location", f"{below}/{place.location}/operationresults/{operation.id}{query}"))
        return tuple(headers)

    def _machines(self, name: str) -> list[dict[str, Any]]:
        pool, place = self._cloud.pool(name), self._cloud.place
        return [
            {
                "id": f"{place.pool_id(name)}/machines/{place.node_name(name, machine)}",
                "name": place.node_name(name, machine),
                "type": "Microsoft.ContainerService/managedClusters/agentPools/machines",
                "properties": {"resourceId": place.provider_id(name, machine).removeprefix("azure://")},
            }
            for machine in pool.machines
        ]

    def _cluster_document(self) -> dict[str, Any]:
        pools = self._cloud.pools
        return self._cloud.place.cluster_document(
            [{"name": name, **pool_profile(pools[name])} for name in sorted(pools)]
        )

    def _take(self, kind: str, scope: str) -> None:
        if self._buckets and (refusal := self._buckets.take(kind, scope)):
            raise refusal
