"""What a Fleet says of machines for all its workspaces."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.catalog.catalog import Catalog
from reconciler.catalog.gpu import InstanceType, RetiredSize
from reconciler.domain.accepted import MOST_WAYS, is_zone
from reconciler.domain.config import FieldPath
from reconciler.domain.fleet import Fleet

from .flaw import Flaw, said, warning
from .hardware import unusual

_PATH = ("spec", "provisioning")


def provisioning_zones(fleet: Fleet) -> Iterator[Flaw]:
    """Zones as AKS names them; without one that can be read it is an error."""
    zones = fleet.spec.provisioning.zones
    wrong = [index for index, zone in enumerate(zones) if not is_zone(zone)]
    for index in wrong:
        path, mend = (*_PATH, "zones", index), 'write a number alone, for example "1"'
        if len(wrong) == len(zones):
            yield Flaw(path, f"{said(zones[index])} is no availability zone", mend)
        else:
            yield warning(path, f"{said(zones[index])} is passed over: it is no availability zone", mend)


def provisioning_sizes(fleet: Fleet, catalog: Catalog) -> Iterator[Flaw]:
    """Sizes that are gone or unknown are passed over, and told once here rather than by every workspace."""
    accepted = fleet.spec.provisioning
    for index, name in enumerate(accepted.instance_types):
        yield from _size((*_PATH, "instanceTypes", index), name, catalog)
    terms = len(set(accepted.capacity_types)) or 1
    ways = (1 + len(set(accepted.instance_types))) * terms * (len(set(accepted.zones)) or 1)
    if ways > MOST_WAYS and fleet.spec.node_provisioner == "agentPool":
        message = f"sizes, zones and terms make {ways} ways together; the first {MOST_WAYS} of them count"
        yield warning(_PATH, message, "name fewer sizes or zones")


def _size(path: FieldPath, name: str, catalog: Catalog) -> Iterator[Flaw]:
    known = catalog.instance_type(name[:200])
    if isinstance(known, InstanceType):
        yield from unusual(path, known)
    elif isinstance(known, RetiredSize):
        mend = "remove it: `towline size MODEL` lists current sizes with their prices"
        yield warning(path, f"{known.in_words()}, so it is passed over", mend)
    else:
        mend = f"did you mean {known.nearest[0]}?" if known.nearest else "correct or remove it"
        yield warning(path, f"{said(name)} is passed over: it is no Azure GPU size that we know", mend)
