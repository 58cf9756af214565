"""A scripted Kubernetes API where all is well but what is answered otherwise."""

from __future__ import annotations

import json
from typing import Any

from tests.adapters.scripted import Answer, Asked, Cut, Script, document

SERVED = {
    "/apis/karpenter.sh/v1": ("NodePool", "NodeClaim"),
    "/apis/karpenter.azure.com/v1beta1": ("AKSNodeClass",),
}
VERSION = {"major": "1", "minor": "31+", "gitVersion": "v1.31.4"}


def status(code: int, reason: str) -> Answer:
    return document({"kind": "Status", "reason": reason, "message": f"{reason}, said the server"}, code)


MISSING = status(404, "NotFound")


def kube(*denied: str, **other: Answer | Cut) -> Script:
    """By the last word of the path; `denied` are things that may not be done, as `list jobs`."""
    well: dict[str, Answer | Cut] = {
        "version": document(VERSION),
        "selfsubjectreviews": document({"status": {"userInfo": {"username": "ann"}}}, 201),
        "workspaces_kaito_sh": MISSING,
        "towline_system": MISSING,
        "default": document({"status": {"phase": "Active"}}),
        "nodes": listed(node("gpu-0", "8")),
        "daemonsets": listed({"metadata": {"namespace": "kube-system", "name": "nvidia-device-plugin"}}),
        "towline_towline": document(
            {"spec": {"holderIdentity": "host_1", "renewTime": "2026-11-22T12:00:00Z"}}
        ),
    } | other

    def script(asked: Asked) -> Answer | Cut:
        last = asked.path.rpartition("/")[2].replace("-", "_").replace(".", "_")
        if last.endswith("accessreviews"):
            return _reviewed(asked, denied)
        if asked.path in SERVED and last not in other:
            return document({"resources": [{"kind": kind, "name": kind} for kind in SERVED[asked.path]]})
        return well.get(last, MISSING)

    return script


def node(name: str, gpus: str = "", **labels: str) -> dict[str, Any]:
    allocatable = {"nvidia.com/gpu": gpus} if gpus else {}
    return {"metadata": {"name": name, "labels": labels}, "status": {"allocatable": allocatable}}


def listed(*items: dict[str, Any]) -> Answer:
    return document({"items": list(items), "metadata": {"resourceVersion": "1"}})


def _reviewed(asked: Asked, denied: tuple[str, ...]) -> Answer:
    wanted = json.loads(asked.body)["spec"]["resourceAttributes"]
    part = f"/{wanted['subresource']}" if "subresource" in wanted else ""
    return document(
        {"status": {"allowed": f"{wanted['verb']} {wanted['resource']}{part}" not in denied}}, 201
    )
