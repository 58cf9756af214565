"""The course of operations: how long each takes, what holds it up, and how it ends."""

from __future__ import annotations

from dataclasses import replace

from reconciler.sandbox.clock import Clock
from reconciler.sandbox.trouble import Marks, Troubles

from .estate import CLUSTER, Estate
from .failures import Failure, Failures
from .operations import Operation
from .pool import Pool

_SHARES = {
    "create": 1.0,
    "scale": 1.0,
    "update": 1 / 6,
    "delete": 1 / 3,
    "delete machines": 1 / 3,
    "abort": 1 / 30,
    "stop": 1 / 3,
    "start": 1 / 3,
}
_MAKING = ("create", "scale", "update")
_LONGEST_DRAIN = 600.0
_STUCK = {"create": "stuck-creating", "scale": "stuck-creating", "delete": "stuck-deleting"}


class Course:
    """Begins operations and ends them in time; making a pool takes `pool_seconds` world seconds."""

    def __init__(
        self, estate: Estate, failures: Failures, pool_seconds: float, clock: Clock, troubles: Troubles
    ) -> None:
        self._estate, self._failures, self._seconds = estate, failures, pool_seconds
        self._clock, self._troubles, self._marks = clock, troubles, Marks(troubles)
        self._stuck: set[str] = set()

    def begin(self, verb: str, pool: str, *, forced: bool = False) -> Operation:
        """Begin an operation; a `forced` delete does not ask disruption budgets."""
        operation = self._estate.operations.begin(verb, pool, self._clock.now(), forced=forced)
        self._clock.later(self._seconds * _SHARES[verb], self._finish, operation.id)
        return operation

    def resume(self, operation: Operation) -> None:
        """Go on with an operation from an earlier life."""
        passed = (self._clock.now() - operation.started).total_seconds()
        self._clock.later(self._seconds * _SHARES[operation.verb] - passed, self._finish, operation.id)

    def look_again(self) -> None:
        """Look at what the troubles asked for now do to what stands, and go on with what they held up."""
        waiting, self._stuck = self._stuck, set()
        for name in waiting:
            self._finish(name)
        for pool in tuple(self._estate.pools.values()):
            self._evict(pool)
        self._estate.on_power()

    def _finish(self, name: str) -> None:
        operation = self._estate.operations.find(name)
        if operation is None or operation.status != "InProgress":
            return
        if operation.pool == CLUSTER:
            self._finish_cluster(operation)
            return
        pool = self._estate.pools[operation.pool]
        if self._is_stuck(operation, pool) or self._drains_on(operation, pool):
            return
        failure = self._failure(operation, pool)
        if failure:
            self._end(operation, failure)
            self._estate.keep(replace(pool, state=failure.state, error=failure.error))
        else:
            self._end(operation)
            self._settle(operation, pool)

    def _finish_cluster(self, operation: Operation) -> None:
        self._end(operation)
        self._estate.turn("Stopped" if operation.verb == "stop" else "Running")

    def _settle(self, operation: Operation, pool: Pool) -> None:
        if operation.verb == "delete":
            self._estate.drop(pool)
        elif operation.verb == "abort":
            self._estate.keep(replace(pool, state="Canceled"))
        else:
            self._estate.keep(_manned(replace(pool, state="Succeeded")))
            self._evict(self._estate.pools[pool.name])

    def _end(self, operation: Operation, failure: Failure | None = None) -> None:
        self._marks.forget(operation.id)
        status, error = (failure.state, failure.error) if failure else ("Succeeded", None)
        self._estate.operations.end(operation, status, self._clock.now(), error)

    def _is_stuck(self, operation: Operation, pool: Pool) -> bool:
        word = _STUCK.get(operation.verb)
        if word is None or not self._marks.suffers(word, operation.id, *pool.names):
            return False
        self._stuck.add(operation.id)
        return True

    def _drains_on(self, operation: Operation, pool: Pool) -> bool:
        """Is a delete still within the ten minutes that pods have to leave?"""
        left = _LONGEST_DRAIN - (self._clock.now() - operation.started).total_seconds()
        if left <= 0 or not self._is_blocked(operation, pool):
            return False
        self._clock.later(left, self._finish, operation.id)
        return True

    def _is_blocked(self, operation: Operation, pool: Pool) -> bool:
        if operation.verb != "delete" or operation.forced:
            return False
        asked = self._marks.suffers("drain-blocked", operation.id, *pool.names)
        return asked or bool(self._estate.blockers(pool))

    def _failure(self, operation: Operation, pool: Pool) -> Failure | None:
        if operation.verb in _MAKING:
            return self._failures.of_making(pool, self._estate.pools.values())
        if self._is_blocked(operation, pool):
            return self._failures.of_draining(pool, self._estate.blockers(pool))
        return None

    def _evict(self, pool: Pool) -> None:
        """Take the machines of a spot pool whose policy is Delete, where that was asked for."""
        policy = pool.properties.get("scaleSetEvictionPolicy")
        stands = pool.state == "Succeeded" and pool.machines
        if (
            pool.is_spot
            and policy == "Delete"
            and stands
            and self._troubles.strikes("spot-evicted", *pool.names)
        ):
            self._estate.keep(replace(pool, machines=(), properties={**pool.properties, "count": 0}))


def _manned(pool: Pool) -> Pool:
    """Give a pool as many machines as it asks for: new ones at the end, surplus ones taken from there."""
    missing = max(pool.count - len(pool.machines), 0)
    new = tuple(range(pool.next_machine, pool.next_machine + missing))
    return replace(
        pool, machines=(*pool.machines, *new)[: pool.count], next_machine=pool.next_machine + missing
    )
