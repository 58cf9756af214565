"""What lives in the world: nodes, pods and their controllers, seen through the Kubernetes API."""

from __future__ import annotations

from typing import Any

from .conftest import House, eventually

NODES = "/api/v1/nodes"
PODS = "/api/v1/namespaces/default/pods"
SETS = "/apis/apps/v1/namespaces/default/statefulsets"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"
SERVICES = "/api/v1/namespaces/default/services"
SLICES = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
EVENTS = "/api/v1/namespaces/default/events"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
PROBED = {"readinessProbe": {"httpGet": {"path": "/health", "port": 5000}}}


def template(app: str, container: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A pod template of one container."""
    one = {"name": "main", "image": "example.com/model:1", **(container or {})}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [one], **spec}}


def stateful(name: str, replicas: int, pod: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "serviceName": f"{name}-headless",
            "selector": {"matchLabels": {"app": name}},
            "template": pod,
            **spec,
        },
    }


def job(name: str, pod: dict[str, Any], **spec: Any) -> dict[str, Any]:
    pod["spec"].setdefault("restartPolicy", "Never")
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": pod, **spec},
    }


def create(house: House, path: str, obj: dict[str, Any]) -> None:
    said = house.kube.ask("POST", path, obj)
    assert said.status == 201, said.body


def read(house: House, path: str) -> dict[str, Any]:
    said = house.kube.ask("GET", path)
    return said.body if said.status == 200 else {}


def pods_of(house: House, app: str) -> dict[str, dict[str, Any]]:
    return {pod["metadata"]["name"]: pod for pod in house.objects(f"{PODS}?labelSelector=app%3D{app}")}


def holds(obj: dict[str, Any], kind: str) -> bool:
    """Is that condition True?"""
    found = obj.get("status", {}).get("conditions", [])
    return any(one["type"] == kind and one["status"] == "True" for one in found)


def conditions(house: House, pod: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(house, f"{PODS}/{pod}").get("status", {}).get("conditions", [])
    return found


def are_ready(house: House, app: str, count: int) -> dict[str, dict[str, Any]] | None:
    pods = pods_of(house, app)
    return pods if len(pods) == count and all(holds(pod, "Ready") for pod in pods.values()) else None


def reasons(house: House, name: str) -> list[str]:
    return [one["reason"] for one in house.objects(EVENTS) if one["involvedObject"]["name"] == name]


def test_a_new_world_has_one_ready_system_node(house: House) -> None:
    (node,) = house.objects(f"{NODES}?labelSelector=agentpool%3Dsystem")
    assert node["metadata"]["name"].startswith("aks-system-")
    assert holds(node, "Ready")


def test_a_pool_becomes_nodes_with_the_labels_taints_and_gpus_of_its_machines(house: House) -> None:
    house.put_pool("gpu", count=2, nodeLabels={"kaito.sh/workspace": "w"}, nodeTaints=["sku=gpu:NoSchedule"])
    path = f"{NODES}?labelSelector=agentpool%3Dgpu"
    first, second = eventually(lambda: len(found := with_gpus(house, path)) == 2 and found)
    labels = first["metadata"]["labels"]
    assert labels["kubernetes.azure.com/agentpool"] == "gpu"
    assert labels["node.kubernetes.io/instance-type"] == "Standard_NC24ads_A100_v4"
    assert labels["kaito.sh/workspace"] == "w"
    assert labels["kubernetes.io/hostname"] == first["metadata"]["name"]
    assert first["spec"]["taints"] == [{"key": "sku", "value": "gpu", "effect": "NoSchedule"}]
    assert first["spec"]["providerID"].endswith("-vmss/virtualMachines/0")
    assert second["spec"]["providerID"].endswith("-vmss/virtualMachines/1")
    assert first["status"]["capacity"]["nvidia.com/gpu"] == "1"
    assert holds(first, "Ready")


def with_gpus(house: House, path: str) -> list[dict[str, Any]]:
    return [node for node in house.objects(path) if "nvidia.com/gpu" in node["status"]["allocatable"]]


def test_a_pools_new_labels_come_to_its_standing_nodes(house: House) -> None:
    house.put_pool("relabel", nodeLabels={"who": "one"})
    house.put_pool("relabel", nodeLabels={"who": "two"})
    assert eventually(lambda: house.objects(f"{NODES}?labelSelector=agentpool%3Drelabel,who%3Dtwo"))


def test_a_model_starts_on_its_new_nodes_and_goes_with_them(house: House) -> None:
    """Pool, nodes, pods ready; then the set, the pool, and nothing is left."""
    pod = template(
        "llm",
        {**PROBED, "resources": {"limits": {"nvidia.com/gpu": "1"}}},
        nodeSelector={"agentpool": "llm"},
        tolerations=[{"key": "sku", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}],
    )
    create(house, SETS, stateful("llm", 2, pod, podManagementPolicy="Parallel"))
    waiting = eventually(
        lambda: next(iter(pods_of(house, "llm").values()), {}).get("status", {}).get("conditions")
    )
    assert waiting[0]["reason"] == "Unschedulable"
    assert "node affinity/selector" in waiting[0]["message"]
    house.put_pool("llm", count=2, nodeTaints=["sku=gpu:NoSchedule"])
    pods = eventually(lambda: are_ready(house, "llm", 2))
    assert len({pod["spec"]["nodeName"] for pod in pods.values()}) == 2
    labels = pods["llm-1"]["metadata"]["labels"]
    assert labels["statefulset.kubernetes.io/pod-name"] == "llm-1"
    assert labels["apps.kubernetes.io/pod-index"] == "1"
    status = eventually(lambda: (s := read(house, f"{SETS}/llm")["status"]).get("readyReplicas") == 2 and s)
    assert (status["replicas"], status["updatedReplicas"]) == (2, 2)
    assert status["currentRevision"] == status["updateRevision"] == labels["controller-revision-hash"]
    assert status["observedGeneration"] == 1
    assert {"FailedScheduling", "Scheduled", "Pulling", "Pulled", "Created", "Started"} <= set(
        reasons(house, "llm-0")
    )
    house.kube.ask("DELETE", f"{SETS}/llm")
    eventually(lambda: not pods_of(house, "llm"))
    house.client.agent_pools.begin_delete(*house.at, "llm", polling_interval=0.05).result()
    eventually(lambda: not house.objects(f"{NODES}?labelSelector=agentpool%3Dllm"))


def test_scaling_a_pool_in_drains_the_nodes_that_go(house: House) -> None:
    house.put_pool("shrink", count=2)
    pod = template("shrink", nodeSelector={"agentpool": "shrink"})
    anti = {"resources": {"requests": {"cpu": "20"}}}
    pod["spec"]["containers"][0] |= anti
    create(house, SETS, stateful("shrink", 2, pod, podManagementPolicy="Parallel"))
    eventually(lambda: are_ready(house, "shrink", 2))
    house.put_pool("shrink", count=1)
    eventually(lambda: len(house.objects(f"{NODES}?labelSelector=agentpool%3Dshrink")) == 1)
    left = eventually(lambda: [p for p in pods_of(house, "shrink").values() if not p["spec"].get("nodeName")])
    short = eventually(
        lambda: pods_of(house, "shrink")[left[0]["metadata"]["name"]]["status"].get("conditions")
    )
    assert "1 Insufficient cpu" in short[0]["message"]


def test_a_pod_that_tolerates_no_taint_is_told_so_in_the_schedulers_words(house: House) -> None:
    house.put_pool("tainted", nodeTaints=["sku=gpu:NoSchedule"])
    pod = template("intolerant", nodeSelector={"agentpool": "tainted"})
    create(house, SETS, stateful("intolerant", 1, pod))
    said = eventually(
        lambda: [one for one in conditions(house, "intolerant-0") if "{sku: gpu}" in one.get("message", "")]
    )
    assert said[0]["message"].startswith("0/")
    assert "node(s) had untolerated taint {sku: gpu}" in said[0]["message"]
    assert "Preemption is not helpful for scheduling" in said[0]["message"]


def test_ordered_pods_start_one_after_the_other(house: House) -> None:
    create(house, SETS, stateful("ordered", 3, template("ordered", PROBED)))
    pods = eventually(lambda: are_ready(house, "ordered", 3))
    started = [pods[f"ordered-{n}"]["status"]["startTime"] for n in range(3)]
    assert started == sorted(started)
    assert len(set(started)) == 3


def test_a_changed_template_rolls_the_pods_from_the_top(house: House) -> None:
    create(house, SETS, stateful("rolled", 2, template("rolled", PROBED), podManagementPolicy="Parallel"))
    before = eventually(lambda: are_ready(house, "rolled", 2))
    change = {"spec": {"template": template("rolled", {**PROBED, "image": "example.com/model:2"})}}
    house.kube.ask("PATCH", f"{SETS}/rolled", change)
    status = eventually(
        lambda: (
            (s := read(house, f"{SETS}/rolled")["status"])["observedGeneration"] == 2
            and s["updatedReplicas"] == s["readyReplicas"] == 2
            and s
        )
    )
    assert status["currentRevision"] == status["updateRevision"]
    after = pods_of(house, "rolled")
    assert {pod["spec"]["containers"][0]["image"] for pod in after.values()} == {"example.com/model:2"}
    assert all(after[name]["metadata"]["uid"] != before[name]["metadata"]["uid"] for name in before)
    assert after["rolled-1"]["status"]["startTime"] < after["rolled-0"]["status"]["startTime"]


def test_claims_are_made_from_templates_and_bound(house: House) -> None:
    claim = {
        "metadata": {"name": "weights"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "80Gi"}}},
    }
    pod = template("claimed", {"volumeMounts": [{"name": "weights", "mountPath": "/weights"}]})
    create(house, SETS, stateful("claimed", 1, pod, volumeClaimTemplates=[claim]))
    pods = eventually(lambda: are_ready(house, "claimed", 1))
    assert {"name": "weights", "persistentVolumeClaim": {"claimName": "weights-claimed-0"}} in pods[
        "claimed-0"
    ]["spec"]["volumes"]
    assert read(house, f"{CLAIMS}/weights-claimed-0")["status"]["phase"] == "Bound"


def test_a_pod_waits_for_the_config_map_it_mounts(house: House) -> None:
    pod = template("waits", volumes=[{"name": "config", "configMap": {"name": "late"}}])
    create(house, SETS, stateful("waits", 1, pod))
    eventually(lambda: "FailedMount" in reasons(house, "waits-0"))
    assert not holds(pods_of(house, "waits")["waits-0"], "Ready")
    late = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "late"}, "data": {"a": "b"}}
    create(house, "/api/v1/namespaces/default/configmaps", late)
    eventually(lambda: are_ready(house, "waits", 1))


def test_a_container_whose_secret_is_missing_says_so(house: House) -> None:
    entry = {"name": "HF_TOKEN", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "HF_TOKEN"}}}
    create(house, SETS, stateful("secretive", 1, template("secretive", {"env": [entry]})))
    held = {"reason": "CreateContainerConfigError", "message": 'secret "absent" not found'}
    eventually(lambda: state_of(house, "secretive-0").get("waiting") == held)


def state_of(house: House, pod: str) -> dict[str, Any]:
    boxes = read(house, f"{PODS}/{pod}").get("status", {}).get("containerStatuses", [{}])
    state: dict[str, Any] = boxes[0].get("state", {})
    return state


def test_a_job_runs_its_init_containers_in_order_and_completes(house: House) -> None:
    inits = [
        {"name": "weights", "image": "example.com/pull:1"},
        {"name": "data", "image": "example.com/pull:1"},
    ]
    create(house, JOBS, job("tune", template("tune", initContainers=inits), backoffLimit=1))
    done = eventually(lambda: holds(one := read(house, f"{JOBS}/tune"), "Complete") and one)
    assert done["status"]["succeeded"] == 1
    assert "active" not in done["status"]
    assert done["status"]["completionTime"] >= done["status"]["startTime"]
    (pod,) = pods_of(house, "tune").values()
    assert pod["status"]["phase"] == "Succeeded"
    assert pod["metadata"]["labels"]["batch.kubernetes.io/job-name"] == "tune"
    weights, data = pod["status"]["initContainerStatuses"]
    assert weights["state"]["terminated"]["finishedAt"] <= data["state"]["terminated"]["startedAt"]


def test_a_suspended_job_has_no_pods_until_it_is_resumed(house: House) -> None:
    create(house, JOBS, job("held", template("held"), suspend=True))
    eventually(lambda: read(house, f"{JOBS}/held").get("status", {}).get("startTime"))
    assert not pods_of(house, "held")
    house.kube.ask("PATCH", f"{JOBS}/held", {"spec": {"suspend": False}})
    eventually(lambda: holds(read(house, f"{JOBS}/held"), "Complete"))


def test_a_finished_job_goes_when_its_time_to_live_is_over(house: House) -> None:
    create(house, JOBS, job("brief", template("brief"), ttlSecondsAfterFinished=1))
    eventually(lambda: pods_of(house, "brief"))
    eventually(lambda: not read(house, f"{JOBS}/brief"))
    eventually(lambda: not pods_of(house, "brief"))


def test_a_service_gets_the_addresses_of_its_ready_pods(house: House) -> None:
    create(house, DEPLOYMENTS, deployment("web", 2))
    create(
        house,
        SERVICES,
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"selector": {"app": "web"}, "ports": [{"name": "http", "port": 80, "targetPort": 5000}]},
        },
    )
    path = f"{SLICES}?labelSelector=kubernetes.io/service-name%3Dweb"
    ends = eventually(lambda: len(found := ready_ends(house, path)) == 2 and found)
    assert len({one["addresses"][0] for one in ends}) == 2
    assert house.objects(path)[0]["ports"] == [{"name": "http", "port": 5000, "protocol": "TCP"}]


def ready_ends(house: House, path: str) -> list[dict[str, Any]]:
    ends = [end for piece in house.objects(path) for end in piece["endpoints"]]
    return [end for end in ends if end["conditions"]["ready"]]


def deployment(name: str, replicas: int, image: str = "example.com/web:1") -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name, {"image": image}),
        },
    }


def test_a_deployment_becomes_available_and_rolls_to_a_new_template(house: House) -> None:
    create(house, DEPLOYMENTS, deployment("rolling", 2))
    eventually(lambda: read(house, f"{DEPLOYMENTS}/rolling").get("status", {}).get("availableReplicas") == 2)
    change = deployment("rolling", 1, "example.com/web:2")["spec"]
    house.kube.ask("PATCH", f"{DEPLOYMENTS}/rolling", {"spec": change})
    eventually(lambda: images_of(house, "rolling") == ["example.com/web:2"])
    status = eventually(
        lambda: (s := read(house, f"{DEPLOYMENTS}/rolling")["status"]).get("replicas") == 1 and s
    )
    assert (status["updatedReplicas"], status["observedGeneration"]) == (1, 2)
    assert holds(read(house, f"{DEPLOYMENTS}/rolling"), "Available")


def images_of(house: House, app: str) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in pods_of(house, app).values()]


def test_a_simulated_containers_log_says_that_it_is_one(house: House) -> None:
    create(house, SETS, stateful("quiet", 1, template("quiet")))
    eventually(lambda: are_ready(house, "quiet", 1))
    assert "simulated" in house.kube.ask("GET", f"{PODS}/quiet-0/log").body


def test_an_image_is_pulled_once_a_node(house: House) -> None:
    same = template("again", {"image": "example.com/once:1"}, nodeSelector={"agentpool": "system"})
    create(house, SETS, stateful("again", 2, same))
    eventually(lambda: are_ready(house, "again", 2))
    assert "Pulling" in reasons(house, "again-0")
    assert "Pulling" not in reasons(house, "again-1")
