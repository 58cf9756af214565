"""StatefulSets, Deployments, Jobs and Services do what their controllers promise."""

from __future__ import annotations

from .conftest import House, eventually
from .objects import (
    CLAIMS,
    DEPLOYMENTS,
    JOBS,
    PROBED,
    SERVICES,
    SETS,
    SLICES,
    are_ready,
    create,
    deployment,
    holds,
    images_of,
    job,
    pods_of,
    read,
    ready_ends,
    reasons,
    state_of,
    stateful,
    template,
)


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
