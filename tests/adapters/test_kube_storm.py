"""A server that has too much to do, over the wire: all that is written comes through, and nothing twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event, Lock

import pytest

from reconciler.adapters.kube.looks import Looking
from reconciler.adapters.kube.watch import Pace
from reconciler.adapters.kube.wire import Patience
from reconciler.domain.state import DesiredObject, packed
from reconciler.faults import Deposed, Fault, Throttled
from tests.adapters.kube_script import QUICK, cluster_of, config_map, listing, ref
from tests.adapters.kube_time import Time
from tests.adapters.scripted import Answer, Asked, Cut, document


class Server:
    """Looks at so many requests each second, and refuses the rest for one second."""

    def __init__(self, time: Time, each_second: float) -> None:
        self.time = time
        self.each_second = each_second
        self.written: Counter[str] = Counter()
        self.refused = 0
        self._lock = Lock()
        self._seconds: Counter[int] = Counter()

    def __call__(self, asked: Asked) -> Answer:
        with self._lock:
            second = int(self.time.now())
            if self._seconds[second] >= self.each_second:
                self.refused += 1
                return too_many("1")
            self._seconds[second] += 1
            self.written[asked.path.rpartition("/")[2]] += 1
        return written(asked)


def too_many(seconds: str = "") -> Answer:
    told = {"Retry-After": seconds} if seconds else {}
    return document({"kind": "Status", "code": 429, "reason": "TooManyRequests"}, 429, **told)


def written(asked: Asked) -> Answer:
    name = asked.path.rpartition("/")[2]
    return document({"apiVersion": "v1", "kind": "ConfigMap", **config_map(name, 20)})


def desired(name: str) -> DesiredObject:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}
    return DesiredObject(ref(name), None, packed(json.dumps(body).encode()), "sha")


def looking(time: Time, busy: float = 30) -> Looking:
    return Looking(watch=False, patience=Patience(2, 10, 20, busy), clock=time.clock)


@pytest.mark.parametrize("each_second", [20, 60])
def test_in_a_storm_all_writes_come_through_none_twice_and_the_rate_finds_its_level(
    tmp_path: Path, each_second: int
) -> None:
    time = Time()
    server = Server(time, each_second)
    names = [f"a-{number}" for number in range(10 * each_second)]
    with cluster_of(tmp_path, server, looking(time)) as (cluster, _):
        time.side_by_side(lambda name: cluster.apply(desired(name)), names)
        spent, limit = time.now(), figures(cluster.tallies())["towline_kubernetes_pace"]
        server.each_second = 10**9
        more = [f"b-{number}" for number in range(1000)]
        time.side_by_side(lambda name: cluster.apply(desired(name)), more)
        recovered = figures(cluster.tallies())
    assert server.written == Counter([*names, *more])
    assert 0 < limit < 2 * each_second
    assert spent < 2 * len(names) / each_second
    assert server.refused < 40
    assert (
        recovered["towline_kubernetes_pace"] == 0 or recovered["towline_kubernetes_pace"] > 1.5 * each_second
    )
    assert recovered["towline_kubernetes_waited_seconds"] > 0


def figures(tallies: object) -> dict[str, float]:
    assert hasattr(tallies, "__iter__")
    return {each.name: each.value for each in tallies if not each.labels}


def refusing(times: int, answer: Callable[[Asked], Answer | Cut]) -> Callable[[Asked], Answer | Cut]:
    left = iter(range(times))
    return lambda asked: too_many("2") if next(left, None) is not None else answer(asked)


def test_a_read_that_was_refused_is_asked_again(tmp_path: Path) -> None:
    time = Time()
    with cluster_of(tmp_path, refusing(3, lambda _: listing(7)), looking(time)) as (cluster, server):
        assert dict(cluster.objects()) == {}
    assert (len(server.asked), time.now()) == (4, 6)


@pytest.mark.parametrize(
    "answer", [Cut(), document({"kind": "Status"}, 503), document({"kind": "Status"}, 500)]
)
def test_a_write_that_may_have_been_done_is_not_sent_again(tmp_path: Path, answer: Answer | Cut) -> None:
    time = Time()
    with (
        cluster_of(tmp_path, refusing(1, lambda _: answer), looking(time)) as (cluster, server),
        pytest.raises(Fault),
    ):
        cluster.apply(desired("a"))
    assert len(server.asked) == 2


def test_a_storm_that_does_not_end_is_told_to_the_pass(tmp_path: Path) -> None:
    time = Time()
    with cluster_of(tmp_path, lambda _: too_many("1"), looking(time)) as (cluster, server):
        with pytest.raises(Throttled):
            cluster.apply(desired("a"))
        assert 25 <= time.now() <= 30
        before = len(server.asked)
        for number in range(100):
            with pytest.raises(Throttled):
                cluster.apply(desired(f"b-{number}"))
        assert len(server.asked) == before
        assert time.now() <= 30


def test_whether_we_may_write_is_asked_again_before_each_attempt(tmp_path: Path) -> None:
    time, allowed = Time(), iter((None, None))

    def fence() -> None:
        if time.now() > 2:
            raise Deposed("somebody else leads")
        next(allowed, None)

    with cluster_of(tmp_path, lambda _: too_many("3"), looking(time)) as (cluster, server):
        cluster.ask_before_writing(fence)
        with pytest.raises(Deposed):
            cluster.apply(desired("a"))
    assert len(server.asked) == 1


def test_a_watch_that_was_refused_does_not_keep_anybody_from_looking(tmp_path: Path) -> None:
    time = Time()

    def script(asked: Asked) -> Answer:
        return too_many("1") if asked.is_watch else listing(10, config_map("a", 4))

    slow = replace(QUICK, clock=time.clock, pace=Pace(first=60, longest=60))
    with cluster_of(tmp_path, script, slow) as (cluster, server):
        assert set(cluster.objects()) == {ref("a")}
    assert ([asked.is_watch for asked in server.asked], time.now()) == ([False, True], 0)


def test_however_many_threads_ask_sixteen_wait_for_an_answer_at_a_time(tmp_path: Path) -> None:
    lock, here, most, all_here = Lock(), [0], [0], Event()

    def script(asked: Asked) -> Answer:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        if most[0] == 16:
            all_here.set()
        all_here.wait(10)
        with lock:
            here[0] -= 1
        return written(asked)

    with (
        cluster_of(tmp_path, script, Looking(watch=False)) as (cluster, _),
        ThreadPoolExecutor(40) as workers,
    ):
        list(workers.map(cluster.apply, [desired(f"a-{number}") for number in range(200)]))
    assert most == [16]
