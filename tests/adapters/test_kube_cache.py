"""The memory of one kind: whatever order the news comes in, it ends where the server is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from reconciler.adapters.kube.cache import KindCache
from reconciler.domain.identity import Ref
from reconciler.domain.state import ObservedObject


def ref(name: str) -> Ref:
    return Ref("v1", "ConfigMap", "default", name)


def seen(name: str, uid: str, version: int, body: str = "") -> ObservedObject:
    told = (body or f"{uid}-{version}").encode()
    return ObservedObject(ref(name), uid, 0, str(version), told)


@dataclass
class Server:
    """What an API server has, and the events that its watch has not delivered yet."""

    version: int = 0
    objects: dict[Ref, ObservedObject] = field(default_factory=dict)
    pending: list[tuple[str, ObservedObject]] = field(default_factory=list)

    def put(self, name: str) -> ObservedObject:
        self.version += 1
        before = self.objects.get(ref(name))
        now = seen(name, before.uid if before else f"u{self.version}", self.version)
        self.objects[ref(name)] = now
        self.pending.append(("PUT", now))
        return now

    def delete(self, name: str) -> ObservedObject | None:
        gone = self.objects.pop(ref(name), None)
        if gone is not None:
            self.version += 1
            self.pending.append(("DELETED", gone))
        return gone


def deliver(server: Server, cache: KindCache, how_many: int) -> None:
    due, server.pending = server.pending[:how_many], server.pending[how_many:]
    for kind, each in due:
        if kind == "PUT":
            cache.put(each)
        else:
            cache.drop(each.ref, each.uid)


STEPS = st.tuples(
    st.sampled_from(["we write", "they write", "we delete", "they delete", "deliver", "relist", "look"]),
    st.sampled_from("abc"),
)


@given(st.lists(STEPS, max_size=40))
def test_the_memory_ends_as_the_server_is_and_always_holds_what_we_wrote_last(
    steps: list[tuple[str, str]],
) -> None:
    server, cache = Server(), KindCache()
    for step, name in steps:
        match step:
            case "we write":
                cache.write(server.put(name))
                assert cache.snapshot()[ref(name)] == server.objects[ref(name)]
            case "they write":
                server.put(name)
            case "we delete":
                if gone := server.delete(name):
                    cache.bury(gone.ref, gone.uid)
                    assert gone.uid not in {each.uid for each in cache.snapshot().values()}
            case "they delete":
                server.delete(name)
            case "deliver":
                deliver(server, cache, 2)
            case "relist":
                cache.expect_list()
                cache.replace(tuple(server.objects.values()), str(server.version))
                server.pending.clear()
            case "look":
                assert cache.snapshot() is cache.snapshot()
    deliver(server, cache, len(server.pending))
    assert dict(cache.snapshot()) == server.objects


def test_what_we_write_while_a_list_is_on_its_way_is_not_lost_with_it() -> None:
    cache = KindCache()
    cache.expect_list()
    cache.write(seen("a", "u1", 12))
    cache.replace((), "11")
    assert set(cache.snapshot()) == {ref("a")}


def test_what_we_delete_while_a_list_is_on_its_way_does_not_come_back_with_it() -> None:
    cache = KindCache()
    cache.put(seen("a", "u1", 5))
    cache.expect_list()
    cache.bury(ref("a"), "u1")
    cache.replace((seen("a", "u1", 5),), "11")
    assert not cache.snapshot()


def test_a_server_restored_from_a_backup_is_believed() -> None:
    cache = KindCache()
    cache.put(seen("a", "u1", 900))
    cache.expect_list()
    assert cache.replace((seen("b", "u2", 5),), "7")
    assert set(cache.snapshot()) == {ref("b")}


def test_a_list_that_brings_nothing_new_leaves_the_very_same_value() -> None:
    cache = KindCache()
    cache.replace((seen("a", "u1", 5),), "7")
    before, version = cache.snapshot(), cache.version
    cache.expect_list()
    assert not cache.replace((seen("a", "u1", 5),), "9")
    assert cache.snapshot() is before
    assert cache.version == version


def test_a_body_that_is_the_same_as_far_as_we_keep_it_is_no_news() -> None:
    cache = KindCache()
    cache.put(seen("a", "u1", 5, body="kept"))
    assert not cache.put(seen("a", "u1", 6, body="kept"))
    assert cache.put(seen("a", "u1", 7, body="other"))


def test_what_was_buried_and_lingers_is_seen_again_and_older_news_of_it_is_not() -> None:
    cache = KindCache()
    live = seen("a", "u1", 5)
    cache.put(live)
    cache.bury(live.ref, live.uid)

    assert not cache.put(seen("a", "u1", 4))
    assert not cache.put(live)
    assert cache.put(replace(seen("a", "u1", 7), deleting=True))
    assert cache.snapshot()[live.ref].deleting
    assert cache.drop(live.ref, live.uid)


def test_a_watch_that_was_quicker_than_the_answer_and_says_that_it_lingers_is_believed() -> None:
    cache = KindCache()
    live = seen("a", "u1", 5)
    cache.put(live)
    cache.put(replace(seen("a", "u1", 6), deleting=True))
    cache.bury(live.ref, live.uid)

    assert cache.snapshot()[live.ref].deleting
    assert cache.drop(live.ref, live.uid)
    assert not cache.snapshot()
