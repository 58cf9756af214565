"""The kubeconfig that leads to the sandbox's Kubernetes API."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

CONTEXT = "towline-sandbox"


def write_kubeconfig(path: Path, server: str, token: str, certificate: bytes) -> None:
    """Write a kubeconfig that only its owner may read; `certificate` (PEM) is the one to trust."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(certificate).decode()}
    context = {"cluster": CONTEXT, "user": CONTEXT, "namespace": "default"}
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": CONTEXT,
        "clusters": [{"name": CONTEXT, "cluster": cluster}],
        "users": [{"name": CONTEXT, "user": {"token": token}}],
        "contexts": [{"name": CONTEXT, "context": context}],
    }
    unfinished = path.with_suffix(".part")
    unfinished.touch(mode=0o600)
    unfinished.chmod(0o600)
    unfinished.write_text(yaml.safe_dump(document, sort_keys=False))
    unfinished.replace(path)
