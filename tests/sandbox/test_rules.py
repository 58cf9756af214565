"""The pure rules of the world: quantities, fitting, sizes, names, time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.sandbox.arm.place import Place
from reconciler.sandbox.arm.sizes import Sizes
from reconciler.sandbox.clock import Clock
from reconciler.sandbox.requests import Asked, RequestLog
from reconciler.sandbox.world.fit import amounts_of, in_words, is_wanted, needs_of, taint_in_the_way
from reconciler.sandbox.world.pods import in_letters, revision_of
from reconciler.sandbox.world.quantity import thousandths

PLACE = Place("s", "group", "cluster", "eastus")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("1", 1000),
        ("500m", 500),
        ("1.5", 1500),
        ("2k", 2_000_000),
        ("1Ki", 1_024_000),
        ("1e3", 1_000_000),
        ("1n", 1),
    ],
)
def test_quantities_are_read_exactly(text: str, amount: int) -> None:
    assert thousandths(text) == amount


@pytest.mark.parametrize("text", ["", "one", "1Zi", "1 Gi", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a quantity|Invalid literal"):
        thousandths(text)


@given(st.integers(0, 10**6), st.sampled_from(["", "k", "M", "Ki", "Mi", "Gi"]))
def test_a_bigger_number_of_the_same_unit_is_more(number: int, unit: str) -> None:
    assert thousandths(f"{number + 1}{unit}") > thousandths(f"{number}{unit}")


def node(labels: dict[str, str] | None = None, taints: list[dict[str, str]] | None = None) -> dict[str, Any]:
    return {"metadata": {"name": "n", "labels": labels or {}}, "spec": {"taints": taints or []}, "status": {}}


def pod(**spec: Any) -> dict[str, Any]:
    return {"spec": {"containers": [], **spec}}


def affinity(*rules: dict[str, Any]) -> dict[str, Any]:
    term = {"matchExpressions": list(rules)}
    wanted = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
    return {"affinity": {"nodeAffinity": wanted}}


@pytest.mark.parametrize(
    ("rule", "taken"),
    [
        ({"key": "a", "operator": "In", "values": ["1", "2"]}, True),
        ({"key": "a", "operator": "In", "values": ["2"]}, False),
        ({"key": "a", "operator": "NotIn", "values": ["2"]}, True),
        ({"key": "b", "operator": "NotIn", "values": ["2"]}, True),
        ({"key": "a", "operator": "Exists"}, True),
        ({"key": "b", "operator": "Exists"}, False),
        ({"key": "b", "operator": "DoesNotExist"}, True),
        ({"key": "a", "operator": "Gt", "values": ["0"]}, True),
        ({"key": "a", "operator": "Lt", "values": ["1"]}, False),
    ],
)
def test_node_affinity_takes_what_its_rule_says(rule: dict[str, Any], taken: bool) -> None:
    assert is_wanted(node({"a": "1"}), needs_of(pod(**affinity(rule)))) is taken


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        ({"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}, True),
        ({"key": "sku", "value": "gpu"}, True),
        ({"key": "sku", "value": "cpu"}, False),
        ({"key": "sku", "operator": "Exists"}, True),
        ({"operator": "Exists"}, True),
        ({"key": "sku", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_a_taint_is_tolerated_as_the_scheduler_tolerates(toleration: dict[str, str], tolerated: bool) -> None:
    tainted = node(taints=[{"key": "sku", "value": "gpu", "effect": "NoSchedule"}])
    assert (taint_in_the_way(tainted, needs_of(pod(tolerations=[toleration]))) == "") is tolerated


def test_a_soft_taint_keeps_nobody_off() -> None:
    assert not taint_in_the_way(node(taints=[{"key": "a", "effect": "PreferNoSchedule"}]), needs_of(pod()))


def test_a_pod_asks_for_the_larger_of_its_inits_and_its_containers_together() -> None:
    one, three = ({"resources": {"requests": {"cpu": cpu}}} for cpu in ("1", "3"))
    amounts = amounts_of({"containers": [one, one], "initContainers": [three, one]})
    assert amounts == {"cpu": 3000, "pods": 1000}


def test_a_limit_without_a_request_is_one() -> None:
    container = {"resources": {"limits": {"nvidia.com/gpu": "2"}}}
    assert amounts_of({"containers": [container]})["nvidia.com/gpu"] == 2000


def test_the_schedulers_words() -> None:
    said = in_words(3, Counter({"Insufficient nvidia.com/gpu": 1, "node(s) were unschedulable": 2}))
    assert said == (
        "0/3 nodes are available: 1 Insufficient nvidia.com/gpu, 2 node(s) were unschedulable. "
        "preemption: 0/3 nodes are available: 1 No preemption victims found for incoming pod, "
        "2 Preemption is not helpful for scheduling."
    )
    assert in_words(0, Counter()) == "no nodes available to schedule pods"


def test_machines_are_numbered_in_base_36() -> None:
    assert PLACE.node_name("gpu", 0).endswith("-vmss000000")
    assert PLACE.node_name("gpu", 35).endswith("-vmss00000z")
    assert PLACE.node_name("gpu", 36).endswith("-vmss000010")
    assert PLACE.provider_id("gpu", 36).endswith("/virtualMachines/36")


def test_sizes_are_found_in_any_case_and_told_ones_are_added() -> None:
    machine = {"vcpu": 8, "ram_gib": 64, "cpu": "arm64"}
    row = {"name": "Standard_New_v9", "machine": machine, "gpu": {"vendor": "NVIDIA", "count": 2}}
    gone = {"name": "Standard_Old_v1", "machine": machine, "status": "retired"}
    sizes = Sizes({"sizes": [row, gone]})
    assert sizes.find("Standard_New_v9").architecture == "arm64"
    assert sizes.find("STANDARD_new_V9").gpus == 2
    assert sizes.find("Standard_Old_v1") is None
    assert sizes.find("standard_nc24ads_a100_v4").vcpus == 24


def test_the_same_template_gives_the_same_revision() -> None:
    assert revision_of({"a": 1, "b": 2}) == revision_of({"b": 2, "a": 1}) != revision_of({"a": 1})
    assert len(in_letters("anything", 5)) == 5


def test_world_time_runs_at_its_speed() -> None:
    start = datetime(2030, 1, 1, tzinfo=UTC)
    clock = Clock(speed=3600, start=start)
    assert clock.now() >= start
    assert clock.real(7200) == 2
    assert clock.since("2029-12-31T23:59:00Z") >= 60
    with pytest.raises(ValueError, match="above 0"):
        Clock(speed=0)


def test_requests_are_counted_by_any_part() -> None:
    log = RequestLog()
    log.note(Asked("kube", "GET", "/api/v1/pods", "", "towline/1", 200))
    log.note(Asked("arm", "PUT", "/subscriptions/x", "", "azsdk", 201))
    assert (len(log), log.count(api="kube"), log.count(method="PUT", status=201)) == (2, 1, 1)
    assert log.count(agent="towline", path="/pods") == 1
    log.clear()
    assert list(log) == []
