"""The cluster and its agent pools, and what may be asked of them; what is begun goes on by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.trouble import Troubles

from .course import Course
from .estate import CLUSTER, Estate
from .failures import Failures
from .objections import Objections, Wish
from .operations import Operation
from .place import Place
from .pool import Pool, check_name, settle, with_disk
from .quota import Limits, Quota
from .refusals import (
    busy,
    invalid,
    last_system_pool,
    missing_pool,
    not_in_this_state,
    not_matching,
    unknown_size,
)
from .sizes import Sizes, VmSize
from .standing import Standing, standing_of


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
    """How this cloud behaves: world seconds that making a pool takes, vCPU limits, and pools a cluster."""

    pool_seconds: float
    limits: Limits
    most_pools: int = 100


class Cloud:
    """One cluster with its agent pools."""

    def __init__(self, place: Place, sizes: Sizes, terms: Terms, clock: Clock, troubles: Troubles) -> None:
        self.place, self.sizes, self.terms, self.troubles = place, sizes, terms, troubles
        self.estate = Estate()
        self.quota = Quota(sizes, terms.limits, place.location)
        self._clock = clock
        self._objections = Objections(place, self.quota, troubles)
        failures = Failures(place, self.quota, clock, troubles)
        self._course = Course(self.estate, failures, terms.pool_seconds, clock, troubles)

    @property
    def pools(self) -> dict[str, Pool]:
        """Give the pools by name."""
        return self.estate.pools

    @property
    def standing(self) -> Standing:
        """Say how the cluster stands."""
        return standing_of(self.estate.power, self.estate.operations.running(CLUSTER), self.troubles)

    @property
    def most_pools(self) -> int:
        """Say how many pools the cluster takes."""
        return len(self.pools) if self.troubles.threatens("too-many-pools") else self.terms.most_pools

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
        self._check_free(name, "creating agent pool" if before is None else "updating agent pool")
        if before is None and len(self.pools) >= self.terms.most_pools:
            raise invalid("agentPoolProfile", f"a cluster has at most {self.terms.most_pools} agent pools.")
        pool = self._wished(name, body, before)
        verb, state = _change(before, pool.properties)
        self._objections.to_any(pool, verb)
        self.estate.keep(replace(pool, state=state, error=None))
        return self._course.begin(verb, name)

    def delete(self, name: str, condition: Condition, *, forced: bool = False) -> Operation | None:
        """Begin to delete a pool; None where there is none. `forced` asks no disruption budget."""
        before = self.pools.get(name)
        if before is None:
            return None
        condition.check(name, before)
        self._check_free(name, "deleting agent pool")
        self._objections.to_any(before, "delete")
        if before.properties["mode"] == "System" and len(self._system_pools()) == 1:
            raise last_system_pool()
        self.estate.keep(replace(before, state="Deleting", error=None))
        return self._course.begin("delete", name, forced=forced)

    def delete_machines(self, name: str, machines: Iterable[str]) -> Operation:
        """Begin to delete the named machines of a pool, its count with them."""
        before = self.pool(name)
        self._check_free(name, "deleting machines")
        gone = {self._machine(before, machine) for machine in machines}
        left = tuple(machine for machine in before.machines if machine not in gone)
        properties = {**before.properties, "count": len(left)}
        after = replace(before, properties=properties, machines=left, state="Deleting machines", error=None)
        self.estate.keep(after)
        return self._course.begin("delete machines", name)

    def abort(self, name: str) -> Operation:
        """Begin to abort what runs on a pool; the pool and its operation end Canceled."""
        before = self.pool(name)
        if running := self.estate.operations.running(name):
            self.estate.operations.end(running, "Canceled", self._clock.now())
        self.estate.keep(replace(before, state="Canceling"))
        return self._course.begin("abort", name)

    def power(self, verb: str) -> Operation:
        """Begin to `stop` or `start` the cluster; refused (409) where it is stopped or runs already."""
        now, wanted = self.standing, "Running" if verb == "stop" else "Stopped"
        if (now.power, now.provisioning) != (wanted, "Succeeded"):
            doing = "stopping" if verb == "stop" else "starting"
            raise not_in_this_state(now.provisioning, now.power, doing)
        operation = self._course.begin(verb, CLUSTER)
        self.estate.turn("Running")
        return operation

    def adopt(self, pools: Iterable[Pool], operations: Iterable[Operation], power: str = "Running") -> None:
        """Take over pools and operations from an earlier life; what was running goes on."""
        self.estate.pools = {pool.name: pool for pool in pools}
        self.estate.power = power
        for operation in operations:
            self.estate.operations.keep(operation)
            if operation.status == "InProgress":
                self._course.resume(operation)

    def look_again(self) -> None:
        """Look at what the troubles asked for now do to what stands."""
        self._course.look_again()

    def _wished(self, name: str, body: Mapping[str, Any], before: Pool | None) -> Pool:
        """Read a PUT into the pool it asks for, or refuse it."""
        properties = settle(body, before)
        size = self._size(properties)
        base = before or Pool(name, properties, "Creating", "")
        after = replace(base, properties=with_disk(properties, size))
        disk = str((body.get("properties") or {}).get("osDiskType") or "")
        self._objections.to_put(Wish(before, after, size, disk), self.pools)
        return after

    def _size(self, properties: Mapping[str, Any]) -> VmSize:
        size = self.sizes.find(properties["vmSize"])
        if size is None:
            raise unknown_size(properties["vmSize"], self.place.location)
        return size

    def _check_free(self, name: str, doing: str) -> None:
        self.standing.check_writes(self.place.cluster, doing)
        if running := self.estate.operations.running(name):
            raise busy(name, running.verb)

    def _system_pools(self) -> list[Pool]:
        return [pool for pool in self.pools.values() if pool.properties["mode"] == "System"]

    def _machine(self, pool: Pool, node: str) -> int:
        for machine in pool.machines:
            if self.place.node_name(pool.name, machine) == node:
                return machine
        raise invalid(
            "machineNames", f"Cannot find any valid machines: '{node}' is not in pool '{pool.name}'."
        )


def _change(before: Pool | None, properties: Mapping[str, Any]) -> tuple[str, str]:
    if before is None:
        return "create", "Creating"
    if properties["count"] != len(before.machines):
        return "scale", "Scaling"
    return "update", "Updating"
