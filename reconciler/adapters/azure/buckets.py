"""AKS's request limits kept by construction: token buckets by kind of request, and rests Azure asked for.

https://learn.microsoft.com/azure/aks/quotas-skus-regions, "Throttling limits": changing an agent pool 20 at
once and 1 a minute for each pool; reading the cluster 60 and 1 a second; every other request of the resource
provider 60 and 1 a second for each subscription. Microsoft.Compute counts apart; ours for it is as small.
"""

from __future__ import annotations

import math
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.domain.cloud import CloudError
from reconciler.domain.tally import Tally
from reconciler.faults import Throttled

Clock = Callable[[], float]


class Call(StrEnum):
    """A kind of request that Azure counts by itself."""

    CHANGE_POOL = "change_pool"
    READ_CLUSTER = "read_cluster"
    OTHER = "other"
    COMPUTE = "compute"


@dataclass(frozen=True, slots=True)
class Limit:
    """So many at once, and so many a second in the long run."""

    burst: float
    a_second: float


LIMITS: Mapping[Call, Limit] = {
    Call.CHANGE_POOL: Limit(20, 1 / 60),
    Call.READ_CLUSTER: Limit(60, 1),
    Call.OTHER: Limit(60, 1),
    Call.COMPUTE: Limit(60, 1),
}
_TOLD = {
    Call.CHANGE_POOL: "AKS takes one change of an agent pool a minute",
    Call.READ_CLUSTER: "AKS answers one question about a cluster a second",
    Call.OTHER: "AKS answers one request a second of a subscription",
    Call.COMPUTE: "Azure's list of machine sizes is asked once a second",
}
_LEFT = "Requests that Azure's throttling leaves us now."
_HELD = "Requests too many: by Azure's word or ours."
_MARGIN = 2  # requests never made: they travel, and arrive closer together than they left
_HAIR = 1e-6  # of a token: what adding up fractions may lose
_MOST_SCOPES = 500
_CHANGE = re.compile(
    r"/providers/Microsoft\.ContainerService/managedClusters/[^/]+/agentPools/([^/]+)/?$", re.I
)
_CLUSTER = re.compile(r"/providers/Microsoft\.ContainerService/managedClusters/[^/]+/?$", re.I)
_COMPUTE = re.compile(r"/providers/Microsoft\.Compute/", re.I)


def call_of(method: str, path: str) -> tuple[Call, str]:
    """What kind of request it is, and the agent pool by which it is counted, if by one."""
    if method == "PUT" and (change := _CHANGE.search(path)):
        return Call.CHANGE_POOL, change[1].lower()
    if method == "GET" and _CLUSTER.search(path):
        return Call.READ_CLUSTER, ""
    return (Call.COMPUTE if _COMPUTE.search(path) else Call.OTHER), ""


class Buckets:
    """What may still be asked. Safe for many threads; nothing here sleeps.

    `clock` gives seconds that never go back; buckets fill `pace` times as fast as Azure's.
    """

    def __init__(self, clock: Clock, pace: float = 1.0) -> None:
        self._clock = clock
        self._pace = pace
        self._lock = threading.Lock()
        self._tokens: dict[tuple[Call, str], tuple[float, float]] = {}
        self._rests: dict[Call, float] = {}
        self._asked = dict.fromkeys(Call, 0)
        self._held = dict.fromkeys(Call, 0)

    def take(self, call: Call, scope: str = "") -> None:
        """Take what one request costs, or raise Throttled, with the seconds until there is enough again."""
        with self._lock:
            wait = self._wait(call, scope)
            if not wait:
                self._tokens[call, scope] = (self._left(call, scope) - 1, self._clock())
                self._asked[call] += 1
                self._forget_full_ones()
                return
            self._held[call] += 1
        throttled = Throttled(
            f"{_TOLD[call]}; the next in {math.ceil(wait)} s", code="Throttled", retry_after=wait
        )
        throttled.error = CloudError(429, ("Throttled",), str(throttled))
        raise throttled

    def refused(self, call: Call, scope: str, seconds: float) -> None:
        """Azure answered 429: that kind of request rests for so long, and this bucket is empty whatever we
        thought: somebody else draws on it, too."""
        with self._lock:
            now = self._clock()
            self._held[call] += 1
            self._rests[call] = max(self._rests.get(call, 0.0), now + seconds)
            self._tokens[call, scope] = (0.0, now)

    def left(self, call: Call) -> float:
        """How many requests of a kind may be made at once; for those counted by pool, of the pool that has
        fewest left. 0 while it rests."""
        with self._lock:
            if self._clock() < self._rests.get(call, 0.0):
                return 0.0
            scopes = [scope for kind, scope in self._tokens if kind is call]
            return min((self._left(call, scope) for scope in scopes), default=_most(call))

    def tallies(self) -> tuple[Tally, ...]:
        """For each kind of request: how many may be made at once, how many were, and how often one was held
        back by Azure or by us."""
        return tuple(tally for call in Call for tally in self._of(call))

    def _of(self, call: Call) -> tuple[Tally, ...]:
        named = (("call", call.replace("_", " ")),)
        return (
            Tally("towline_azure_bucket_tokens", _LEFT, named, self.left(call), grows=False),
            Tally("towline_azure_requests", "Requests sent to Azure.", named, self._asked[call]),
            Tally("towline_azure_throttled", _HELD, named, self._held[call]),
        )

    def _wait(self, call: Call, scope: str) -> float:
        rest = self._rests.get(call, 0.0) - self._clock()
        missing = 1 - self._left(call, scope)
        refill = missing / (LIMITS[call].a_second * self._pace) if missing > _HAIR else 0.0
        return max(rest, refill, 0.0)

    def _left(self, call: Call, scope: str) -> float:
        limit, now = LIMITS[call], self._clock()
        tokens, then = self._tokens.get((call, scope), (_most(call), now))
        return min(_most(call), tokens + (now - then) * limit.a_second * self._pace)

    def _forget_full_ones(self) -> None:
        """A full bucket is what an unknown one is; pools come and go."""
        if len(self._tokens) > _MOST_SCOPES:
            full = [key for key in self._tokens if self._left(*key) >= _most(key[0])]
            for key in full:
                del self._tokens[key]


def _most(call: Call) -> float:
    return LIMITS[call].burst - _MARGIN
