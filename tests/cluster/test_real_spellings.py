"""What a real kube-apiserver makes of what it is given: its defaults and spellings are no drift."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.adapters.kube.looks import Looking
from reconciler.planner.decide.drift import drift
from tests.builders import desired_object
from tests.cluster.control_plane import ControlPlane

Json = dict[str, Any]
NAMESPACE = "spellings"


@pytest.fixture(scope="module")
def cluster(plane: ControlPlane) -> Iterator[KubeCluster]:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
    plane.ask("POST", "/api/v1/namespaces", namespace)
    cluster = KubeCluster(plane.kubeconfig, plane.context, "demo", (), Looking(watch=False))
    yield cluster
    cluster.close()
    plane.ask("DELETE", f"/api/v1/namespaces/{NAMESPACE}")


def thing(kind: str, api_version: str = "v1", **more: Any) -> Json:
    return {"apiVersion": api_version, "kind": kind, "metadata": {}, **more}


def workload(container: Json, **pod: Any) -> Json:
    template = {
        "metadata": {"labels": {"a": "b"}, "annotations": None, "creationTimestamp": None},
        "spec": {"containers": [{"name": "m", "image": "i", **container}], **pod},
    }
    spec = {"replicas": 0, "serviceName": "a", "selector": {"matchLabels": {"a": "b"}}, "template": template}
    return thing("StatefulSet", "apps/v1", spec=spec)


def service(*ports: Json, **spec: Any) -> Json:
    return thing("Service", spec={"selector": {"a": "b"}, "ports": list(ports), **spec})


SPELLINGS: dict[str, Json] = {
    "variables in any order empty or without": workload(
        {"env": [{"name": "B", "value": "$(A)"}, {"name": "A", "value": ""}, {"name": "C"}]}
    ),
    "a variable that is null": workload({"env": [{"name": "N", "value": None}]}),
    "empty maps and lists": workload(
        {"resources": {}, "securityContext": {}, "env": [], "args": []},
        securityContext={},
        tolerations=[],
        affinity={},
        nodeSelector={},
        initContainers=[],
        hostNetwork=False,
    ),
    "an empty volume mounted twice": workload(
        {
            "volumeMounts": [
                {"name": "v", "mountPath": "/x"},
                {"name": "v", "mountPath": "/y", "subPath": "", "readOnly": False},
            ]
        },
        volumes=[{"name": "v", "emptyDir": {}}],
    ),
    "quantities": workload(
        {
            "resources": {
                "limits": {"cpu": "1000m", "memory": "0.5Gi", "nvidia.com/gpu": "1"},
                "requests": {"cpu": "1.0", "memory": "536870912", "nvidia.com/gpu": "1"},
            }
        },
        volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1024Mi", "medium": "Memory"}}],
    ),
    "a number or a name": workload(
        {
            "readinessProbe": {"httpGet": {"path": "/", "port": 80}},
            "livenessProbe": {"tcpSocket": {"port": "http"}},
        }
    ),
    "what is taken from the pod": workload(
        {
            "env": [
                {
                    "name": "CPU",
                    "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1000m"}},
                },
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            ]
        }
    ),
    "tolerations": workload(
        {}, tolerations=[{"operator": "Exists"}, {"key": "x", "operator": "Exists", "value": ""}]
    ),
    "files from everywhere": workload(
        {},
        volumes=[
            {"name": "c", "configMap": {"name": "c"}},
            {"name": "h", "hostPath": {"path": "/x", "type": ""}},
            {"name": "p", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": ""}}]}},
        ],
    ),
    "two protocols of one port": service(
        {"name": "t", "port": 53, "targetPort": "dns", "protocol": "TCP"},
        {"name": "u", "port": 53, "targetPort": 5353, "protocol": "UDP"},
    ),
    "what the server chooses": service(
        {"name": "h", "port": 80, "protocol": "TCP", "targetPort": 0},
        clusterIP="",
        sessionAffinity="",
        externalIPs=[],
    ),
    "a map of text": thing("ConfigMap", data={"a": "1", "e": ""}, binaryData={}, immutable=False),
    "a network policy": thing(
        "NetworkPolicy",
        "networking.k8s.io/v1",
        spec={
            "podSelector": {},
            "ingress": [{}],
            "egress": [{"ports": [{"port": 53, "protocol": "UDP"}, {"port": 53}]}],
            "policyTypes": ["Ingress"],
        },
    ),
    "a claim": thing(
        "PersistentVolumeClaim",
        spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1.5Gi"}}},
    ),
    "a quota": thing("ResourceQuota", spec={"hard": {"cpu": "1000m", "requests.nvidia.com/gpu": "4"}}),
    "a range": thing(
        "LimitRange",
        spec={
            "limits": [{"type": "Container", "max": {"cpu": "2000m"}, "defaultRequest": {"memory": "1024Mi"}}]
        },
    ),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_it_is_as_asked_for(cluster: KubeCluster, name: str) -> None:
    metadata = {"name": name.replace(" ", "-"), "namespace": NAMESPACE}
    wanted = desired_object({**SPELLINGS[name], "metadata": metadata}, None)

    cluster.apply(wanted)

    live = cluster.find(wanted.ref)
    assert live is not None
    assert drift(wanted.document, live.document) == ()
