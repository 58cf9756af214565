"""The ways a workspace's nodes may be had: which, in what order, and what each of them asks for."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.config import NodeGpus
from reconciler.domain.state import DesiredWorkspace
from reconciler.planner.resolve.blueprint import Blueprint
from reconciler.planner.resolve.resolve import resolve
from tests.planner.asking import (
    A100,
    blueprint,
    catalog,
    declared,
    desired,
    documents,
    findings,
    fleet,
    main_container,
    manifest,
    serving,
    tuning,
)

H100 = "Standard_NC40ads_H100_v5"
NC48 = "Standard_NC48ads_A100_v4"
T4 = "Standard_NC4as_T4_v3"


def asking(preset: str = "phi-4-mini-instruct", size: str = A100, **words: str) -> dict[str, Any]:
    annotations = {f"towline.dev/{key.replace('_', '-')}": text for key, text in words.items()}
    return manifest(size, annotations=annotations, inference={"preset": {"name": preset}})


def ways(workspace: DesiredWorkspace) -> list[str]:
    return [str(each.option) for each in (workspace, *workspace.alternatives)]


def fleet_says(**provisioning: Any) -> dict[str, Any]:
    return {"provisioning": provisioning}


def test_a_workspace_that_accepts_nothing_else_has_one_way_on_demand() -> None:
    workspace = desired(serving())
    assert workspace.option == Option(A100)
    assert workspace.alternatives == ()
    assert workspace.cost.at_most is False


def test_sizes_come_before_terms_and_terms_before_zones() -> None:
    asked = asking(instance_types=H100, capacity_type="spot, on-demand", zones="2,1")
    assert ways(desired(asked)) == [
        f"{A100} (spot, zone 2)",
        f"{A100} (spot, zone 1)",
        f"{A100} (zone 2)",
        f"{A100} (zone 1)",
        f"{H100} (spot, zone 2)",
        f"{H100} (spot, zone 1)",
        f"{H100} (zone 2)",
        f"{H100} (zone 1)",
    ]


def test_the_fleet_says_what_is_accepted_where_a_workspace_does_not() -> None:
    spec = fleet_says(instanceTypes=[H100], zones=["3"], capacityTypes=["spot", "on-demand"])
    assert ways(desired(serving(), **spec)) == [
        f"{A100} (spot, zone 3)",
        f"{A100} (zone 3)",
        f"{H100} (spot, zone 3)",
        f"{H100} (zone 3)",
    ]
    own_word = asking(instance_types="", zones="", capacity_type="on-demand")
    assert ways(desired(own_word, **spec)) == [A100]


def test_a_way_has_machines_a_pool_and_a_workload_of_its_own() -> None:
    workspace = desired(asking("qwen2.5-coder-32b-instruct", instance_types=NC48))
    (other,) = workspace.alternatives
    pools = [each.pool for each in (workspace, other) if each.pool]
    assert [(pool.instance_type, pool.count) for pool in pools] == [(A100, workspace.nodes), (NC48, 1)]
    assert pools[0].name != pools[1].name
    workload = documents(other)["StatefulSet/model"]["spec"]["template"]["spec"]
    assert workload["containers"][0]["resources"]["limits"]["nvidia.com/gpu"] == "2"
    rules = workload["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert {"key": "kubernetes.azure.com/agentpool", "operator": "In", "values": [pools[1].name]} in (
        rules["nodeSelectorTerms"][0]["matchExpressions"]
    )
    assert other.cost.dollars_per_hour == pytest.approx(7.346)


def test_what_is_alike_in_two_ways_is_one_value() -> None:
    workspace = desired(asking(zones="1,2"))
    (other,) = workspace.alternatives
    shared = {each.ref.kind for each in workspace.objects if any(each is one for one in other.objects)}
    assert shared == {"Workspace", "Service"}
    assert not other.alternatives
    assert not other.findings


def test_spot_machines_cost_at_most_what_others_do() -> None:
    workspace = desired(asking(capacity_type="spot,on-demand"))
    (on_demand,) = workspace.alternatives
    assert workspace.cost == replace(on_demand.cost, at_most=True)


def test_a_spot_pool_is_made_as_aks_wants_it() -> None:
    pool = desired(asking(capacity_type="spot")).pool
    assert pool is not None
    properties = json.loads(pool.body)["properties"]
    assert (properties["scaleSetPriority"], properties["scaleSetEvictionPolicy"]) == ("Spot", "Delete")
    assert properties["spotMaxPrice"] == -1
    assert "upgradeSettings" not in properties
    plain = desired(serving()).pool
    assert plain is not None
    assert not {"scaleSetPriority", "spotMaxPrice", "availabilityZones", "gpuProfile"} & set(
        json.loads(plain.body)["properties"]
    )


def test_a_size_that_cannot_run_the_model_is_passed_over_with_its_reason() -> None:
    asked = asking(instance_types=f"{T4}, Standard_NC6s_v3, Standard_Nonsense, {H100}, {A100.lower()}")
    workspace = desired(asked)
    assert ways(workspace) == [A100, H100]
    passed = [each for each in workspace.because if "passed over" in each]
    assert [each.partition(" ")[0] for each in passed] == [T4, "Standard_NC6s_v3", "Standard_Nonsense"]
    assert "compute capability 7.5" in passed[0]


def test_the_fleets_sizes_must_make_sense_and_annotated_ones_only_fit() -> None:
    slice_of_a_card = "Standard_NV18ads_A10_v5"
    model = "mistralai/mistral-7b-instruct-v0.3"
    by_fleet = desired(asking(model), **fleet_says(instanceTypes=[slice_of_a_card]))
    assert ways(by_fleet) == [A100]
    assert any("would take" in each for each in by_fleet.because)
    assert ways(desired(asking(model, instance_types=slice_of_a_card))) == [A100, slice_of_a_card]


def test_whoever_bypasses_the_checks_has_every_size_tried() -> None:
    asked = asking("llama-3.3-70b-instruct", NC48, instance_types="Standard_NV6ads_A10_v5")
    assert ways(desired(asked)) == [NC48]
    asked["metadata"]["annotations"]["kaito.sh/bypass-resource-checks"] = "true"
    assert ways(desired(asked)) == [NC48, "Standard_NV6ads_A10_v5"]


def test_a_training_goes_only_to_machines_that_hold_it() -> None:
    asked = tuning(method="lora")
    asked["metadata"]["annotations"] = {"towline.dev/instance-types": f"Standard_NV6ads_A10_v5,{H100}"}
    assert ways(desired(asked)) == [A100, H100]


def test_a_persons_own_pod_goes_to_machines_of_the_same_make_with_as_many_gpus() -> None:
    template = {"spec": {"containers": [{"name": "a", "image": "b"}]}}
    sizes = f"{A100},Standard_ND96isr_MI300X_v5,Standard_ND128isr_NDR_GB200_v6,Standard_NC80adis_H100_v5"
    asked = manifest(
        NC48, annotations={"towline.dev/instance-types": sizes}, inference={"template": template}
    )
    assert ways(desired(asked)) == [NC48, "Standard_NC80adis_H100_v5"]


def test_not_more_ways_are_tried_than_anybody_would_wait_for() -> None:
    asked = asking(instance_types=f"{H100},{NC48}", capacity_type="spot,on-demand", zones="1,2,3,4,5")
    assert len(ways(desired(asked))) == 24


def test_a_model_that_its_own_size_does_not_hold_is_refused_whatever_else_would() -> None:
    (finding,) = findings(asking("deepseek-ai/DeepSeek-V4-Pro", T4, instance_types=H100))
    assert finding.field == "resource.instanceType"


def test_words_that_cannot_be_read_leave_the_rest_standing() -> None:
    asked = asking(zones="eastus-1, 2,, 2", capacity_type="SPOT,cheap")
    assert ways(desired(asked)) == [f"{A100} (spot, zone 2)"]


def test_nodes_a_person_names_come_first_and_are_not_bought() -> None:
    named = manifest(version="v1alpha1", preferredNodes=["n1", "n2"], inference=serving()["inference"])
    workspace = desired(named)
    assert ways(workspace) == ["own nodes", A100]
    assert (workspace.pool, workspace.instance_type, workspace.cost.dollars_per_hour) == (None, "", 0.0)
    assert workspace.findings == ()
    (bought,) = workspace.alternatives
    assert bought.pool is not None
    custom = [documents(each)["Workspace/model"] for each in (workspace, bought)]
    assert custom[0] == custom[1]
    assert blueprint(named).requirements == {"apps": ("model",), "kubernetes.io/hostname": ("n1", "n2")}


def test_named_nodes_take_a_persons_own_pod_as_well() -> None:
    template = {"spec": {"containers": [{"name": "a", "image": "b"}]}}
    own = blueprint(manifest(preferredNodes=["n1"], inference={"template": template})).own_pod
    assert own is not None
    rules = own["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]} in (
        rules["nodeSelectorTerms"][0]["matchExpressions"]
    )


def test_named_nodes_that_say_what_they_have_are_asked_for_just_that() -> None:
    document = manifest(preferredNodes=["n1"], inference=serving()["inference"])
    seen = replace(declared(document), gpus=NodeGpus("NVIDIA-A100-80GB-PCIe", 4, 81920))
    resolved = resolve(seen, fleet(), catalog())
    assert isinstance(resolved, Blueprint)
    assert resolved.option.capacity_type is CapacityType.OWN
    assert main_container(resolved).gpus == 4
    assert [main_container(each).gpus for each in resolved.alternatives] == [1]


def test_too_few_named_nodes_are_not_taken_and_told() -> None:
    large = {"preset": {"name": "llama-3.3-70b-instruct"}}
    workspace = desired(manifest(NC48, preferredNodes=["n1"], inference=large))
    assert ways(workspace) == [NC48]
    (finding,) = workspace.findings
    assert finding.field == "resource.preferredNodes"
    assert "1 node is named and 2 are needed" in finding.message


@pytest.mark.parametrize("provisioner", ["karpenter", "gpu-provisioner", "byo"])
def test_only_agent_pools_are_tried_one_after_another(provisioner: str) -> None:
    size = "" if provisioner == "byo" else A100
    asked = asking(size=size, instance_types=H100, zones="1,2", capacity_type="spot,on-demand")
    assert desired(asked, node_provisioner=provisioner).alternatives == ()


def test_karpenter_chooses_among_sizes_that_run_the_very_same_pods() -> None:
    asked = asking(instance_types=f"{H100},{NC48}", capacity_type="spot,on-demand", zones="1,3")
    workspace = desired(asked, node_provisioner="karpenter")
    spec = documents(workspace)["NodePool/default-model"]["spec"]["template"]["spec"]
    allowed = {each["key"]: each["values"] for each in spec["requirements"]}
    assert allowed == {
        "node.kubernetes.io/instance-type": [A100, H100],
        "karpenter.sh/capacity-type": ["spot", "on-demand"],
        "topology.kubernetes.io/zone": ["eastus-1", "eastus-3"],
    }
    assert any(each.startswith(f"{NC48} is passed over") for each in workspace.because)
    assert workspace.cost.dollars_per_hour == pytest.approx(6.98)
    assert workspace.cost.at_most


def test_karpenter_is_kept_to_one_region_where_no_zone_is_named() -> None:
    spec = documents(desired(serving(), node_provisioner="karpenter"))["NodePool/default-model"]["spec"]
    keys = {each["key"]: each["values"] for each in spec["template"]["spec"]["requirements"]}
    assert keys["karpenter.azure.com/placement-scope"] == ["regional"]
    assert keys["karpenter.sh/capacity-type"] == ["on-demand"]


def test_karpenter_leaves_a_training_where_it_runs() -> None:
    pod = documents(desired(tuning(), node_provisioner="karpenter"))["Job/model"]["spec"]["template"]
    assert pod["metadata"]["annotations"]["karpenter.sh/do-not-disrupt"] == "true"
    served = documents(desired(serving(), node_provisioner="karpenter"))["StatefulSet/model"]
    assert "annotations" not in served["spec"]["template"]["metadata"]


def test_a_driver_left_to_somebody_else_is_another_pool() -> None:
    usual, without = (desired(asking(gpu_driver=word)).pool for word in ("install", "none"))
    assert usual is not None
    assert without is not None
    assert usual.name != without.name
    assert json.loads(without.body)["properties"]["gpuProfile"] == {"driver": "None"}


def test_spot_is_in_no_way_confused_with_own_nodes() -> None:
    named = manifest(
        preferredNodes=["n1"],
        annotations={"towline.dev/capacity-type": "spot"},
        inference=serving()["inference"],
    )
    assert ways(desired(named)) == ["own nodes", f"{A100} (spot)"]
