"""The front door: who is let in to ask at all. Everything here was asked for as a trouble."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.sandbox.trouble import Troubles

from .cloud import Cloud
from .denials import disallowed, forbidden, linked_forbidden, not_registered
from .errors import ArmRefusal
from .pool import Pool
from .refusals import broken, missing_cluster, throttled
from .wire import Call

_AKS = "Microsoft.ContainerService"
_CLUSTERS = f"{_AKS}/managedClusters"
_VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}
_JOIN = "Microsoft.Network/virtualNetworks/subnets/join/action"


class Gate:
    """Refuses calls for roles, policies, registrations and the like."""

    def __init__(self, cloud: Cloud, troubles: Troubles) -> None:
        self._cloud, self._troubles = cloud, troubles

    def check(self, call: Call) -> None:
        """Refuse a call that a trouble strikes."""
        names = self.names(call)
        for word, (applies, refusal) in _REFUSALS.items():
            if applies(call) and self._troubles.strikes(word, *names):
                raise refusal(call, self._cloud)

    def names(self, call: Call) -> tuple[str, ...]:
        """List what troubles may be told by: `arm`, the path, and the names of the pool it is about."""
        told = ("arm", call.path)
        if not call.pool:
            return told
        properties = call.body.get("properties")
        if call.method == "PUT" and isinstance(properties, Mapping) and properties.get("vmSize"):
            return (*told, *Pool(call.pool, properties, "", "").names)
        known = self._cloud.pools.get(call.pool)
        return (*told, *(known.names if known else (call.pool,)))


def _is_any(_: Call) -> bool:
    return True


def _is_provided(call: Call) -> bool:
    return "providers" in call.words


def _is_registering(call: Call) -> bool:
    return call.method == "POST" and call.words[-1:] == ("register",)


def _is_write(call: Call) -> bool:
    return call.method != "GET" and not _is_registering(call)


def _is_put(call: Call) -> bool:
    return call.method == "PUT"


def _is_read(call: Call) -> bool:
    return call.method == "GET" and _AKS.lower() in call.words


def _is_usages(call: Call) -> bool:
    return call.words[-1:] == ("usages",)


def _is_sizes(call: Call) -> bool:
    return call.words[-1:] == ("skus",)


def _is_list(call: Call) -> bool:
    return call.method == "GET" and call.words[-1:] == ("agentpools",)


def _is_next_page(call: Call) -> bool:
    return _is_list(call) and "$skiptoken" in call.query


def _needs_registration(call: Call) -> bool:
    return _is_provided(call) and not _is_registering(call)


def _unauthorized(call: Call, _: Cloud) -> ArmRefusal:
    return forbidden(_action(call), call.path.rstrip("/"))


def _unregistered(call: Call, cloud: Cloud) -> ArmRefusal:
    return not_registered(cloud.place.subscription, _namespace(call))


def _linked(call: Call, cloud: Cloud) -> ArmRefusal:
    place = cloud.place
    network = f"/subscriptions/{place.subscription}/resourceGroups/{place.group}/providers/Microsoft.Network"
    return linked_forbidden(_action(call), call.path, _JOIN, f"{network}/virtualNetworks/hub/subnets/aks")


def _namespace(call: Call) -> str:
    return call.raw[call.words.index("providers") + 1]


def _action(call: Call) -> str:
    """Name the action that a role would have to allow."""
    if _is_usages(call):
        return "Microsoft.Compute/locations/usages/read"
    if _is_sizes(call):
        return "Microsoft.Compute/skus/read"
    if _is_registering(call):
        return f"{_namespace(call)}/register/action"
    kind = f"{_CLUSTERS}/agentPools" if "agentpools" in call.words else _CLUSTERS
    if call.method == "POST":
        return f"{kind}/{call.raw[-1]}/action"
    return f"{kind}/{_VERBS[call.method]}"


_REFUSALS: Mapping[str, tuple[Callable[[Call], bool], Callable[[Call, Cloud], ArmRefusal]]] = {
    "api-500": (_is_any, lambda _, __: broken()),
    "throttled": (_is_any, lambda _, __: throttled(1)),
    "not-registered": (_needs_registration, _unregistered),
    "no-reader": (_is_read, _unauthorized),
    "no-quota-api": (_is_usages, _unauthorized),
    "no-sku-api": (_is_sizes, _unauthorized),
    "lost-list": (_is_list, lambda _, cloud: missing_cluster(cloud.place.cluster, cloud.place.group)),
    "truncated-list": (_is_next_page, lambda _, __: broken()),
    "forbidden": (_is_write, _unauthorized),
    "forbidden-subnet": (_is_put, _linked),
    "policy": (_is_put, lambda call, cloud: disallowed(call.pool, cloud.place.subscription)),
}
