"""What a Fleet and its workspaces may ask of Towline's own containers, and what only they can do."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.domain.config import FieldPath
from reconciler.domain.fleet import KAITO_REGISTRY, Fleet, FleetSpec
from reconciler.domain.workspace import DEVICE, WORK_CLAIM, Workspace

from .context import Context
from .flaw import Flaw, said, warning
from .images import is_reference
from .metadata import is_subdomain

_REGISTRY: FieldPath = ("spec", "imageRegistry")
_HOSTS = (("private_hosts", "privateHosts"), ("insecure_registries", "insecureRegistries"))


def fleet_runtime(fleet: Fleet) -> Iterator[Flaw]:
    """Where Towline's images lie must be said: none of them is public."""
    spec = fleet.spec
    if spec.runtime == "towline":
        yield from _registry(spec)
    yield from _hosts(spec)


def own_runtime(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """What a workspace asks that its fleet's containers cannot do, and the names they take."""
    yield from _device(workspace, context)
    yield from _work_claim(workspace, context)
    if context.is_towline:
        yield from _strength(workspace)
        yield from _taken_name(workspace, context)


def _registry(spec: FleetSpec) -> Iterator[Flaw]:
    registry = spec.image_registry.rstrip("/")
    if registry == KAITO_REGISTRY:
        yield Flaw(
            _REGISTRY,
            "runtime: towline needs a registry with Towline's images, and this is KAITO's",
            "build runtime/serving and runtime/tuning, push them as <registry>/towline-serving and "
            "<registry>/towline-tuning, and name that registry",
        )
    elif not is_reference(f"{registry}/towline-serving"):
        mend = "write registry/path in lower case and without a tag, such as myregistry.azurecr.io/towline"
        yield Flaw(_REGISTRY, f"{said(spec.image_registry)} is no place for images", mend)


def _hosts(spec: FleetSpec) -> Iterator[Flaw]:
    for name, written in _HOSTS:
        given: tuple[str, ...] = getattr(spec, name)
        if given and spec.runtime != "towline":
            message = "it has no effect: only Towline's own containers follow it"
            yield warning(("spec", written), message, "remove it, or set runtime: towline")
        for index, host in enumerate(given):
            if not _is_host(host, with_port=name == "insecure_registries"):
                mend = "write a host's name or address" + (
                    ", with its port" if "registries" in name else " alone"
                )
                yield Flaw(("spec", written, index), f"{said(host)} is no host", mend)


def _is_host(text: str, *, with_port: bool) -> bool:
    host, colon, port = text.rpartition(":") if with_port and ":" in text else (text, "", "")
    return is_subdomain(host.lower()) and (not colon or (port.isascii() and port.isdigit()))


def _device(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    given = workspace.annotations.get(DEVICE)
    if given is None:
        return
    path: FieldPath = ("metadata", "annotations", DEVICE)
    if not workspace.wants_processors:
        yield Flaw(path, f"{said(given)} is none of its values", "use cpu, or remove it for GPUs")
    elif workspace.inference is not None and workspace.inference.template is not None:
        yield warning(path, "it has no effect on a template of your own", "remove it")
    elif not context.is_towline:
        message = "KAITO's containers need a GPU"
        yield Flaw(path, message, "remove it, or set spec.runtime: towline in towline.yaml")
    elif context.provisions:
        message = "the fleet makes GPU nodes, and a workspace without GPUs would leave them idle"
        yield Flaw(path, message, "remove it, or set nodeProvisioner: byo in towline.yaml")


def _work_claim(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    given = workspace.annotations.get(WORK_CLAIM)
    if given is None:
        return
    path: FieldPath = ("metadata", "annotations", WORK_CLAIM)
    if workspace.tuning is None or not context.is_towline:
        message = "it has no effect: only fine-tuning in Towline's own container keeps its work"
        yield warning(path, message, "remove it")
    elif not is_subdomain(given.strip()):
        mend = "name a PersistentVolumeClaim that is there or committed beside the workspace"
        yield Flaw(path, f"{said(given)!r} cannot be the name of a PersistentVolumeClaim", mend)


def _strength(workspace: Workspace) -> Iterator[Flaw]:
    declared = (workspace.inference and workspace.inference.adapters) or ()
    for index, adapter in enumerate(declared):
        if adapter.strength is not None:
            yield Flaw(
                ("inference", "adapters", index, "strength"),
                "Towline's containers serve an adapter at full strength only",
                "remove strength",
            )


def _taken_name(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """The document's ConfigMap is named by the workspace; a person's of that name would fight with it."""
    name = f"{workspace.metadata.name}-{'tuning' if workspace.tuning else 'serving'}"
    has_document = workspace.preset is not None
    if has_document and context.config_map(workspace, name) is not None:
        message = f"the ConfigMap {said(name)} beside it has the name of what its container is told"
        yield Flaw(("metadata", "name"), message, "rename the ConfigMap, or the workspace")
