"""The cluster's agent pools and what may be done to them; time passes in the background."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.trouble import Troubles

from .operations import Operation, Operations
from .place import MOST_POOLS, Place
from .pool import Pool, check_name, known_size, settle
from .refusals import (
    ArmError,
    busy,
    invalid,
    last_system_pool,
    missing_pool,
    no_capacity,
    no_quota,
    not_matching,
)
from .sizes import Sizes, VmSize

_SHARES = {
    "create": 1.0,
    "scale": 1.0,
    "update": 1 / 6,
    "delete": 1 / 3,
    "delete machines": 1 / 3,
    "abort": 1 / 30,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """The If-Match and If-None-Match of a write; an etag may come quoted or raw."""

    match: str = ""
    none_match: str = ""

    def check(self, name: str, pool: Pool | None) -> None:
        """Refuse (412) where it does not hold."""
        if self.none_match.strip() == "*" and pool:
            raise not_matching(name)
        wanted = self.match.strip().removeprefix("W/").strip('"')
        if wanted and (pool is None or wanted not in ("*", pool.etag)):
            raise not_matching(name)


@dataclass(frozen=True, slots=True)
class Terms:
    """How this cloud behaves: world seconds that making a pool takes, and vCPUs of quota a family."""

    pool_seconds: float
    quota_vcpus: int


class Cloud:
    """The agent pools of one cluster. `on_change` hears of each that changed; one gone comes as `Deleted`."""

    def __init__(self, place: Place, sizes: Sizes, terms: Terms, clock: Clock, troubles: Troubles) -> None:
        self.place, self.sizes, self.terms = place, sizes, terms
        self.pools: dict[str, Pool] = {}
        self.operations = Operations()
        self.on_change: Callable[[Pool], None] = lambda _: None
        self._clock, self._troubles = clock, troubles

    def pool(self, name: str) -> Pool:
        """Find a pool, or refuse (404)."""
        if name not in self.pools:
            raise missing_pool(name, self.place.cluster)
        return self.pools[name]

    def put(self, name: str, body: Mapping[str, Any], condition: Condition) -> Operation:
        """Begin to create or update a pool."""
        check_name(name)
        before = self.pools.get(name)
        condition.check(name, before)
        self._check_free(name)
        if before is None and len(self.pools) >= MOST_POOLS:
            raise invalid("agentPoolProfile", f"a cluster has at most {MOST_POOLS} agent pools.")
        properties = settle(body, before)
        self._check_quota(name, properties, known_size(properties, self.sizes, self.place.location))
        verb, state = _change(before, properties)
        base = before or Pool(name, properties, state, "")
        self._keep(replace(base, properties=properties, state=state, error=None))
        return self._begin(verb, name)

    def delete(self, name: str, condition: Condition) -> Operation | None:
        """Begin to delete a pool; None where there is none."""
        before = self.pools.get(name)
        if before is None:
            return None
        condition.check(name, before)
        self._check_free(name)
        if before.properties["mode"] == "System" and len(self._system_pools()) == 1:
            raise last_system_pool()
        self._keep(replace(before, state="Deleting", error=None))
        return self._begin("delete", name)

    def delete_machines(self, name: str, machines: Iterable[str]) -> Operation:
        """Begin to delete the named machines of a pool, its count with them."""
        before = self.pool(name)
        self._check_free(name)
        gone = {self._machine(before, machine) for machine in machines}
        left = tuple(machine for machine in before.machines if machine not in gone)
        properties = {**before.properties, "count": len(left)}
        self._keep(
            replace(before, properties=properties, machines=left, state="Deleting machines", error=None)
        )
        return self._begin("delete machines", name)

    def abort(self, name: str) -> Operation:
        """Begin to abort what runs on a pool; the pool and its operation end Canceled."""
        before = self.pool(name)
        if running := self.operations.running(name):
            self.operations.end(running, "Canceled", self._clock.now())
        self._keep(replace(before, state="Canceling"))
        return self._begin("abort", name)

    def adopt(self, pools: Iterable[Pool], operations: Iterable[Operation]) -> None:
        """Take over pools and operations from an earlier life; what was running goes on."""
        self.pools = {pool.name: pool for pool in pools}
        for operation in operations:
            self.operations.keep(operation)
            if operation.status == "InProgress":
                passed = (self._clock.now() - operation.started).total_seconds()
                self._clock.later(self._seconds(operation.verb) - passed, self._finish, operation.id)

    def used(self, family: str, apart_from: str = "") -> int:
        """Count the vCPUs that pools take of a family."""
        return sum(
            size.vcpus * pool.count
            for pool in self.pools.values()
            if pool.name != apart_from
            and (size := self.sizes.find(pool.size))
            and size.family.lower() == family.lower()
        )

    def _check_free(self, name: str) -> None:
        if running := self.operations.running(name):
            raise busy(name, running.verb)

    def _check_quota(self, name: str, properties: Mapping[str, Any], size: VmSize) -> None:
        wanted, used = size.vcpus * properties["count"], self.used(size.family, apart_from=name)
        before = self.pools.get(name)
        held = size.vcpus * before.count if before else 0
        left = self.terms.quota_vcpus - used
        if wanted > max(left, held):
            raise no_quota(size.family, wanted - held, max(left - held, 0), self.place.location)
        if wanted > held and self._troubles.strikes("no-quota", size.name, name):
            raise no_quota(size.family, wanted - held, 0, self.place.location)

    def _system_pools(self) -> list[Pool]:
        return [pool for pool in self.pools.values() if pool.properties["mode"] == "System"]

    def _machine(self, pool: Pool, node: str) -> int:
        for machine in pool.machines:
            if self.place.node_name(pool.name, machine) == node:
                return machine
        raise invalid(
            "machineNames", f"Cannot find any valid machines: '{node}' is not in pool '{pool.name}'."
        )

    def _begin(self, verb: str, name: str) -> Operation:
        operation = self.operations.begin(verb, name, self._clock.now())
        self._clock.later(self._seconds(verb), self._finish, operation.id)
        return operation

    def _seconds(self, verb: str) -> float:
        return self.terms.pool_seconds * _SHARES[verb]

    def _finish(self, name: str) -> None:
        operation = self.operations.find(name)
        if operation is None or operation.status != "InProgress":
            return
        pool = self.pools[operation.pool]
        error = self._failure(pool) if operation.verb in ("create", "scale") else None
        self.operations.end(operation, "Failed" if error else "Succeeded", self._clock.now(), error)
        if operation.verb == "delete":
            del self.pools[pool.name]
            self.on_change(replace(pool, state="Deleted", machines=()))
        elif operation.verb == "abort":
            self._keep(replace(pool, state="Canceled"))
        elif error:
            self._keep(replace(pool, state="Failed", error=error))
        else:
            self._keep(_manned(replace(pool, state="Succeeded")))

    def _failure(self, pool: Pool) -> ArmError | None:
        grows = pool.count > len(pool.machines)
        if grows and self._troubles.strikes("no-capacity", pool.size, pool.name):
            return no_capacity(pool.size, self.place.location)
        return None

    def _keep(self, pool: Pool) -> None:
        self.pools[pool.name] = replace(pool, etag=str(uuid.uuid4()))
        self.on_change(self.pools[pool.name])


def _change(before: Pool | None, properties: Mapping[str, Any]) -> tuple[str, str]:
    if before is None:
        return "create", "Creating"
    if properties["count"] != len(before.machines):
        return "scale", "Scaling"
    return "update", "Updating"


def _manned(pool: Pool) -> Pool:
    """Give a pool as many machines as it asks for: new ones at the end, surplus ones taken from there."""
    missing = max(pool.count - len(pool.machines), 0)
    new = tuple(range(pool.next_machine, pool.next_machine + missing))
    return replace(
        pool, machines=(*pool.machines, *new)[: pool.count], next_machine=pool.next_machine + missing
    )
