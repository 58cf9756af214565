"""Whose an object and a field is: ours come back, a person's tool gives way, others are left alone."""

import re
from typing import Any

from .stage import Stage, config_repo, workspace
from .test_prune import identities, serving

FOREIGN: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "chat"},
    "spec": {
        "replicas": 0,
        "serviceName": "x",
        "selector": {"matchLabels": {"x": "y"}},
        "template": {
            "metadata": {"labels": {"x": "y"}},
            "spec": {"containers": [{"name": "x", "image": "x"}]},
        },
    },
}


def replicas(stage: Stage, name: str = "chat") -> int:
    found = stage.outlook.find("StatefulSet", name)
    return int(found["spec"]["replicas"]) if found else -1


def test_an_object_deleted_by_hand_comes_back_at_once(stage: Stage) -> None:
    with serving(stage, "chat") as daemon:
        before = identities(stage)
        stage.outlook.delete("Service", "chat")
        stage.outlook.delete("StatefulSet", "chat")

        stage.becomes(lambda: set(identities(stage)) == set(before), daemon)
        stage.becomes_phase("chat", "Ready", daemon)
        after = identities(stage)
        assert after["Service/chat"] != before["Service/chat"]
        held = {entry[4] for entry in stage.outlook.inventory()["default.chat"][3]}
        assert set(after.values()) - {""} == held


def test_what_people_change_with_kubectl_is_put_back(stage: Stage) -> None:
    with serving(stage, "chat") as daemon:
        before = stage.outlook.portrait()

        stage.outlook.patch("StatefulSet", "chat", {"spec": {"replicas": 0}}, "kubectl-scale", "/scale")
        stage.becomes(lambda: replicas(stage) == 1, daemon)
        container = {"name": "chat", "image": "nginx:1.27"}
        template = {"spec": {"template": {"spec": {"containers": [container]}}}}
        stage.outlook.patch("StatefulSet", "chat", template, "kubectl-edit")
        stage.becomes(lambda: image_of(stage) != "nginx:1.27", daemon)
        stage.outlook.patch("Service", "chat", {"spec": {"selector": {"app": "mine"}}}, "kubectl-patch")
        stage.becomes(lambda: same_wishes(stage.outlook.portrait(), before), daemon)
        stage.becomes_phase("chat", "Ready", daemon)
        service = stage.outlook.find("Service", "chat") or {}
        assert service["spec"]["selector"] == before["Service/default/chat"]["spec"]["selector"]


def image_of(stage: Stage) -> str:
    found = stage.outlook.find("StatefulSet", "chat") or {}
    return str(found["spec"]["template"]["spec"]["containers"][0]["image"])


def same_wishes(now: dict[str, Any], before: dict[str, Any]) -> bool:
    kinds = ("StatefulSet/", "Service/", "Workspace/")
    ours = {name for name in before if name.startswith(kinds)}
    return {name: contains(now[name]["spec"], before[name]["spec"]) for name in ours} == dict.fromkeys(
        ours, True
    )


def contains(live: Any, wanted: Any) -> bool:
    """Whether everything wanted is there; fields that others added stay theirs, but for a selector."""
    if isinstance(wanted, dict) and "selector" in wanted and wanted["selector"] != live["selector"]:
        return False
    if isinstance(wanted, dict):
        return isinstance(live, dict) and all(contains(live.get(key), each) for key, each in wanted.items())
    if isinstance(wanted, list):
        pairs = zip(live, wanted, strict=False)
        return len(live) == len(wanted) and all(contains(one, other) for one, other in pairs)
    return bool(live == wanted)


def test_a_field_another_controller_owns_is_reported_and_not_fought_over(stage: Stage) -> None:
    with serving(stage, "chat", "stays") as daemon:
        stage.outlook.apply(
            "StatefulSet",
            "chat",
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "metadata": {"name": "chat"},
                "spec": {"replicas": 3},
            },
            "keda-operator",
        )

        stage.becomes(lambda: "keda-operator" in str(stage.person.told("chat")), daemon)
        assert "replicas" in str(stage.person.told("chat"))
        assert replicas(stage) == 3
        refused = stage.sandbox.requests.count(method="PATCH", path="statefulsets/chat", status=409)
        assert 1 <= refused <= 3
        assert stage.person.phase("stays") == "Ready"


def test_somebody_elses_object_of_the_same_name_is_not_adopted(stage: Stage) -> None:
    theirs = stage.outlook.create("StatefulSet", FOREIGN)
    stage.person.push(config_repo("chat", "stays"))
    with stage.daemon("--poll", "2") as daemon:
        stage.becomes_phase("stays", "Ready", daemon)
        stage.becomes(lambda: "is not this fleet's" in str(stage.person.told("chat")), daemon)

        found = stage.outlook.find("StatefulSet", "chat")
        assert found is not None
        assert found["metadata"]["uid"] == theirs["metadata"]["uid"]
        assert found["spec"] == theirs["spec"]
        stage.person.push({"workspaces/chat.yaml": None})
        stage.becomes(lambda: not stage.person.told("chat"), daemon)
        assert stage.outlook.find("StatefulSet", "chat")


def test_an_object_with_our_labels_that_somebody_else_made_is_not_pruned(stage: Stage) -> None:
    with serving(stage, "chat", "stays") as daemon:
        ours = stage.outlook.find("Service", "chat")
        assert ours is not None
        forged = {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "chat-debug", "labels": ours["metadata"]["labels"]},
            "spec": {"ports": [{"port": 80}]},
        }
        stage.outlook.create("Service", forged)
        stage.person.push({"workspaces/chat.yaml": None})

        stage.becomes(lambda: not stage.person.told("chat"), daemon)
        assert stage.outlook.find("Service", "chat") is None
        assert stage.outlook.find("Service", "chat-debug") is not None


def test_an_object_made_again_by_somebody_else_is_not_pruned_by_its_name(stage: Stage) -> None:
    stage.person.push(config_repo("chat", "stays"))
    stage.settle()
    stage.outlook.delete("StatefulSet", "chat")
    stage.outlook.create("StatefulSet", FOREIGN)
    stage.person.push({"workspaces/chat.yaml": None})

    stage.settle()

    assert stage.outlook.find("StatefulSet", "chat")
    assert not stage.person.told("chat")


def test_another_instance_type_moves_to_new_nodes_before_the_old_ones_go(stage: Stage) -> None:
    with serving(stage, "chat") as daemon:
        old = {pool["name"] for pool in stage.outlook.pools()}
        bigger = workspace("chat", size="Standard_NC48ads_A100_v4")
        writes = len(stage.outlook.writes())
        stage.person.push({"workspaces/chat.yaml": bigger})

        stage.becomes(lambda: len(stage.outlook.pools()) == 1 and not old & pools(stage), daemon)
        stage.becomes_phase("chat", "Ready", daemon)
        cloud = [each.method for each in stage.outlook.writes()[writes:] if each.api == "arm"]
        assert cloud == ["PUT", "DELETE"]
        assert re.search(r"Still serving where it was", daemon.said)


def pools(stage: Stage) -> set[str]:
    return {str(pool["name"]) for pool in stage.outlook.pools()}
