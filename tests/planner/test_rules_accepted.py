"""The further machines a workspace accepts, and those of a whole Fleet, judged where they are written."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Finding, Severity
from reconciler.planner.read.config import all_findings
from tests.builders import manifest
from tests.planner.judged import context, fields, judge, tuned
from tests.planner.repository import FLEET, read, workspace_text

A100 = "Standard_NC24ads_A100_v4"
H100 = "Standard_NC40ads_H100_v5"


def accepting(size: str = A100, preset: str = "phi-4-mini-instruct", **words: str) -> dict[str, Any]:
    annotations = {f"towline.dev/{key.replace('_', '-')}": text for key, text in words.items()}
    resource = {"instanceType": size, "labelSelector": {"matchLabels": {"apps": "phi"}}}
    return manifest(
        metadata={"name": "phi", "annotations": annotations},
        resource=resource,
        inference={"preset": {"name": preset}},
    )


def said(findings: tuple[Finding, ...]) -> list[tuple[str, str, str]]:
    return [(each.severity, each.message, each.mend) for each in findings]


def test_what_can_be_followed_is_not_spoken_of() -> None:
    words = {"instance_types": f"{H100}, {A100}", "zones": "1,2,3", "capacity_type": "spot,on-demand"}
    assert judge(accepting(**words)) == ()
    assert judge(accepting(instance_types="", zones="", capacity_type="")) == ()
    assert judge(accepting(gpu_driver="none")) == ()


def test_a_size_that_is_gone_is_told_with_the_cheapest_that_fit() -> None:
    (finding,) = judge(accepting(instance_types=f"{H100}, Standard_NC6s_v3"))
    assert finding.severity is Severity.WARNING
    assert "retired on 2025-09-30" in finding.message
    assert finding.mend.startswith("cheapest current sizes that fit: Standard_N")


def test_a_size_that_is_too_small_or_mistyped_is_passed_over_and_told() -> None:
    (small,) = judge(accepting(preset="qwen2.5-coder-32b-instruct", instance_types="Standard_NC4as_T4_v3"))
    assert "Standard_NC4as_T4_v3 is passed over" in small.message
    (mistyped,) = judge(accepting(instance_types="Standard_NC40ads_H100_v"))
    assert (mistyped.severity, mistyped.mend) == ("warning", f"did you mean {H100}?")


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ({"instance_types": "large, larger"}, "large, larger"),
        ({"zones": "eastus-1"}, "eastus-1"),
        ({"zones": "0"}, "0"),
        ({"capacity_type": "cheap"}, "cheap"),
        ({"capacity_type": "own"}, "own"),
    ],
)
def test_a_list_of_which_nothing_can_be_read_is_an_error(words: dict[str, str], wrong: str) -> None:
    (finding,) = judge(accepting(**words))
    assert finding.severity is Severity.ERROR
    assert finding.message == f"nothing in {wrong!r} can be read"


@pytest.mark.parametrize(("words", "wrong"), [({"zones": "1,east"}, "east"), ({"zones": "22,1"}, "22")])
def test_a_word_that_cannot_be_read_is_passed_over(words: dict[str, str], wrong: str) -> None:
    assert said(judge(accepting(**words))) == [
        ("warning", f"{wrong} is passed over: it is no zone", "use 1, 2 or 3")
    ]


def test_a_driver_is_installed_or_it_is_not() -> None:
    assert fields(judge(accepting(gpu_driver="nvidia"))) == ["metadata.annotations[towline.dev/gpu-driver]"]


def test_a_mistyped_annotation_is_told_which_was_meant() -> None:
    (finding,) = judge(accepting(instancetypes=H100))
    assert finding.mend == "did you mean towline.dev/instance-types?"


def test_too_many_ways_are_counted() -> None:
    (finding,) = judge(
        accepting(
            instance_types=f"{H100},Standard_NC48ads_A100_v4",
            zones="1,2,3,4,5",
            capacity_type="spot,on-demand",
        )
    )
    assert finding.severity is Severity.WARNING
    assert "30 ways together; the first 24 of them count" in finding.message


@pytest.mark.parametrize("provisioner", ["byo", "gpu-provisioner"])
def test_what_nobody_follows_is_told(provisioner: str) -> None:
    document = accepting(zones="1", capacity_type="spot", gpu_driver="none")
    if provisioner == "byo":
        del document["resource"]["instanceType"]
    found = judge(document, context({"nodeProvisioner": provisioner}))
    assert {each.severity for each in found} == {"warning"}
    assert fields(found, Severity.WARNING) == [
        "metadata.annotations[towline.dev/capacity-type]",
        "metadata.annotations[towline.dev/gpu-driver]",
        "metadata.annotations[towline.dev/zones]",
    ]


@pytest.mark.parametrize(
    ("provisioner", "told"),
    [("agentPool", []), ("karpenter", ["resource.preferredNodes"])],
)
def test_named_nodes_are_followed_by_agent_pools_alone(provisioner: str, told: list[str]) -> None:
    document = accepting()
    document["resource"]["preferredNodes"] = ["n1"]
    assert fields(judge(document, context({"nodeProvisioner": provisioner})), Severity.WARNING) == told


def template(size: str, count: int = 1) -> dict[str, Any]:
    resource = {"instanceType": size, "count": count, "labelSelector": {"matchLabels": {"apps": "phi"}}}
    pod = {"spec": {"containers": [{"name": "a", "image": "b:1"}]}}
    return manifest(resource=resource, inference={"template": pod})


@pytest.mark.parametrize(
    ("document", "about"),
    [
        (template("Standard_ND96isr_MI300X_v5"), ["AMD"]),
        (template("Standard_ND128isr_NDR_GB200_v6"), ["arm64"]),
        (template("Standard_ND96isr_H100_v5", 2), ["InfiniBand"]),
        (template("Standard_ND96isr_H100_v5"), []),
        (accepting("Standard_ND96isr_H100_v5"), []),
        (accepting("Standard_ND96asr_v4", "deepseek-r1-0528"), ["InfiniBand"]),
        (accepting("Standard_ND96isr_MI300X_v5"), ["AMD"]),
        (accepting("Standard_ND128isr_NDR_GB200_v6"), ["arm64"]),
        ({**tuned(), "resource": template("Standard_ND96isr_H100_v5")["resource"]}, []),
    ],
)
def test_what_aks_leaves_to_a_person_is_told_once(document: dict[str, Any], about: list[str]) -> None:
    found = judge(document)
    assert len(found) == len(about), said(found)
    assert all(word in each.message for word, each in zip(about, found, strict=True))
    assert {each.severity for each in found} <= {Severity.WARNING}


def of_fleet(text: str) -> tuple[Finding, ...]:
    files = {"towline.yaml": f"{FLEET}spec:\n  provisioning:\n{text}", "workspaces/a.yaml": workspace_text()}
    return all_findings(read(files))


def test_a_fleets_sizes_and_zones_are_judged_at_their_line() -> None:
    found = of_fleet(
        f"    instanceTypes:\n    - Standard_NC6s_v3\n    - Standard_NC40ads_H100_v\n    - {H100}\n"
        "    zones: ['1', east]\n"
    )
    assert [(each.file, each.line, each.field, each.severity) for each in found] == [
        ("towline.yaml", 6, "spec.provisioning.instanceTypes[0]", "warning"),
        ("towline.yaml", 7, "spec.provisioning.instanceTypes[1]", "warning"),
        ("towline.yaml", 9, "spec.provisioning.zones[1]", "warning"),
    ]
    assert "so it is passed over" in found[0].message
    assert found[1].mend == f"did you mean {H100}?"


def test_a_fleet_whose_zones_say_nothing_is_in_error() -> None:
    found = {each.field: each for each in of_fleet("    zones: [eastus-1]\n")}
    fleet = found["spec.provisioning.zones[0]"]
    assert (fleet.file, fleet.line, fleet.severity) == ("towline.yaml", 5, Severity.ERROR)


def test_a_fleet_that_accepts_too_much_is_told_so_itself() -> None:
    sizes = ", ".join((H100, "Standard_NC48ads_A100_v4", "Standard_NC80adis_H100_v5"))
    (finding,) = of_fleet(
        f"    instanceTypes: [{sizes}]\n    zones: [1, 2, 3, 4]\n    capacityTypes: [spot, on-demand]\n"
    )
    assert (finding.line, finding.field) == (4, "spec.provisioning")
    assert "32 ways" in finding.message


def test_zones_may_be_written_as_numbers() -> None:
    assert of_fleet("    zones: [1, 2]\n") == ()
