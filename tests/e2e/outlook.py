"""The embedded world as somebody who is not Towline sees and touches it, over HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import urllib3
import yaml

from reconciler.sandbox.requests import Asked
from reconciler.sandbox.server import Sandbox

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
KINDS = {
    "Event": "/api/v1/{}events",
    "ConfigMap": "/api/v1/{}configmaps",
    "Service": "/api/v1/{}services",
    "StatefulSet": "/apis/apps/v1/{}statefulsets",
    "Job": "/apis/batch/v1/{}jobs",
    "Workspace": "/apis/kaito.sh/v1beta1/{}workspaces",
    "Pod": "/api/v1/{}pods",
}
_OF_UIDS = "towline.dev/digest"
_MOMENT = "towline-created"
_FLEETING = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation")


class Outlook:
    """`agent` in the request log is ours, so what Towline asked can be told from what we did."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        config = yaml.safe_load(sandbox.kubeconfig.read_text())
        headers = {
            "Authorization": f"Bearer {config['users'][0]['user']['token']}",
            "User-Agent": "somebody-else",
        }
        self._http = urllib3.PoolManager(cert_reqs="CERT_NONE", headers=headers)
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)

    def ask(
        self, method: str, path: str, body: Any = None, form: str = "application/json"
    ) -> tuple[int, Any]:
        """One request of the Kubernetes API: status and decoded answer."""
        data = None if body is None else json.dumps(body).encode()
        answer = self._http.request(
            method,
            f"{self._sandbox.kube_url}{path}",
            body=data,
            headers={**self._http.headers, "Content-Type": form},
        )
        return answer.status, json.loads(answer.data or b"null")

    def all(self, kind: str) -> list[dict[str, Any]]:
        """Every object of a kind, in every namespace; none where the kind is not served."""
        status, answer = self.ask("GET", KINDS[kind].format(""))
        return list(answer["items"]) if status == 200 else []

    def path(self, kind: str, name: str, namespace: str = "default") -> str:
        return KINDS[kind].format(f"namespaces/{namespace}/") + f"/{name}"

    def log(self, pod: str, container: str = "") -> str:
        """What a pod's container wrote, its only one where none is named."""
        query = f"?container={container}" if container else ""
        path = f"{self._sandbox.kube_url}{self.path('Pod', pod)}/log{query}"
        return self._http.request("GET", path).data.decode(errors="replace")

    def find(self, kind: str, name: str, namespace: str = "default") -> dict[str, Any] | None:
        status, answer = self.ask("GET", self.path(kind, name, namespace))
        return answer if status == 200 else None

    def create(self, kind: str, body: dict[str, Any], namespace: str = "default") -> dict[str, Any]:
        status, answer = self.ask("POST", KINDS[kind].format(f"namespaces/{namespace}/"), body)
        assert status == 201, answer
        made: dict[str, Any] = answer
        return made

    def patch(self, kind: str, name: str, body: Any, manager: str = "kubectl-edit", sub: str = "") -> None:
        """A merge patch, as kubectl edit and scale send it."""
        path = f"{self.path(kind, name)}{sub}?fieldManager={manager}"
        status, answer = self.ask("PATCH", path, body, "application/merge-patch+json")
        assert status == 200, answer

    def apply(self, kind: str, name: str, body: Any, manager: str) -> None:
        """A server-side apply with force."""
        path = f"{self.path(kind, name)}?fieldManager={manager}&force=true"
        status, answer = self.ask("PATCH", path, body, "application/apply-patch+yaml")
        assert status in (200, 201), answer

    def delete(self, kind: str, name: str) -> None:
        status, answer = self.ask("DELETE", self.path(kind, name))
        assert status in (200, 202), answer

    def pools(self) -> list[dict[str, Any]]:
        """The agent pools but AKS's own, of all pages."""
        found: list[dict[str, Any]] = []
        page = self._pools_url()
        while page:
            answer = self._http.request("GET", page)
            assert answer.status == 200, answer.data
            listed = json.loads(answer.data)
            found, page = [*found, *listed["value"]], listed.get("nextLink")
        return [each for each in found if each["name"] != "system"]

    def make_pool(self, name: str, properties: dict[str, Any]) -> None:
        """Begin to make an agent pool."""
        body = json.dumps({"properties": properties})
        json_type = {**self._http.headers, "Content-Type": "application/json"}
        answer = self._http.request("PUT", self._pools_url(f"/{name}"), body=body, headers=json_type)
        assert answer.status == 201, answer.data

    def power(self, verb: str) -> None:
        """`az aks stop` or `start`, begun."""
        answer = self._http.request("POST", self._pools_url().replace("/agentPools", f"/{verb}"))
        assert answer.status == 202, answer.data

    def writes(self) -> list[Asked]:
        """What Towline, or whoever is not us, wrote so far."""
        return [each for each in self._sandbox.requests if is_write(each)]

    def portrait(self) -> dict[str, Any]:
        """All that stays the same from one undisturbed world to another: no UID, no time, no version, no
        name that the API server made up, and no Event: they tell what happened, which differs."""
        objects = {
            f"{kind}/{each['metadata'].get('namespace', '')}/{each['metadata']['name']}": each
            for kind in KINDS
            if kind != "Event"
            for each in self.all(kind)
        }
        names = {each["metadata"]["uid"]: f"uid of {name}" for name, each in objects.items()}
        made_up = (each["metadata"] for each in objects.values() if "generateName" in each["metadata"])
        names |= {each["name"]: f"{each['generateName']}*" for each in made_up}
        found: dict[str, Any] = {name: _lasting(each) for name, each in objects.items()}
        found["pools"] = {each["name"]: _lasting_pool(each["properties"]) for each in self.pools()}
        text = json.dumps(found, sort_keys=True)
        for uid, name in names.items():
            text = text.replace(uid, name)
        portrait: dict[str, Any] = json.loads(text)
        return portrait

    def inventory(self) -> dict[str, Any]:
        """Every entry of the inventory by its key."""
        return dict(self._entries())

    def _pools_url(self, below: str = "") -> str:
        box = self._sandbox
        return (
            f"{box.arm_url}/subscriptions/{box.subscription}/resourceGroups/{box.resource_group}/providers"
            f"/Microsoft.ContainerService/managedClusters/{box.cluster}/agentPools{below}"
            "?api-version=2025-10-01"
        )

    def _entries(self) -> Iterator[tuple[str, Any]]:
        for each in self.all("ConfigMap"):
            if each["metadata"]["name"].startswith("inventory-"):
                for key, text in (each.get("data") or {}).items():
                    yield key, json.loads(text)


