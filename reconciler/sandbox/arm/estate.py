"""What there is in the cloud, and who hears when it changes."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import replace

from .failures import Blocker
from .operations import Operations
from .pool import Pool

CLUSTER = ""
"""The name under which an operation on the cluster itself is kept."""


class Estate:
    """The agent pools, the operations, and whether the cluster has power.

    `on_change` hears of each pool that changed (one gone comes as `Deleted`), `on_power` of the cluster's
    state; `blockers` tells which pods of a pool may not be evicted.
    """

    def __init__(self) -> None:
        self.pools: dict[str, Pool] = {}
        self.operations = Operations()
        self.power = "Running"
        self.on_change: Callable[[Pool], None] = lambda _: None
        self.on_power: Callable[[], None] = lambda: None
        self.blockers: Callable[[Pool], Sequence[Blocker]] = lambda _: ()

    def keep(self, pool: Pool) -> None:
        """Take in a pool as it is now, under a new etag."""
        self.pools[pool.name] = replace(pool, etag=str(uuid.uuid4()))
        self.on_change(self.pools[pool.name])

    def drop(self, pool: Pool) -> None:
        """Have a pool gone."""
        del self.pools[pool.name]
        self.on_change(replace(pool, state="Deleted", machines=()))

    def turn(self, power: str) -> None:
        """Turn the cluster's power to `Running` or `Stopped`."""
        self.power = power
        self.on_power()
