"""Random documents of the kinds that Towline writes: mostly valid, and small enough to collide often."""

from __future__ import annotations

from random import Random
from typing import Any

from tests.cluster.fuzz import Subject

Obj = dict[str, Any]
NAMESPACE = "fuzz"
_MOMENT = "2026-01-02T03:04:05Z"


def _config_map(hand: Random) -> Obj:
    finalizers = {"finalizers": hand.sample(["a.b/c", "d.e/f"], hand.randint(1, 2))}
    metadata = {**_labels(hand), **_annotations(hand), **(finalizers if hand.random() < 0.3 else {})}
    data = {key: hand.choice("123") for key in hand.sample("abcd", hand.randint(0, 3))}
    return {"metadata": metadata, **({"data": data} if data else {})}


def _deployment(hand: Random) -> Obj:
    strategy = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": hand.randint(1, 2)}}}
    spec = {**_workload(hand), **(strategy if hand.random() < 0.3 else {})}
    return {"metadata": _labels(hand), "spec": spec}


def _stateful_set(hand: Random) -> Obj:
    """Its containers always have an image: 1.20 lets one lose it, and newer servers do not."""
    spec = _workload(hand)
    for container in spec["template"]["spec"]["containers"]:
        container.setdefault("image", "i1")
    return {"metadata": _labels(hand), "spec": {**spec, "serviceName": "s"}}


def _job(hand: Random) -> Obj:
    container = {"name": "main", "image": "i1"}
    spec: Obj = {"template": {"spec": {"restartPolicy": "Never", "containers": [container]}}}
    if hand.random() < 0.5:
        spec["backoffLimit"] = hand.randint(0, 2)
    if hand.random() < 0.4:
        spec["parallelism"] = hand.randint(1, 2)
    if hand.random() < 0.3:
        spec["activeDeadlineSeconds"] = hand.choice([60, 70])
    return {"metadata": {**_labels(hand), **_annotations(hand)}, "spec": spec}


def _service(hand: Random) -> Obj:
    spec: Obj = {"sessionAffinity": "None"}
    if hand.random() < 0.8:
        numbers = hand.sample([80, 81, 82], hand.randint(1, 2))
        spec["ports"] = [_service_port(number, hand) for number in numbers]
    if hand.random() < 0.6:
        spec["selector"] = {"a": "1"}
    return {"metadata": {**_labels(hand), **_annotations(hand)}, "spec": spec}


def _workspace(hand: Random) -> Obj:
    resource: Obj = {"labelSelector": {"matchLabels": {"apps": hand.choice("ab")}}}
    if hand.random() < 0.5:
        resource["instanceType"] = hand.choice(["Standard_NC24ads_A100_v4", "Standard_NC6s_v3"])
    if hand.random() < 0.4:
        resource["count"] = hand.randint(1, 2)
    if hand.random() < 0.3:
        resource["preferredNodes"] = hand.sample(["n1", "n2"], hand.randint(1, 2))
    inference: Obj = {}
    if hand.random() < 0.7:
        inference["preset"] = {"name": hand.choice(["phi-4", "falcon-7b"])}
    if hand.random() < 0.3:
        inference["adapters"] = [{"strength": hand.choice("12"), "source": {"name": hand.choice("ab")}}]
    if hand.random() < 0.3:
        inference["config"] = hand.choice(["one", "two"])
    made = {"metadata": {**_labels(hand), **_annotations(hand)}, "resource": resource}
    return {**made, **({"inference": inference} if inference else {})}


def _workload(hand: Random) -> Obj:
    pods: Obj = {
        "containers": [_container(name, hand) for name in hand.sample(["main", "side"], hand.randint(1, 2))]
    }
    if hand.random() < 0.3:
        pods["nodeSelector"] = {"n": "1"}
    if hand.random() < 0.4:
        pods["tolerations"] = [
            {"key": key, "operator": "Exists"} for key in hand.sample("tuv", hand.randint(1, 2))
        ]
    if hand.random() < 0.3:
        pods["volumes"] = [{"name": "v", "emptyDir": {"medium": "Memory"}}]
    if hand.random() < 0.2:
        pods["terminationGracePeriodSeconds"] = hand.choice([10, 30])
    spec: Obj = {"template": {"spec": pods}}
    if hand.random() < 0.5:
        spec["replicas"] = hand.randint(0, 2)
    if hand.random() < 0.8:
        more = {"r": hand.choice("12")} if hand.random() < 0.5 else {}
        spec["selector"] = {"matchLabels": {"q": "q"}}
        spec["template"]["metadata"] = {"labels": {"q": "q", **more}}
    return spec