def is_write(asked: Asked) -> bool:
    return asked.method in WRITES and asked.agent != "somebody-else" and not asked.agent.startswith("kubectl")


def _lasting(each: dict[str, Any]) -> dict[str, Any]:
    """An object without what differs from run to run, and without the status but its conditions' states. Of
    the logbook that is all that it says."""
    metadata = {key: value for key, value in each["metadata"].items() if key not in _FLEETING}
    if metadata.get("namespace") == "towline-system":
        metadata.get("annotations", {}).pop(_OF_UIDS, None)
    conditions = (each.get("status") or {}).get("conditions") or ()
    spec = {
        key: value
        for key, value in (each.get("spec") or {}).items()
        if key not in ("clusterIP", "clusterIPs")
    }
    rest: dict[str, Any] = {
        key: each[key] for key in ("data", "resource", "inference", "tuning") if key in each
    }
    if metadata["name"].startswith("nodes-"):
        rest.pop("data", None)
    states = {one["type"]: one["status"] for one in conditions}
    return {"metadata": metadata, "spec": spec, "conditions": states, **rest}


def _lasting_pool(properties: dict[str, Any]) -> dict[str, Any]:
    kept = ("vmSize", "count", "mode", "nodeLabels", "nodeTaints", "tags", "provisioningState")
    lasting = {key: properties.get(key) for key in kept}
    tags: dict[str, str] = lasting["tags"] or {}
    return {**lasting, "tags": {key: value for key, value in tags.items() if key != _MOMENT}}
