"""The inventory as ConfigMaps in the cluster, and what becomes of it after a pass.

A small fleet has one ConfigMap, a large one 64 of them, so that none comes near the 1 MiB limit of an
object (10,000 workspaces: about 80 KiB each). Whatever the layout, all of them are read.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from sys import intern

from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.inventory import Holding, Inventory, Owned
from reconciler.domain.share import bucket
from reconciler.domain.state import FLEET, MANAGED_BY, DesiredObject, ObservedObject, packed

NAMESPACE = "towline-system"
LABEL = "towline.dev/inventory"
_ONE_SHARD_UP_TO = 200


def is_inventory(ref: Ref, fleet: str) -> bool:
    """Whether this object is part of the fleet's inventory."""
    return (
        ref.kind == "ConfigMap" and ref.namespace == NAMESPACE and ref.name.startswith(f"inventory-{fleet}")
    )


def read_inventory(objects: Iterable[ObservedObject]) -> Inventory:
    """Every holding of these ConfigMaps. An entry that is not readable is as good as lost: it is left out.
    What stands in one of the 64 counts where the single one, left over from a time without shards, says
    something else."""
    holdings: dict[WorkspaceName, Holding] = {}
    for each in sorted(objects, key=_name):
        for key, text in (each.document.get("data") or {}).items():
            namespace, _, name = key.partition(".")
            if (holding := _decode(text)) is not None:
                holdings[WorkspaceName(namespace, name)] = holding
    return holdings


def inventory_objects(
    inventory: Inventory, fleet: str, *, divided: bool = False
) -> tuple[DesiredObject, ...]:
    """The ConfigMaps that hold this inventory; 64 of them at any size where it is to be `divided`."""
    shards: dict[str, dict[str, str]] = defaultdict(dict)
    single = not divided and len(inventory) <= _ONE_SHARD_UP_TO
    for name, holding in sorted(inventory.items()):
        shards["" if single else f"-{bucket(name):02d}"][f"{name.namespace}.{name.name}"] = _encode(holding)
    return tuple(_config_map(fleet, shard, data) for shard, data in sorted(shards.items()))


def bucket_of(ref: Ref, fleet: str) -> int | None:
    """Which bucket this ConfigMap of the inventory holds; None of the one that holds all."""
    number = ref.name.removeprefix(f"inventory-{fleet}").removeprefix("-")
    return int(number) if number.isdigit() else None


def _name(each: ObservedObject) -> str:
    return each.ref.name


def _config_map(fleet: str, shard: str, data: Mapping[str, str]) -> DesiredObject:
    name = f"inventory-{fleet}{shard}"
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "labels": {MANAGED_BY: "towline", FLEET: fleet, LABEL: "true"},
        },
        "data": dict(data),
    }
    body = json.dumps(document, sort_keys=True, separators=(",", ":")).encode()
    return DesiredObject(
        Ref("v1", "ConfigMap", NAMESPACE, name), None, packed(body), hashlib.sha256(body).hexdigest()
    )


def _encode(holding: Holding) -> str:
    owned = [[o.ref.api_version, o.ref.kind, o.ref.namespace, o.ref.name, o.uid] for o in holding.owned]
    return json.dumps([holding.commit, holding.file, holding.digest, owned], separators=(",", ":"))


def _decode(text: str) -> Holding | None:
    match _json(text):
        case [str(commit), str(file), str(digest), list(owned)]:
            return Holding(intern(commit), file, digest, tuple(_owned(owned)))
    return None


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def _owned(entries: list[object]) -> Iterable[Owned]:
    for entry in entries:
        match entry:
            case [str(api_version), str(kind), str(namespace), str(name), str(uid)]:
                yield Owned(Ref(intern(api_version), intern(kind), intern(namespace), name), uid)
