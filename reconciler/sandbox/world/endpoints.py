"""Services' EndpointSlices, and claims that get their volume: the small controllers."""

from __future__ import annotations

from typing import Any

from reconciler.sandbox.kube.store import Event

from .ground import Ground
from .pods import in_letters, is_done, is_ready, reference_to
from .queue import Key, Queue
from .sight import Object, key_of

_BINDING_SECONDS = 1.0


class Endpoints:
    """Keeps one EndpointSlice for each Service that has a selector."""

    kinds = ("Service", "Pod")

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)

    def note(self, event: Event) -> None:
        """Hear of a Service, or of a pod that some select."""
        if event.kind == "Service":
            self._queue.add(key_of(event.obj))
        else:
            for service in self._ground.sight.services_for(event.obj):
                self._queue.add(key_of(service))

    def _look(self, key: Key) -> None:
        service = self._ground.sight.services.get(key)
        if service is None or service["metadata"].get("deletionTimestamp"):
            return
        made = self._slice(service)
        before = self._ground.find("EndpointSlice", key[0], made["metadata"]["name"])
        if before is None:
            self._ground.store.create(made)
        elif any(before.get(name) != made[name] for name in ("endpoints", "ports")):
            change = {name: made[name] for name in ("endpoints", "ports")}
            self._ground.store.patch("EndpointSlice", key[0], made["metadata"]["name"], change)

    def _slice(self, service: Object) -> Object:
        namespace, name = key_of(service)
        pods = self._ground.sight.pods_like(namespace, service["spec"]["selector"])
        placed = [pod for pod in pods if (pod.get("status") or {}).get("podIP") and not is_done(pod)]
        early = bool(service["spec"].get("publishNotReadyAddresses"))
        return {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-{in_letters(service['metadata']['uid'], 5)}",
                "namespace": namespace,
                "labels": {"kubernetes.io/service-name": name},
                "ownerReferences": [reference_to({"apiVersion": "v1", "kind": "Service", **service})],
            },
            "addressType": "IPv4",
            "endpoints": [_endpoint(pod, early) for pod in sorted(placed, key=key_of)],
            "ports": [_port(port) for port in service["spec"].get("ports") or ()],
        }


class Claims:
    """Binds each PersistentVolumeClaim a moment after it appears."""

    kinds = ("PersistentVolumeClaim",)

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._queue = Queue(ground.clock, self._look)

    def note(self, event: Event) -> None:
        """Hear of a claim."""
        if event.type == "ADDED":
            self._queue.add_later(key_of(event.obj), _BINDING_SECONDS)

    def _look(self, key: Key) -> None:
        claim = self._ground.find("PersistentVolumeClaim", *key)
        if claim is None or (claim.get("status") or {}).get("phase") == "Bound":
            return
        volume = f"pvc-{claim['metadata']['uid']}"
        self._ground.store.patch("PersistentVolumeClaim", *key, {"spec": {"volumeName": volume}})
        asked = (claim["spec"].get("resources") or {}).get("requests") or {}
        status = {"phase": "Bound", "accessModes": claim["spec"].get("accessModes"), "capacity": asked}
        self._ground.write_status("PersistentVolumeClaim", claim, status)


def _endpoint(pod: Object, early: bool) -> dict[str, Any]:
    ready = is_ready(pod)
    reference = {
        "kind": "Pod",
        "namespace": pod["metadata"]["namespace"],
        "name": pod["metadata"]["name"],
        "uid": pod["metadata"]["uid"],
    }
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready or early, "serving": ready, "terminating": False},
        "nodeName": pod["spec"].get("nodeName"),
        "targetRef": reference,
    }


def _port(port: dict[str, Any]) -> dict[str, Any]:
    target = port.get("targetPort", port["port"])
    number = target if isinstance(target, int) else port["port"]
    return {"name": port.get("name", ""), "port": number, "protocol": port.get("protocol", "TCP")}
