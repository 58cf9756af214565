"""Pod disruption budgets: how many pods may leave, told in their status and asked before a drain."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.kube.store import Event

from .ground import Ground
from .pods import is_done, is_ready
from .queue import Key, Queue
from .sight import Object, key_of, matches

KIND = "PodDisruptionBudget"


@dataclass(frozen=True, slots=True)
class Allowance:
    """How a budget stands: pods it covers, those ready, those that must stay so."""

    expected: int
    healthy: int
    desired: int

    @property
    def allowed(self) -> int:
        """Count the pods that may be evicted now."""
        return max(self.healthy - self.desired, 0)


class Budgets:
    """Writes the status of disruption budgets, and says which of them forbids an eviction."""

    kinds = (KIND, "Pod")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)

    def note(self, event: Event) -> None:
        """Hear of a budget, or of a pod that some cover."""
        if event.kind == KIND:
            self._queue.add(key_of(event.obj))
        else:
            for budget in self._covering(event.obj):
                self._queue.add(key_of(budget))

    def forbidding(self, pod: Object) -> str:
        """Name the budget that does not let this pod be evicted now; "" for none."""
        if is_done(pod) or pod["metadata"].get("deletionTimestamp"):
            return ""
        for budget in self._covering(pod):
            if not self._allows(budget, pod):
                return key_of(budget)[1]
        return ""

    def _allows(self, budget: Object, pod: Object) -> bool:
        """A pod that is not ready may leave while enough others are."""
        stands = self._standing(budget)
        return stands.allowed > 0 if is_ready(pod) else stands.healthy >= stands.desired

    def _covering(self, pod: Object) -> Iterable[Object]:
        namespace, labels = pod["metadata"]["namespace"], pod["metadata"].get("labels") or {}
        for budget in self._ground.store.objects(KIND, namespace):
            selector = _selector(budget)
            if selector and matches(selector, labels):
                yield budget

    def _standing(self, budget: Object) -> Allowance:
        namespace, _ = key_of(budget)
        pods = self._ground.sight.pods_like(namespace, _selector(budget))
        return allowance(budget["spec"], [pod for pod in pods if not is_done(pod)])

    def _look(self, key: Key) -> None:
        budget = self._ground.find(KIND, *key)
        if budget is None or budget["metadata"].get("deletionTimestamp"):
            return
        stands = self._standing(budget)
        status = {
            "expectedPods": stands.expected,
            "currentHealthy": stands.healthy,
            "desiredHealthy": stands.desired,
            "disruptionsAllowed": stands.allowed,
            "observedGeneration": budget["metadata"].get("generation", 1),
        }
        self._ground.write_status(KIND, budget, status)


def allowance(spec: dict[str, Any], pods: Iterable[Object]) -> Allowance:
    """Read `minAvailable` or `maxUnavailable` (a number or a share, rounded up) against these pods."""
    found = list(pods)
    expected, healthy = len(found), sum(is_ready(pod) for pod in found)
    if spec.get("maxUnavailable") is not None:
        return Allowance(expected, healthy, max(expected - _amount(spec["maxUnavailable"], expected), 0))
    return Allowance(expected, healthy, _amount(spec.get("minAvailable", 1), expected))


def _amount(given: Any, of: int) -> int:
    text = str(given)
    return math.ceil(int(text[:-1]) * of / 100) if text.endswith("%") else int(text)


def _selector(budget: Object) -> dict[str, str]:
    """Give the plain labels of its selector: the sandbox's budgets know no expressions."""
    return (budget["spec"].get("selector") or {}).get("matchLabels") or {}
