"""Towline brought into a cluster, or shown as it would be."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import closing

from reconciler.adapters.git.address import parse_address
from reconciler.adapters.kube.installer import Installer
from reconciler.domain.fleet import Fleet
from reconciler.domain.identity import Ref
from reconciler.domain.installation import INSTALLER, Change, Installation, Installed
from reconciler.domain.right import Right
from reconciler.domain.state import CRD, FIELD_MANAGER, DesiredObject, is_ours
from reconciler.faults import Conflict, Refused
from reconciler.planner.install.leftovers import leftovers
from reconciler.planner.install.manifests import (
    OPTIONAL,
    Means,
    ground,
    instance,
    labels_of,
    manifests,
)
from reconciler.planner.install.rights import rights_of
from reconciler.settings import Settings

from .doors import resources_of
from .lore import load_templates, templates_dir
from .worlds import place_of

Manifests = tuple[tuple[DesiredObject, str], ...]
"""Objects, each with the field manager it is applied by."""


def rights(fleet: Fleet) -> tuple[Right, ...]:
    """What Towline needs to be allowed for this fleet."""
    return rights_of(fleet, resources_of(fleet))


def means_for(fleet: Fleet) -> Means:
    """What an installation for this fleet is made from."""
    folder = templates_dir() / "install"
    alerts = json.loads((folder / "prometheus-rules.json").read_text(encoding="utf-8"))
    dashboard = (folder / "grafana-dashboard.json").read_text(encoding="utf-8")
    return Means(load_templates(), rights(fleet), dashboard, alerts["spec"])


def rendered(installation: Installation, fleet: Fleet) -> Manifests:
    """All objects of the installation. Refused: its repository cannot be reached from a cluster like this."""
    _check_address(installation.repo)
    templates = load_templates()
    standing = ground(installation, fleet, templates)
    own = manifests(installation, fleet, means_for(fleet))
    namespaces = [each for each in own if each.ref.kind == "Namespace"]
    rest = [each for each in own if each.ref.kind != "Namespace"]
    made = [(each, INSTALLER) for each in namespaces]
    return (*made, *((each, FIELD_MANAGER) for each in standing), *((each, INSTALLER) for each in rest))


def install(
    settings: Settings, installation: Installation, fleet: Fleet, *, force: bool = False
) -> Iterator[Installed]:
    """Apply them one after another, told as it goes, then remove what an older installation left.

    Raises Conflict where another field manager holds one of the fields, unless forced.
    """
    objects = rendered(installation, fleet)
    with closing(Installer(*place_of(settings))) as door:
        yield from _applied(door, objects, force=force)
        yield from _pruned(door, (each.ref for each, _ in objects), instance(fleet))


def _applied(door: Installer, objects: Manifests, *, force: bool) -> Iterator[Installed]:
    for desired, manager in objects:
        if why := _obstacle(door, desired.ref):
            yield Installed(desired.ref, Change.LEFT, why)
            continue
        try:
            yield Installed(desired.ref, door.apply(desired, manager, force=force))
        except Conflict as taken:
            held = ", ".join(taken.fields) or str(taken)
            owners = " and ".join(taken.managers) or "somebody else"
            raise Conflict(
                f"{desired.ref}: {owners} set {held}; --force-conflicts takes it over", code=taken.code
            ) from taken


def _obstacle(door: Installer, ref: Ref) -> str:
    """Why an object is not ours to make; empty where nothing speaks against it."""
    if ref.kind == CRD:
        there = door.find(ref)
        return "another controller, such as KAITO, owns it" if there and not is_ours(there) else ""
    if ref.kind in OPTIONAL and not door.serves(ref.api_version, ref.kind):
        return f"this cluster has no {ref.kind} in {ref.api_version}"
    return ""


def _pruned(door: Installer, refs: Iterable[Ref], name: str) -> Iterator[Installed]:
    for each in leftovers(door.made(labels_of(name)), refs, name):
        door.delete(each.ref, each.uid)
        yield Installed(each.ref, Change.PRUNED, "this version has no such object")


def _check_address(repo: str) -> None:
    try:
        address, written = parse_address(repo)
    except ValueError as wrong:
        raise Refused(f"--repo: {wrong}") from wrong
    if address.scheme == "file":
        raise Refused(
            "--repo: a cluster cannot see a folder of this machine; name the address it is cloned from"
        )
    if written is not None:
        raise Refused(
            "--repo: the address holds credentials, which would be there for all to read; put them into a"
            " Secret and name it with --git-secret"
        )
