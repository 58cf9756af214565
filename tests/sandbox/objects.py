"""The objects that the sandbox's tests make, and what they ask of them."""

from __future__ import annotations

from typing import Any

from .conftest import House

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


def with_gpus(house: House, path: str) -> list[dict[str, Any]]:
    return [node for node in house.objects(path) if "nvidia.com/gpu" in node["status"]["allocatable"]]


def state_of(house: House, pod: str) -> dict[str, Any]:
    boxes = read(house, f"{PODS}/{pod}").get("status", {}).get("containerStatuses", [{}])
    state: dict[str, Any] = boxes[0].get("state", {})
    return state


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


def images_of(house: House, app: str) -> list[str]:
    return [pod["spec"]["containers"][0]["image"] for pod in pods_of(house, app).values()]
