"""Stages that take too long, and clusters that take no changes."""

from __future__ import annotations

import pytest

from reconciler.domain.cloud import AksStanding, CapacityType, Option
from reconciler.domain.provisioning import Kind, Scope
from reconciler.planner.provision.setbacks import frozen, took_too_long

ON_DEMAND = Option("Standard_NC24ads_A100_v4")
SPOT = Option("Standard_NC24ads_A100_v4", CapacityType.SPOT)


@pytest.mark.parametrize(
    ("stage", "kind", "word"),
    [
        ("create", Kind.RECREATE, "making the nodes"),
        ("join", Kind.RECREATE, "none of its nodes joined"),
        ("ready", Kind.RECREATE, "did not become Ready"),
        ("gpu", Kind.PERMANENT, "NVIDIA's device plugin is missing"),
        ("delete", Kind.TRANSIENT, "removing the nodes"),
    ],
)
def test_each_stage_says_what_did_not_happen_and_for_how_long(stage: str, kind: Kind, word: str) -> None:
    found = took_too_long(stage, 40.4, ON_DEMAND)

    assert found.kind is kind
    assert word in found.sentence
    assert "40 minutes" in found.sentence
    assert not found.sentence.endswith(".")
    assert found.closes is None


def test_spot_nodes_that_never_come_shut_that_spot_way_for_an_hour() -> None:
    found = took_too_long("join", 15, SPOT)

    assert (found.kind, found.closes, found.closed_seconds) == (Kind.CAPACITY, Scope.SIZE, 3600)
    assert "no spot capacity, or the price offered is too low" in found.sentence
    assert took_too_long("join", 15, Option(SPOT.instance_type, SPOT.capacity_type, "2")).closes is Scope.ZONE


def test_a_missing_device_plugin_is_named_with_the_taints_it_must_tolerate_and_never_costs_a_node() -> None:
    found = took_too_long("gpu", 10, SPOT)

    assert found.kind is Kind.PERMANENT
    assert "nvidia-device-plugin-daemonset" in found.next_step
    assert "sku=gpu:NoSchedule and kubernetes.azure.com/scalesetpriority=spot:NoSchedule" in found.next_step
    assert "spot" not in took_too_long("gpu", 10, ON_DEMAND).next_step


@pytest.mark.parametrize(
    ("power", "provisioning", "word"),
    [
        ("Stopped", "Succeeded", "is stopped: no nodes are made, changed or removed"),
        ("Stopped", "Starting", "is starting: no nodes are made"),
        ("Running", "Stopping", "is stopping: no nodes are made"),
        ("Running", "Upgrading", "is upgrading: no nodes are made"),
        ("Running", "Failed", "last operation is Failed: no nodes are made"),
        ("Running", "Updating", "is updating: no nodes are removed until"),
        ("", "", "is unknown and unknown: no nodes are made"),
    ],
)
def test_a_cluster_that_takes_no_changes_says_which_and_until_when(
    power: str, provisioning: str, word: str
) -> None:
    said = frozen(AksStanding(power, provisioning))

    assert word in said
    assert not said.endswith(".")
