"""Who owns a field, read from managedFields as API servers write them."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.adapters.kube.owners import field_owners

OURS = {
    "f:spec": {
        "f:replicas": {},
        "f:ports": {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}, "f:targetPort": {}}},
    }
}
KEDA = {"f:spec": {"f:replicas": {}}}
KUBECTL = {
    "f:metadata": {"f:annotations": {".": {}, "f:kubectl.kubernetes.io/restartedAt": {}}},
    "f:spec": {
        "f:ports": {
            'k:{"port":53,"protocol":"UDP"}': {"f:targetPort": {}},
            'k:{"port":81,"protocol":"TCP"}': {".": {}, "f:name": {}, "f:port": {}},
        },
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"model"}': {
                        "f:image": {},
                        "f:args": {},
                        "f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}},
                        "f:resources": {"f:limits": {"f:nvidia.com/gpu": {}}},
                        "f:volumeMounts": {'k:{"mountPath":"/data"}': {".": {}, "f:readOnly": {}}},
                    }
                }
            }
        },
    },
}


def seen(**managers: dict[str, Any]) -> dict[str, Any]:
    entries = [
        {
            "manager": name.replace("_", "-"),
            "operation": "Update",
            "time": f"2026-11-22T12:00:0{number}Z",
            "fieldsV1": fields,
        }
        for number, (name, fields) in enumerate(managers.items())
    ]
    return {"metadata": {"managedFields": entries}}


@pytest.mark.parametrize(
    "field",
    [
        "spec.ports[81]",
        "spec.ports[81].name",
        "spec.ports[53/UDP].targetPort",
        "spec.template.spec.containers[model].image",
        "spec.template.spec.containers[model].args",
        "spec.template.spec.containers[model].args[1]",
        "spec.template.spec.containers[model].env[A].value",
        "spec.template.spec.containers[model].env",
        "spec.template.spec.containers[model].resources.limits.nvidia.com/gpu",
        "spec.template.spec.containers[model].volumeMounts[/data].readOnly",
        "metadata.annotations.kubectl.kubernetes.io/restartedAt",
    ],
)
def test_a_field_is_found_as_we_write_it(field: str) -> None:
    assert field_owners(seen(towline=OURS, kubectl_edit=KUBECTL), [field]) == ("kubectl-edit",)


@pytest.mark.parametrize(
    "field",
    [
        "spec.replicas",
        "spec.replica",
        "spec.ports[80].targetPort",
        "spec.ports[53].targetPort",
        "spec.template.spec.containers[other].image",
        "spec.template.spec.containers[model].imagePullPolicy",
        "metadata.annotations.kubectl.kubernetes.io/other",
    ],
)
def test_nobody_else_owns_what_they_did_not_set(field: str) -> None:
    assert field_owners(seen(towline=OURS, kubectl_edit=KUBECTL), [field]) == ()


def test_whoever_wrote_last_comes_first() -> None:
    both = seen(keda_operator=KEDA, towline=OURS, kubectl_scale=KEDA)

    assert field_owners(both, ["spec.replicas"]) == ("kubectl-scale", "keda-operator")


def test_an_entry_that_is_missing_was_taken_by_whoever_owns_the_list() -> None:
    assert field_owners(seen(kubectl_edit=KUBECTL), ["spec.ports[80]"]) == ("kubectl-edit",)


def test_an_object_that_nobody_keeps_account_of_is_nobodys() -> None:
    assert field_owners({"metadata": {}}, ["spec.replicas"]) == ()
