"""What goes wrong in a cloud, told in a sentence a data scientist understands; the others are served on."""

import pytest

from .stage import Stage, config_repo, workspace

BIGGER = "Standard_NC48ads_A100_v4"
TROUBLES = {
    f"no-quota@{BIGGER}": ("quota", "choose an instance type of another family"),
    f"no-capacity@{BIGGER}": ("AllocationFailed", "another instance type may be quicker"),
    f"node-never-joins@{BIGGER}": ("its nodes to be Ready: 0 of 1",),
    f"no-device-plugin@{BIGGER}": ("nvidia.com/gpu", "the NVIDIA device plugin is not running there"),
    "image-pull@chat-0": ("cannot be pulled", "check that it exists"),
    "crash-loop@chat-0": ("crashed with exit code 1", "kubectl logs --previous chat-0"),
}
STAYS = ("no-capacity", "node-never-joins")
"""A pool that failed, or whose machine came and never joined, is there: whoever pays for it decides."""


@pytest.mark.parametrize(("trouble", "words"), TROUBLES.items(), ids=TROUBLES)
def test_one_workspaces_trouble_is_told_costs_no_other_and_passes(
    stage: Stage, trouble: str, words: tuple[str, ...]
) -> None:
    stage.sandbox.ask(trouble)
    stage.person.push({**config_repo("stays"), "workspaces/chat.yaml": workspace("chat", size=BIGGER)})
    with stage.daemon("--poll", "1") as daemon:
        stage.becomes_phase("stays", "Ready", daemon)
        stage.becomes(lambda: all(word in str(stage.person.told("chat")) for word in words), daemon)
        assert stage.person.phase("chat") in ("Pending", "NotReady", "Failed")
        assert words[0] in stage.person.page()

        stage.sandbox.ask("none")
        if trouble.split("@")[0] not in STAYS:
            stage.becomes_phase("chat", "Ready", daemon, 120)
        assert stage.person.phase("stays") == "Ready"
        assert daemon.is_running()


@pytest.mark.parametrize("trouble", ["throttled:3", "api-500:3@arm", "api-500:3@kube", "hanging-api:1@arm"])
def test_an_api_that_falters_is_asked_again(stage: Stage, trouble: str) -> None:
    stage.sandbox.ask(trouble)
    stage.person.push(config_repo("chat"))

    ended = stage.settle(seconds=100)

    assert stage.person.phase("chat") == "Ready"
    assert len(stage.outlook.pools()) == 1
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("trouble", ["api-500@arm", "throttled"])
def test_while_the_cloud_cannot_be_seen_workloads_are_looked_after_and_nothing_is_pruned(
    stage: Stage, trouble: str
) -> None:
    stage.person.push(config_repo("chat", "leaves"))
    stage.settle()
    pools = len(stage.outlook.pools())
    stage.sandbox.ask(trouble)
    stage.person.push({"workspaces/leaves.yaml": None})
    with stage.daemon("--poll", "1") as daemon:
        stage.becomes(lambda: "agent pools cannot be seen" in stage.person.page(), daemon)
        stage.outlook.delete("Service", "chat")
        stage.becomes(lambda: stage.outlook.find("Service", "chat") is not None, daemon)

        stage.sandbox.ask("none")
        stage.becomes(lambda: not stage.person.told("leaves"), daemon)
        stage.becomes(lambda: len(stage.outlook.pools()) == pools - 1, daemon)
        stage.becomes_phase("chat", "Ready", daemon)


def test_kaito_in_the_cluster_keeps_its_own_workspaces_and_towline_serves_all_the_same(stage: Stage) -> None:
    kaitos = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "workspaces.kaito.sh", "labels": {"app.kubernetes.io/name": "kaito"}},
        "spec": {
            "group": "kaito.sh",
            "names": {"kind": "Workspace", "plural": "workspaces", "listKind": "WorkspaceList"},
            "scope": "Namespaced",
            "versions": [
                {
                    "name": "v1beta1",
                    "served": True,
                    "storage": True,
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "x-kubernetes-preserve-unknown-fields": True,
                        }
                    },
                }
            ],
        },
    }
    status, answer = stage.outlook.ask(
        "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kaitos
    )
    assert status == 201, answer
    stage.person.push(config_repo("chat"))

    stage.settle()

    assert stage.outlook.all("Workspace") == []
    assert stage.person.phase("chat") == "Ready"
    assert "KAITO" in stage.person.page()
    assert [each for each in stage.outlook.writes() if "workspaces" in each.path] == []
