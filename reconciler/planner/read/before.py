"""The manifests as they run: what a change is judged against."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import ValidationError

from reconciler.domain.config import Config
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Inventory
from reconciler.domain.state import ObservedState
from reconciler.domain.workspace import V1BETA1, Workspace


def manifests_before(
    config: Config, observed: ObservedState, inventory: Inventory
) -> Mapping[WorkspaceName, Workspace]:
    """Of each workspace whose declaration changed since it was applied, the manifest that runs.

    It is read from the Workspace custom resource; where there is none, nothing is known and nothing judged.
    """
    changed = (
        name
        for name, declared in config.workspaces.items()
        if name in inventory and inventory[name].digest != declared.digest
    )
    found = ((name, _running(name, observed)) for name in changed)
    return {name: manifest for name, manifest in found if manifest is not None}


def _running(name: WorkspaceName, observed: ObservedState) -> Workspace | None:
    live = observed.objects.get(Ref(V1BETA1, "Workspace", name.namespace, name.name))
    if live is None:
        return None
    document = live.document
    kept = {key: document[key] for key in ("resource", "inference", "tuning") if key in document}
    metadata = {
        key: document["metadata"][key]
        for key in ("name", "namespace", "annotations")
        if key in document["metadata"]
    }
    text = json.dumps({"apiVersion": V1BETA1, "kind": "Workspace", "metadata": metadata, **kept})
    try:
        return Workspace.model_validate_json(text)
    except ValidationError:
        return None
