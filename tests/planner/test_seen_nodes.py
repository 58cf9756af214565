"""Nodes as the rules see them: another value only when names or labels are."""

from __future__ import annotations

from typing import Any

from reconciler.domain.state import ObservedObject
from reconciler.planner.read.seen_nodes import seen_nodes
from reconciler.planner.rules.context import SeenNode
from tests.builders import observed_object


def node(name: str, status: str = "", **fields: Any) -> ObservedObject:
    metadata = {"name": name, "labels": {"apps": "phi"}}
    document = {"apiVersion": "v1", "kind": "Node", "metadata": metadata, "status": {"note": status}}
    return observed_object(document, **fields)


def test_a_heartbeat_is_no_news_and_a_new_node_is() -> None:
    first = seen_nodes((node("a"),))

    assert first == (SeenNode("a", {"apps": "phi"}),)
    assert seen_nodes((node("a", "later"),), first) is first
    assert [each.name for each in seen_nodes((node("a"), node("b")), first)] == ["a", "b"]


def test_a_node_that_is_going_is_not_counted_on() -> None:
    assert seen_nodes((node("a", deleting=True),)) == ()
