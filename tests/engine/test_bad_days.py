"""Passes over a world of which a part is not seen, not established, on its way out, or forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.report import Phase
from reconciler.domain.state import ObservedObject
from reconciler.faults import Forbidden
from tests.builders import observed_object
from tests.engine.test_reconcile import CHAT, FILE, World, files

OTHER = WorkspaceName("default", "other")
FORBIDDEN = "Services cannot be listed: forbidden"
CRD = "CustomResourceDefinition/workspaces.kaito.sh"
CUSTOM = "Workspace/default/phi-4-chat"
SET = Ref("apps/v1", "StatefulSet", "default", "phi-4-chat")


@pytest.fixture
def world() -> Iterator[World]:
    with Cell() as cell:
        yield World(cell)


def both() -> dict[str, str]:
    return {**files(), "workspaces/other.yaml": files()[FILE].replace("phi-4-chat", "other")}


def only_other() -> dict[str, str]:
    return {path: text for path, text in both().items() if path != FILE}


def applied(world: World) -> list[str]:
    return [ref for verb, ref in world.cluster.writes if verb == "apply"]


def deleted(world: World) -> list[str]:
    return [ref for verb, ref in world.cluster.writes if verb == "delete"]


def page(world: World) -> str:
    return world.book.files["README.md"].decode()


def vanish(world: World, *kinds: str) -> None:
    for ref in [ref for ref in world.cluster.seen if ref.kind in kinds]:
        del world.cluster.seen[ref]


def relabelled(live: ObservedObject, **changes: Any) -> ObservedObject:
    document = live.document
    document["metadata"] |= changes
    fields = {"uid": live.uid, "workspace": live.workspace, "resource_version": "9"}
    return observed_object(document, live.digest, **fields)


def test_a_kind_that_may_not_be_listed_waits_alone_and_is_made_when_it_is_seen(world: World) -> None:
    world.cluster.hidden = {("v1", "Service"): FORBIDDEN}
    for _ in range(2):
        report = world.engine.run_pass()

    assert SET in world.cluster.seen
    assert not [ref for ref in applied(world) if ref.startswith("Service/")]
    assert report.problems == (FORBIDDEN,)
    assert FORBIDDEN in page(world)
    world.cluster.hidden = {}
    world.settle()
    assert "Service/default/phi-4-chat" in applied(world)
    assert FORBIDDEN not in page(world)


def test_what_cannot_be_seen_for_a_while_is_neither_made_again_nor_deleted(world: World) -> None:
    world.settle()
    before = world.writes()[:2]
    world.cluster.hidden = {
        ("v1", "Service"): FORBIDDEN,
        ("apps/v1", "StatefulSet"): "x",
        ("kaito.sh/v1beta1", "Workspace"): "y",
    }
    for engine in (world.engine, world.new_engine()):
        engine.run_pass()
    world.cluster.hidden = {}
    world.engine.run_pass()

    assert world.writes()[:2] == before


def test_a_custom_resource_is_made_once_its_definition_is_established(world: World) -> None:
    world.cluster.establishes = False
    for _ in range(3):
        report = world.engine.run_pass()
    assert CRD in applied(world)
    assert CUSTOM not in applied(world)
    assert str(SET) in applied(world)
    assert report.problems == ()
    assert report.is_busy

    vanish(world, "CustomResourceDefinition")
    world.cluster.establishes = True
    world.settle()
    assert CUSTOM in applied(world)


def test_a_definition_removed_under_us_is_made_again_and_nothing_else_goes(world: World) -> None:
    world.settle()
    made, pools = len(world.cluster.writes), list(world.cloud.writes)
    vanish(world, "CustomResourceDefinition", "Workspace")
    world.settle()

    anew = [ref for _, ref in world.cluster.writes[made:] if "towline-system" not in ref]
    assert anew == [CRD, CUSTOM, CUSTOM]
    assert deleted(world) == []
    assert world.cloud.writes == pools


def test_a_namespace_that_hangs_holds_what_is_in_it_and_is_filled_again_when_it_is_gone(world: World) -> None:
    world.settle()
    metadata = {"name": "default", "deletionTimestamp": "2026-11-22T11:50:00Z"}
    left = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "example.com/hold remains"}
    namespace = observed_object(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"conditions": [left]}},
        deleting=True,
    )
    world.cluster.seen[namespace.ref] = namespace
    inside = [ref for ref in world.cluster.seen if ref.namespace == "default"]
    for ref in inside:
        del world.cluster.seen[ref]
    made = world.writes()[:2]
    report = world.engine.run_pass()

    assert world.writes()[:2] == made
    assert "example.com/hold remains" in report.workspaces[CHAT].message
    assert report.workspaces[CHAT].awaiting.endswith("namespace default to be gone") or report.is_busy
    assert page(world).count("example.com/hold remains") >= 1
    del world.cluster.seen[namespace.ref]
    world.settle()
    assert {ref for ref in world.cluster.seen if ref.namespace == "default"} == set(inside)


def test_what_a_finalizer_holds_is_deleted_once_told_and_kept_until_it_is_gone(world: World) -> None:
    world.source.push(both())
    world.settle()
    service = "Service/default/phi-4-chat"
    world.cluster.lingering[service] = ["example.com/hold"]
    world.source.push(only_other())
    for _ in range(4):
        report = world.engine.run_pass()

    assert deleted(world).count(service) == 1
    assert report.workspaces[CHAT].phase is Phase.DELETING
    assert "finalizer example.com/hold waits" in report.workspaces[CHAT].message
    assert "finalizer example.com/hold waits" in page(world)
    vanish(world, "Service")
    world.settle()
    assert CHAT not in world.engine.run_pass().workspaces
    assert not [ref for ref in world.cluster.seen if ref.name.startswith("phi-4-chat")]


def test_what_was_unmade_was_unmade_in_the_reverse_order_of_its_making(world: World) -> None:
    world.source.push(both())
    world.settle()
    world.source.push(only_other())
    world.settle()

    kinds = [ref.partition("/")[0] for ref in deleted(world)]
    assert kinds == ["StatefulSet", "Service", "Service", "Workspace", "ConfigMap"]


def test_what_is_made_anew_waits_for_a_finalizer_and_is_not_deleted_again(world: World) -> None:
    world.settle()
    live = world.cluster.seen[SET]
    document = live.document
    document["spec"]["serviceName"] = "another"
    world.cluster.seen[SET] = replace(
        observed_object(document, "of the wish before", uid=live.uid), workspace=live.workspace
    )
    world.cluster.lingering[str(SET)] = ["foregroundDeletion"]
    before = applied(world).count(str(SET))
    reports = [world.engine.run_pass() for _ in range(3)]

    assert deleted(world) == [str(SET)]
    assert applied(world).count(str(SET)) == before
    assert all(
        "foregroundDeletion (what it owns goes first) waits" in each.workspaces[CHAT].message
        for each in reports
    )
    del world.cluster.seen[SET]
    world.settle()
    assert applied(world).count(str(SET)) == before + 1


def test_an_inventory_deleted_by_hand_deletes_nothing_makes_nothing_twice_and_is_written_again(
    world: World,
) -> None:
    world.settle()
    inventory = next(ref for ref in world.cluster.seen if ref.name.startswith("inventory-"))
    written = world.cluster.seen.pop(inventory)
    made = len(world.cluster.writes)
    report = world.new_engine().run_pass()

    assert world.cluster.writes[made:] == [("apply", str(inventory))]
    assert world.cluster.seen[inventory].document["data"] == written.document["data"]
    assert report.findings == ()


def test_what_left_git_while_the_inventory_was_lost_is_left_to_a_person(world: World) -> None:
    world.source.push(both())
    world.settle()
    vanish(world, "ConfigMap")
    world.source.push(only_other())
    world.settle()

    assert not [ref for ref in deleted(world) if "phi-4-chat" in ref]
    assert SET in world.cluster.seen
    assert "kubectl delete -n default" in page(world)
    assert OTHER in world.engine.run_pass().workspaces


def test_what_lost_our_label_by_hand_is_taken_back_by_its_uid_and_nothing_of_others_is(world: World) -> None:
    world.settle()
    live = world.cluster.seen[SET]
    labels = live.document["metadata"]["labels"]
    bare = {key: value for key, value in labels.items() if key != "towline.dev/fleet"}
    world.cluster.seen[SET] = relabelled(live, labels=bare)
    world.engine.run_pass()
    assert world.cluster.seen[SET].uid == live.uid
    assert world.cluster.seen[SET].document["metadata"]["labels"] == labels

    stranger = relabelled(live, labels=bare)
    world.cluster.seen[SET] = replace(stranger, uid="somebody-elses")
    report = world.engine.run_pass()
    assert world.cluster.seen[SET].uid == "somebody-elses"
    assert "is not this fleet's" in report.workspaces[CHAT].message


class Moments:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = "2026-11-22T12:00:00Z"

    def __call__(self) -> str:
        return self.now


def lacking(world: World) -> None:
    """Its controller has seen the StatefulSet, and made no pod."""
    live = world.cluster.seen[SET]
    document = live.document
    document["status"] = {"observedGeneration": 1, "replicas": 0}
    seen = observed_object(document, live.digest, uid=live.uid, resource_version="9")
    world.cluster.seen[SET] = replace(seen, workspace=live.workspace)


def test_a_controller_that_makes_no_pods_is_asked_why_after_a_while_and_more_and_more_seldom(
    world: World,
) -> None:
    clock = Moments()
    engine = world.new_engine(clock)
    engine.run_pass()
    lacking(world)
    world.cluster.complaints[str(SET)] = 'Error creating: pods "phi-0" is forbidden: exceeded quota: team'
    engine.run_pass()
    assert world.cluster.asked_why == []

    told = set()
    for moment in ("00:25", "00:30", "01:20", "01:30", "03:20", "03:30"):
        clock.now = f"2026-11-22T12:{moment}Z"
        told.add(engine.run_pass().workspaces[CHAT].message)
    assert len(world.cluster.asked_why) == 3
    assert told == {"No pod of its StatefulSet can be made: exceeded quota: team"}


def test_whoever_may_not_ask_why_goes_on_as_ever(world: World) -> None:
    clock = Moments()
    engine = world.new_engine(clock)
    engine.run_pass()
    lacking(world)
    world.cluster.complaints[str(SET)] = Forbidden("events may not be listed")
    for second in ("00:05", "00:30", "02:00"):
        clock.now = f"2026-11-22T12:{second}Z"
        report = engine.run_pass()

    assert report.problems == ()
