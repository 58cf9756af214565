"""An agent pool whose OS disk lies in Azure storage: for machines whose cache is too small for one."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

from reconciler.domain.state import DesiredWorkspace


def on_managed_disk(workspace: DesiredWorkspace) -> DesiredWorkspace:
    """The same workspace with `osDiskType: Managed` in its agent pool's body."""
    if workspace.pool is None:
        return workspace
    document = json.loads(workspace.pool.body)
    properties = {**(document.get("properties") or {}), "osDiskType": "Managed"}
    body = json.dumps({**document, "properties": properties}, sort_keys=True, separators=(",", ":")).encode()
    pool = replace(workspace.pool, body=body, digest=hashlib.sha256(body).hexdigest())
    return replace(workspace, pool=pool)
