"""What the API server fills in where the writer was silent; as kube-apiserver 1.3x defaults these kinds."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from .documents import Obj
from .kinds import Kind

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def fill_in(kind: Kind, obj: Obj) -> None:
    """Set the defaults of a built-in kind in `obj`, which is changed."""
    if not kind.custom and kind.key in _DEFAULTS:
        _DEFAULTS[kind.key](obj)


def _namespace(obj: Obj) -> None:
    _map(obj, "spec").setdefault("finalizers", ["kubernetes"])
    _map(obj["metadata"], "labels")["kubernetes.io/metadata.name"] = obj["metadata"]["name"]


def _secret(obj: Obj) -> None:
    obj.setdefault("type", "Opaque")
    plain = obj.pop("stringData", None)
    if isinstance(plain, dict):
        encoded = {name: base64.b64encode(str(text).encode()).decode() for name, text in plain.items()}
        _map(obj, "data").update(encoded)


def _service(obj: Obj) -> None:
    spec = _map(obj, "spec")
    _absent(spec, type="ClusterIP", sessionAffinity="None")
    if spec["type"] != "ExternalName":
        _absent(spec, internalTrafficPolicy="Cluster", ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    if spec["type"] == "LoadBalancer":
        _absent(spec, allocateLoadBalancerNodePorts=True)
    if spec["type"] in {"LoadBalancer", "NodePort"}:
        _absent(spec, externalTrafficPolicy="Cluster")
    for port in _maps(spec, "ports"):
        _absent(port, protocol="TCP")
        if "port" in port:
            _absent(port, targetPort=port["port"])


def _pod(obj: Obj) -> None:
    spec = _map(obj, "spec")
    _pod_spec(spec)
    _absent(spec, enableServiceLinks=True, preemptionPolicy="PreemptLowerPriority", priority=0)
    for container in (*_maps(spec, "initContainers"), *_maps(spec, "containers")):
        resources = container["resources"]
        if resources.get("limits"):
            _absent(_map(resources, "requests"), **resources["limits"])


def _deployment(obj: Obj) -> None:
    spec = _map(obj, "spec")
    _absent(spec, replicas=1, progressDeadlineSeconds=600, revisionHistoryLimit=10)
    strategy = _map(spec, "strategy")
    _absent(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _absent(_map(strategy, "rollingUpdate"), maxSurge="25%", maxUnavailable="25%")
    _template(spec)


def _replica_set(obj: Obj) -> None:
    _absent(_map(obj, "spec"), replicas=1)
    _template(obj["spec"])


def _stateful_set(obj: Obj) -> None:
    spec = _map(obj, "spec")
    _absent(spec, replicas=1, podManagementPolicy="OrderedReady", revisionHistoryLimit=10)
    retention = {"whenDeleted": "Retain", "whenScaled": "Retain"}
    _absent(_map(spec, "persistentVolumeClaimRetentionPolicy"), **retention)
    strategy = _map(spec, "updateStrategy")
    _absent(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _absent(_map(strategy, "rollingUpdate"), partition=0)
    for claim in _maps(spec, "volumeClaimTemplates"):
        _absent(claim, apiVersion="v1", kind="PersistentVolumeClaim")
        _claim(claim)
        _absent(_map(claim, "status"), phase="Pending")
    _template(spec)


def _job(obj: Obj) -> None:
    spec = _map(obj, "spec")
    _absent(spec, backoffLimit=6, completionMode="NonIndexed", manualSelector=False)
    _absent(spec, podReplacementPolicy="TerminatingOrFailed", suspend=False)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    _absent(spec, parallelism=1)
    _template(spec)
    _inherit_labels(obj)


def select_pods(obj: Obj) -> None:
    """Give a Job that is about to be created the selector and labels of its pods, which no writer states."""
    if obj["spec"]["manualSelector"]:
        return
    metadata = obj["metadata"]
    uid = {"batch.kubernetes.io/controller-uid": metadata["uid"]}
    obj["spec"].setdefault("selector", {"matchLabels": dict(uid)})
    job_name = metadata["name"][:63]
    labels = _map(_map(_map(obj["spec"], "template"), "metadata"), "labels")
    known = {**uid, "batch.kubernetes.io/job-name": job_name}
    labels.update({**known, "controller-uid": metadata["uid"], "job-name": job_name})
    _inherit_labels(obj)


def _inherit_labels(obj: Obj) -> None:
    """A Job without labels has those of its pods, whenever it is read."""
    labels = (obj["spec"]["template"].get("metadata") or {}).get("labels")
    if labels and not obj["metadata"].get("labels"):
        obj["metadata"]["labels"] = dict(labels)


def _claim(obj: Obj) -> None:
    _absent(_map(obj, "spec"), volumeMode="Filesystem")


def _storage_class(obj: Obj) -> None:
    _absent(obj, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _definition(obj: Obj) -> None:
    spec = _map(obj, "spec")
    _map(spec, "conversion").setdefault("strategy", "None")
    names = _map(spec, "names")
    if "kind" in names:
        _absent(names, listKind=f"{names['kind']}List", singular=str(names["kind"]).lower())


def _template(spec: Obj) -> None:
    template = spec.get("template")
    if isinstance(template, dict):
        _pod_spec(_map(template, "spec"))


def _pod_spec(spec: Obj) -> None:
    _absent(spec, dnsPolicy="ClusterFirst", restartPolicy="Always", schedulerName="default-scheduler")
    _absent(spec, securityContext={}, terminationGracePeriodSeconds=30)
    if "serviceAccountName" in spec:
        _absent(spec, serviceAccount=spec["serviceAccountName"])
    for container in (*_maps(spec, "initContainers"), *_maps(spec, "containers")):
        _container(container)
    for volume in _maps(spec, "volumes"):
        _volume(volume)


def _container(container: Obj) -> None:
    tag = str(container.get("image", "")).rpartition("/")[2].partition(":")[2]
    unpinned = tag in {"", "latest"} and "@" not in str(container.get("image", ""))
    _absent(container, imagePullPolicy="Always" if unpinned else "IfNotPresent", resources={})
    _absent(container, terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File")
    for port in _maps(container, "ports"):
        _absent(port, protocol="TCP")
    for probe in (container[name] for name in _PROBES if isinstance(container.get(name), dict)):
        _absent(probe, failureThreshold=3, periodSeconds=10, successThreshold=1, timeoutSeconds=1)
        if isinstance(probe.get("httpGet"), dict):
            _absent(probe["httpGet"], path="/", scheme="HTTP")
    for variable in _maps(container, "env"):
        source = variable.get("valueFrom")
        if isinstance(source, dict) and isinstance(source.get("fieldRef"), dict):
            _absent(source["fieldRef"], apiVersion="v1")


def _volume(volume: Obj) -> None:
    if set(volume) == {"name"}:
        volume["emptyDir"] = {}
    for source in ("configMap", "secret", "projected", "downwardAPI"):
        if isinstance(volume.get(source), dict):
            _absent(volume[source], defaultMode=0o644)
    if isinstance(volume.get("hostPath"), dict):
        _absent(volume["hostPath"], type="")


def _absent(target: Obj, **defaults: Any) -> None:
    for name, value in defaults.items():
        if target.get(name) is None:
            target[name] = value


def _map(target: Obj, name: str) -> Obj:
    if not isinstance(target.get(name), dict):
        target[name] = {}
    found: Obj = target[name]
    return found


def _maps(target: Obj, name: str) -> list[Obj]:
    listed = target.get(name)
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


_DEFAULTS: dict[str, Callable[[Obj], None]] = {
    "/Namespace": _namespace,
    "/Secret": _secret,
    "/Service": _service,
    "/Pod": _pod,
    "/PersistentVolumeClaim": _claim,
    "apps/Deployment": _deployment,
    "apps/ReplicaSet": _replica_set,
    "apps/StatefulSet": _stateful_set,
    "batch/Job": _job,
    "storage.k8s.io/StorageClass": _storage_class,
    "apiextensions.k8s.io/CustomResourceDefinition": _definition,
}