def _container(name: str, hand: Random) -> Obj:
    made: Obj = {"name": name}
    if hand.random() < 0.9:
        made["image"] = hand.choice(["i1", "i2:3"])
    if hand.random() < 0.4:
        made["args"] = [hand.choice("pq") for _ in range(hand.randint(1, 3))]
    if hand.random() < 0.5:
        made["env"] = [
            {"name": key, "value": hand.choice("12")} for key in hand.sample("ABC", hand.randint(1, 3))
        ]
    if hand.random() < 0.4:
        made["ports"] = [_port(number, hand) for number in hand.sample([80, 81, 82], hand.randint(1, 2))]
    if hand.random() < 0.4:
        names = hand.sample(["cpu", "nvidia.com/gpu"], hand.randint(1, 2))
        made["resources"] = {"limits": {key: hand.choice("12") for key in names}}
    return made


def _port(number: int, hand: Random) -> Obj:
    named = {"name": f"p{number}"} if hand.random() < 0.5 else {}
    return {"containerPort": number, "protocol": "TCP", **named}


def _service_port(number: int, hand: Random) -> Obj:
    return {"name": f"p{number}", "port": number, "protocol": "TCP", "targetPort": hand.choice([8000, 9000])}


def _labels(hand: Random) -> Obj:
    labels = {key: hand.choice("12") for key in hand.sample("xyz", hand.randint(0, 2))}
    return {"labels": labels} if labels else {}


def _annotations(hand: Random) -> Obj:
    notes = {key: hand.choice("12") for key in hand.sample("ef", hand.randint(0, 2))}
    return {"annotations": notes} if notes else {}


def _replicas_seen(hand: Random) -> Obj:
    return {
        "replicas": 2,
        "readyReplicas": hand.randint(1, 2),
        **_conditions(hand, ("Available", "Progressing")),
    }


def _deployment_seen(hand: Random) -> Obj:
    seen = {"replicas": 2, "readyReplicas": hand.randint(1, 2)}
    return {**seen, **_conditions(hand, ("Available", "Progressing"), lastUpdateTime=_MOMENT)}


def _pods_seen(hand: Random) -> Obj:
    return {"active": hand.randint(1, 2), "failed": hand.randint(1, 2)}


def _workspace_seen(hand: Random) -> Obj:
    return {
        "workerNodes": hand.sample(["n1", "n2"], hand.randint(1, 2)),
        **_conditions(hand, ("ResourceReady",)),
    }


def _conditions(hand: Random, types: tuple[str, ...], **more: str) -> Obj:
    told = {"reason": "Because", "message": "said", "lastTransitionTime": _MOMENT, **more}
    some = hand.sample(types, hand.randint(0, len(types)))
    conditions = [{"type": each, "status": hand.choice(["True", "False"]), **told} for each in some]
    return {"conditions": conditions} if conditions else {}


_CORE, _APPS = f"/api/v1/namespaces/{NAMESPACE}", f"/apis/apps/v1/namespaces/{NAMESPACE}"
SUBJECTS = (
    Subject("ConfigMap", f"{_CORE}/configmaps", _config_map),
    Subject("Deployment", f"{_APPS}/deployments", _deployment, _deployment_seen),
    Subject("StatefulSet", f"{_APPS}/statefulsets", _stateful_set, _replicas_seen),
    Subject("Service", f"{_CORE}/services", _service),
    Subject("Job", f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs", _job, _pods_seen),
    Subject(
        "Workspace",
        f"/apis/kaito.sh/v1beta1/namespaces/{NAMESPACE}/workspaces",
        _workspace,
        _workspace_seen,
        custom=True,
    ),
)
