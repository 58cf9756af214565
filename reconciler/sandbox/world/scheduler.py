"""The scheduler: gives each pod a node, or says why none will do.

A pod that found no node waits until one with a label it asks for appears, changes or frees something. Nodes
that are alike are judged once, so that thousands of them cost little.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator

from reconciler.sandbox.kube.store import Event

from .fit import AFFINITY, Needs, in_words, is_wanted, needs_of, taint_in_the_way
from .ground import Ground
from .machines import NOT_READY
from .queue import Key, Queue
from .rooms import HOSTNAME, Rooms
from .sight import Object, Pair, key_of

_BY = "default-scheduler"


class Scheduler:
    """Places pods on nodes."""

    kinds = ("Pod", "Node")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)
        self._rooms = Rooms()
        self._waiting: dict[Pair | None, dict[Key, None]] = {}
        self._turns: dict[Pair | None, int] = {}

    def note(self, event: Event) -> None:
        """Hear of a pod or a node."""
        has_more_room = self._rooms.note(event)
        if event.kind == "Node" and has_more_room:
            self._wake(event.obj)
        elif event.kind == "Pod" and has_more_room:
            self._wake(self._ground.sight.nodes.get(event.obj["spec"]["nodeName"]))
        elif event.kind == "Pod" and event.type == "ADDED" and not event.obj["spec"].get("nodeName"):
            self._queue.add(key_of(event.obj))

    def _wake(self, node: Object | None) -> None:
        if node is None or any(taint["key"] == NOT_READY for taint in node["spec"].get("taints") or ()):
            return
        for pair in (None, *(node["metadata"].get("labels") or {}).items()):
            for key in self._waiting.pop(pair, ()):
                self._queue.add(key)

    def _look(self, key: Key) -> None:
        pod = self._ground.sight.pods.get(key)
        if pod is None or pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            return
        try:
            needs = needs_of(pod)
        except ValueError as error:
            self._say_no(pod, str(error))
            return
        hint = min(needs.labels().items(), default=None)
        if node := self._choose(needs, hint):
            self._bind(pod, node)
        else:
            self._waiting.setdefault(hint, {})[key] = None
            self._say_no(pod, self._why(needs))

    def _choose(self, needs: Needs, hint: Pair | None) -> str | None:
        """Take the next node in turn that fits, as kube-scheduler goes round its nodes."""
        nodes = [name for kin, against in self._judged(needs) if not against for name in kin]
        start = self._turns.get(hint, 0)
        for number in range(start, start + len(nodes)):
            node = nodes[number % len(nodes)]
            if not self._rooms.shortages(node, needs.amounts):
                self._turns[hint] = (number + 1) % len(nodes)
                return node
        return None

    def _judged(self, needs: Needs) -> Iterator[tuple[Collection[str], str]]:
        """Give the names of nodes with what is against all of them, apart from their room ("": nothing)."""
        for kin in self._rooms.kin.values():
            for nodes in ({name: kin[name]} for name in kin) if _asks_for_one(needs) else (kin,):
                node = next(iter(nodes.values()))
                against = taint_in_the_way(node, needs)
                if not against and not is_wanted(node, needs):
                    against = AFFINITY
                yield nodes.keys(), against

    def _why(self, needs: Needs) -> str:
        reasons: Counter[str] = Counter()
        for names, against in self._judged(needs):
            if against:
                reasons[against] += len(names)
                continue
            for name in names:
                reasons.update(self._rooms.shortages(name, needs.amounts))
        return in_words(len(self._ground.sight.nodes), reasons)

    def _bind(self, pod: Object, node: str) -> None:
        namespace, name = key_of(pod)
        self._ground.store.patch("Pod", namespace, name, {"spec": {"nodeName": node}}, manager=_BY)
        said = f"Successfully assigned {namespace}/{name} to {node}"
        self._ground.recorder.say(pod, "Scheduled", said, by=_BY)

    def _say_no(self, pod: Object, why: str) -> None:
        before = (pod.get("status") or {}).get("conditions") or []
        if any(one.get("message") == why for one in before):
            return
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": why,
            "lastTransitionTime": self._ground.clock.stamp(),
        }
        self._ground.write_status("Pod", pod, {"phase": "Pending", "conditions": [condition]})
        self._ground.recorder.say(pod, "FailedScheduling", why, by=_BY, warning=True)


def _asks_for_one(needs: Needs) -> bool:
    """Does a pod ask for a node by its name, so that those alike are not alike to it?"""
    rules = [rule for term in needs.terms for rule in term.get("matchExpressions") or ()]
    by_field = any(term.get("matchFields") for term in needs.terms)
    return by_field or HOSTNAME in needs.selector or any(rule["key"] == HOSTNAME for rule in rules)
