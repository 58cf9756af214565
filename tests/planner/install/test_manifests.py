"""What an installation consists of, held to the restricted profile of the Pod Security Standards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.domain.fleet import Fleet
from reconciler.domain.installation import INSTALLER, Installation
from reconciler.domain.right import Where
from reconciler.planner.install.leftovers import leftovers
from reconciler.planner.install.manifests import ground, instance, labels_of, manifests
from reconciler.planner.install.rights import deeds_of
from reconciler.wiring.install import means_for, rights
from tests.builders import observed_object
from tests.planner.asking import templates

TOLD = Installation("https://git.example/models.git", "registry.example/towline:1")


def a_fleet(**spec: Any) -> Fleet:
    name = {"name": spec.pop("fleet")} if "fleet" in spec else {}
    document = {"apiVersion": "towline.dev/v1alpha1", "metadata": name, "spec": spec}
    return Fleet.model_validate_json(json.dumps(document))


def installed(fleet: Fleet | None = None, **told: Any) -> dict[str, dict[str, Any]]:
    """Each object by kind and name."""
    fleet, values = fleet or a_fleet(), {name: getattr(TOLD, name) for name in TOLD.__slots__}
    objects = (
        each.document for each in manifests(Installation(**{**values, **told}), fleet, means_for(fleet))
    )
    return {f"{each['kind']} {each['metadata']['name']}": each for each in objects}


def container(objects: dict[str, dict[str, Any]], name: str = "towline") -> dict[str, Any]:
    (only,) = objects[f"Deployment {name}"]["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def test_its_pod_keeps_to_the_restricted_profile() -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, rule by rule."""
    objects = installed(git_secret="git")
    pod, only = objects["Deployment towline"]["spec"]["template"]["spec"], container(objects)

    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & pod.keys()
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert only["securityContext"]["allowPrivilegeEscalation"] is False
    assert only["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert "privileged" not in only["securityContext"]
    assert not any("hostPort" in port for port in only["ports"])
    kinds = {kind for volume in pod["volumes"] for kind in volume if kind != "name"}
    assert kinds <= {"configMap", "emptyDir", "projected", "secret", "csi", "downwardAPI"}


def test_its_root_is_read_only_and_all_it_writes_has_a_place() -> None:
    objects = installed()
    only = container(objects)
    assert only["securityContext"]["readOnlyRootFilesystem"] is True
    mounted = {mount["mountPath"] for mount in only["volumeMounts"]}
    state = only["args"][only["args"].index("--state") + 1]
    assert mounted == {state, "/tmp"}


def test_it_is_asked_how_it_is_where_it_listens() -> None:
    objects = installed()
    only = container(objects)
    assert only["args"][only["args"].index("--listen") + 1] == ":8080"
    assert [port["containerPort"] for port in only["ports"]] == [8080]
    assert only["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert only["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert objects["Service towline"]["spec"]["selector"].items() <= labels_of("towline").items()


def test_the_password_comes_from_the_secret_and_is_nowhere_else() -> None:
    (user, password) = container(installed(git_secret="git"))["env"]
    assert user["valueFrom"]["secretKeyRef"] == {"name": "git", "key": "username", "optional": True}
    assert password["valueFrom"]["secretKeyRef"] == {"name": "git", "key": "password", "optional": False}
    assert "env" not in container(installed())


@pytest.mark.parametrize("repo", ["git@git.example:org/models.git", "ssh://git@git.example/org/models.git"])
def test_the_key_for_ssh_is_a_file_that_others_cannot_read(repo: str) -> None:
    objects = installed(git_secret="git", repo=repo)
    pod, only = objects["Deployment towline"]["spec"]["template"]["spec"], container(objects)
    (volume,) = [each for each in pod["volumes"] if "secret" in each]
    (mount,) = [each for each in only["volumeMounts"] if each["name"] == volume["name"]]
    assert volume["secret"] == {"secretName": "git", "defaultMode": 0o440}
    assert {each["name"]: each["value"] for each in only["env"]} == {
        "TOWLINE_GIT_SSH_KEY": f"{mount['mountPath']}/ssh-privatekey",
        "TOWLINE_GIT_KNOWN_HOSTS": f"{mount['mountPath']}/known_hosts",
    }


def test_with_an_identity_azure_knows_it_by_workload_identity_else_by_the_nodes() -> None:
    known, unknown = installed(azure_client_id="an-id"), installed()
    annotations = known["ServiceAccount towline"]["metadata"]["annotations"]
    labels = known["Deployment towline"]["spec"]["template"]["metadata"]["labels"]
    assert annotations == {"azure.workload.identity/client-id": "an-id"}
    assert labels["azure.workload.identity/use"] == "true"
    assert container(known)["args"][-2:] == ["--azure-login", "workload-identity"]
    assert container(unknown)["args"][-2:] == ["--azure-login", "managed-identity"]
    assert "annotations" not in unknown["ServiceAccount towline"]["metadata"]
    assert "--azure-login" not in container(installed(a_fleet(nodeProvisioner="byo")))["args"]


def test_two_fleets_of_one_cluster_have_one_installation_each() -> None:
    chat, tuning = installed(a_fleet(fleet="chat")), installed(a_fleet(fleet="tuning"))
    assert chat.keys().isdisjoint(tuning.keys() - {"Namespace towline-system"})
    assert instance(a_fleet(fleet="chat")) == "towline-chat"


def test_everything_carries_the_labels_it_is_found_by_and_none_of_the_fleets() -> None:
    for name, each in installed().items():
        labels = each["metadata"]["labels"]
        assert "towline.dev/fleet" not in labels, name
        assert name == "Namespace towline-system" or labels.items() >= labels_of("towline").items(), name


def test_what_is_seen_from_outside_comes_along() -> None:
    objects = installed()
    dashboard = objects["ConfigMap towline-dashboard"]
    assert dashboard["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(dashboard["data"]["towline.json"])["panels"]
    assert objects["PrometheusRule towline"]["spec"]["groups"]
    (endpoint,) = objects["PodMonitor towline"]["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == container(objects)["ports"][0]["name"]


def test_the_profile_binds_no_namespace_that_others_live_in() -> None:
    assert "Namespace towline-system" in installed()
    assert "Namespace models" not in installed(a_fleet(namespaces=["models", "default"]), namespace="models")
    assert "Namespace default" not in installed(namespace="default")


def test_what_workspaces_stand_on_is_written_once_and_as_a_pass_writes_it() -> None:
    fleet = a_fleet(namespaces=["models", "default"])
    names = [each.ref.name for each in ground(TOLD, fleet, templates())]
    assert sorted(names) == ["models", "workspaces.kaito.sh"]
    for each in ground(TOLD, fleet, templates()):
        assert each.document["metadata"]["annotations"].keys() == {"towline.dev/digest"}


@pytest.mark.parametrize("provisioner", ["agentPool", "karpenter", "gpu-provisioner", "byo"])
def test_nothing_is_allowed_beyond_the_fleets_namespaces_but_to_look(provisioner: str) -> None:
    for right in rights(a_fleet(nodeProvisioner=provisioner)):
        if right.where is Where.CLUSTER and not right.names and right.resource.namespaced:
            assert set(right.verbs) <= {"list", "watch"}, right
        assert "*" not in (*right.verbs, right.resource.plural, right.resource.group)
        assert right.resource.plural not in ("secrets", "pods") or not {"create", "patch"} & set(right.verbs)
        assert not (
            right.resource.plural in ("namespaces", "customresourcedefinitions") and "delete" in right.verbs
        )


def test_who_makes_nodes_decides_which_of_their_kinds_may_be_written() -> None:
    def written(provisioner: str) -> set[str]:
        deeds = deeds_of(rights(fleet := a_fleet(nodeProvisioner=provisioner)), fleet)
        return {str(each) for each in deeds if each.verb == "create" and "node" in str(each)}

    assert written("karpenter") == {
        "create nodepools.karpenter.sh",
        "create aksnodeclasses.karpenter.azure.com",
    }
    assert written("gpu-provisioner") == {"create nodeclaims.karpenter.sh"}
    assert written("agentPool") == set()


def test_the_roles_say_what_the_table_says() -> None:
    fleet = a_fleet(namespaces=["models", "default"])
    objects = installed(fleet)
    granted = {
        (where, group, resource, verb, name)
        for where, role in (
            (Where.CLUSTER, objects["ClusterRole towline"]),
            (Where.FLEET, objects["ClusterRole towline-workspaces"]),
            (Where.OWN, objects["Role towline"]),
        )
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
        for name in rule.get("resourceNames", [""])
    }
    table = {
        (right.where, right.resource.group, right.target, verb, name)
        for right in rights(fleet)
        for verb in right.verbs
        for name in right.names or ("",)
    }
    assert granted == table


def test_only_what_bears_our_labels_and_one_of_our_names_is_left_over() -> None:
    def found(kind: str, name: str) -> Any:
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "towline-system"}}
        return observed_object(body, uid=name)

    kept = found("Service", "towline")
    every = (
        kept,
        found("Service", "towline-former"),
        found("Service", "theirs"),
        found("Namespace", "towline"),
    )
    assert [each.ref.name for each in leftovers(every, [kept.ref], "towline")] == ["towline-former"]
    assert labels_of("towline")["app.kubernetes.io/managed-by"] == INSTALLER
