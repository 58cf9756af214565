"""The nodes a workspace asks for: sizes, selectors, shares of GPUs, nodes that are brought."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.config import NodeGpus
from reconciler.domain.finding import Severity
from reconciler.planner.read.workspace import workspace_of
from reconciler.planner.rules.context import SeenNode
from reconciler.planner.rules.own_nodes import selected_gpus
from tests.builders import manifest
from tests.planner.judged import A10, BYO, SELECTOR, annotated, context, fields, judge, node, own, tuned


def test_a_size_is_needed_where_nodes_are_made_and_forbidden_where_they_are_brought() -> None:
    assert fields(judge(own())) == ["resource.instanceType"]
    assert judge(own(), context({"nodeProvisioner": "byo"})) == ()
    assert fields(judge(manifest(), context({"nodeProvisioner": "byo"}))) == ["resource.instanceType"]
    assert judge({**own(), "apiVersion": "kaito.sh/v1alpha1"}) == ()


@pytest.mark.parametrize(
    ("size", "field"), [("Standard_B2s", True), ("m5.large", True), (A10.upper(), False)]
)
def test_a_size_is_one_of_azures_gpu_sizes(size: str, field: bool) -> None:
    findings = judge(own(instanceType=size))
    assert (fields(findings) == ["resource.instanceType"]) is field


def test_a_mistyped_size_names_the_nearest() -> None:
    (finding,) = judge(own(instanceType="Standard_NC24ads_A100_v"))
    assert finding.severity is Severity.WARNING
    assert finding.mend == "did you mean Standard_NC24ads_A100_v4?"


def test_a_retired_size_is_told_with_the_cheapest_that_fit_and_their_prices() -> None:
    (finding,) = judge(own(instanceType="standard_nc6s_V3"))
    assert finding.severity is Severity.WARNING
    assert "Standard_NC6s_v3 was retired on 2025-09-30" in finding.message
    assert "Standard_NV36ads_A10_v5 ($3.20/h, 1 node)" in finding.mend


@pytest.mark.parametrize(
    ("size", "said"),
    [("Standard_NG32ads_V620_v1", "AMD"), ("Standard_NC4as_T4_v3", "compute capability 7.5")],
)
def test_a_size_that_does_not_suit_is_told(size: str, said: str) -> None:
    findings = judge(own(instanceType=size))
    assert any(said in finding.message for finding in findings)
    assert any("cheapest" in finding.mend or "use one of" in finding.mend for finding in findings)


@pytest.mark.parametrize(
    ("selector", "wrong"),
    [
        ({"matchLabels": {"a": "b"}}, None),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["b"]}]}, None),
        (
            {"matchExpressions": [{"key": "a", "operator": "In", "values": ["b", "c"]}]},
            ".matchExpressions[0]",
        ),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["b"]}]}, ".matchExpressions[0]"),
        ({"matchExpressions": [{"key": "a", "operator": "Exists"}]}, ".matchExpressions[0]"),
        ({"matchLabels": {"kaito.sh/workspace": "b"}}, ""),
        ({"matchLabels": {"a": "b c"}}, ".matchLabels.a"),
        ({}, ""),
        (None, ""),
    ],
)
def test_a_selector_is_labels_that_can_be_put_on_nodes(selector: Any, wrong: str | None) -> None:
    findings = judge(manifest(resource={"instanceType": A10, "labelSelector": selector}))
    assert fields(findings)[:1] == ([] if wrong is None else [f"resource.labelSelector{wrong}"])


def test_no_nodes_are_asked_for_by_a_count_below_one() -> None:
    assert fields(judge(own(instanceType=A10, count=0))) == ["resource.count"]


@pytest.mark.parametrize(
    ("partition", "wrong"),
    [
        ({"mode": "mig", "profile": "3g.40gb"}, []),
        ({"mode": "accelerator", "count": 2}, []),
        ({"mode": "share"}, ["mode"]),
        ({"mode": "mig"}, ["profile"]),
        ({"mode": "mig", "profile": "small"}, ["profile"]),
        ({"mode": "mig", "profile": "9g.99gb"}, ["profile"]),
        ({"mode": "mig", "profile": "3g.40gb", "count": 1}, ["count"]),
        ({"mode": "mig", "profile": "1g.5gb"}, ["profile"]),
        ({"mode": "accelerator"}, ["count"]),
        ({"mode": "accelerator", "count": 0}, ["count"]),
        ({"mode": "accelerator", "count": 1, "profile": "1g.10gb"}, ["profile"]),
    ],
)
def test_shares_of_gpus_that_are_brought(partition: dict[str, Any], wrong: list[str]) -> None:
    assert fields(judge(own(partition=partition), context(BYO))) == [
        f"resource.partition.{each}" for each in wrong
    ]


@pytest.mark.parametrize("mode", ["mig", "accelerator"])
def test_shares_need_their_gate(mode: str) -> None:
    partition = {"mode": "mig", "profile": "3g.40gb"} if mode == "mig" else {"mode": mode, "count": 1}
    findings = judge(own(partition=partition), context({"nodeProvisioner": "byo"}))
    assert fields(findings) == ["resource.partition.mode"]


def test_shares_are_for_brought_nodes_and_for_serving() -> None:
    partition = {"mode": "accelerator", "count": 1}
    assert fields(judge(own(instanceType=A10, partition=partition))) == ["resource.partition"]
    document = {**tuned(), "resource": {"labelSelector": SELECTOR, "partition": partition}}
    assert fields(judge(document, context(BYO))) == ["resource.partition"]
    alpha = {**own(instanceType=A10, partition=partition), "apiVersion": "kaito.sh/v1alpha1"}
    assert fields(judge(alpha), Severity.WARNING) == ["resource.partition"]


@pytest.mark.parametrize(
    ("nodes", "said"),
    [
        ((node(),), None),
        ((node("a"), node("b")), None),
        (None, None),
        ((), "no node"),
        ((SeenNode("x", {"other": "y"}),), "no node"),
        ((node(memory=""),), "does not say"),
        ((node(count="none"),), "does not say"),
        ((node("a"), node("b", product="H100")), "different GPUs"),
        ((node("a"), node("b", count="2")), "different numbers"),
        ((node("a"), node("b", memory="40960")), "different sizes"),
        ((node(memory="4096"),), "7.15 GiB"),
    ],
)
def test_brought_nodes_are_alike_and_large_enough(nodes: Any, said: str | None) -> None:
    findings = judge(own(), context({"nodeProvisioner": "byo"}, nodes=nodes))
    assert [(said or "?") in finding.message for finding in findings] == ([True] if said else [])


@pytest.mark.parametrize(
    ("nodes", "known"),
    [
        ((node("a", count="2"), node("b", count="2")), NodeGpus("A100", 2, 81920)),
        ((node("a"), node("b", count="2")), None),
        ((node("a"), node("b", count="")), None),
        ((), None),
        (None, None),
    ],
)
def test_what_all_the_brought_nodes_have_is_known(nodes: Any, known: NodeGpus | None) -> None:
    workspace, _ = workspace_of(own())
    assert workspace is not None
    assert selected_gpus(workspace, context({"nodeProvisioner": "byo"}, nodes=nodes)) == known
    assert selected_gpus(workspace, context({}, nodes=nodes)) is None


def test_the_bypass_annotation_leaves_memory_of_brought_nodes_to_the_user() -> None:
    document = {**annotated(bypass_resource_checks="false"), "resource": {"labelSelector": SELECTOR}}
    assert judge(document, context({"nodeProvisioner": "byo"}, nodes=(node(memory="4096"),))) == ()
