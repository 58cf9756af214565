"""What makes a pod, or the template of one, invalid: the mistakes that people make in workload manifests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .causes import duplicate, forbidden_field, missing, required, unsupported, wrong
from .documents import Obj
from .naming import dns_label_causes, label_causes
from .quantities import quantity
from .refusal import Cause


def pod_causes(spec: Any, field: str, claims: frozenset[str] = frozenset()) -> Iterator[Cause]:
    """What is wrong with a pod spec that stands at `field`; `claims` are volumes it will be given besides."""
    containers = spec.get("containers") if isinstance(spec, dict) else None
    if not containers:
        yield required(f"{field}.containers")
        return
    yield from _volumes(spec.get("volumes") or [], f"{field}.volumes")
    volumes = set(claims) | {each.get("name") for each in spec.get("volumes") or []}
    seen: set[Any] = set()
    for group in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(group) or []):
            where = f"{field}.{group}[{index}]"
            if container.get("name") in seen:
                yield duplicate(f"{where}.name", container["name"])
            seen.add(container.get("name"))
            yield from _container(container, where, volumes)
    if spec["restartPolicy"] not in {"Always", "OnFailure", "Never"}:
        policies = ("Always", "OnFailure", "Never")
        yield unsupported(f"{field}.restartPolicy", spec["restartPolicy"], policies)
    yield from label_causes(f"{field}.nodeSelector", spec.get("nodeSelector"))


def _volumes(volumes: list[Obj], field: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, volume in enumerate(volumes):
        where = f"{field}[{index}].name"
        if not volume.get("name"):
            yield required(where)
        elif volume["name"] in names:
            yield duplicate(where, volume["name"])
        else:
            yield from dns_label_causes(where, volume["name"])
        names.add(volume.get("name", ""))
        if len(volume) > 2:
            yield forbidden_field(f"{field}[{index}]", "may not specify more than 1 volume type")


def _container(container: Obj, field: str, volumes: set[Any]) -> Iterator[Cause]:
    if not container.get("name"):
        yield required(f"{field}.name")
    else:
        yield from dns_label_causes(f"{field}.name", container["name"])
    if not container.get("image"):
        yield required(f"{field}.image")
    elif container["image"] != container["image"].strip():
        yield wrong(f"{field}.image", container["image"], "must not have leading or trailing whitespace")
    yield from _ports(container.get("ports") or [], f"{field}.ports")
    for index, variable in enumerate(container.get("env") or []):
        yield from _variable(variable, f"{field}.env[{index}]")
    yield from _mounts(container.get("volumeMounts") or [], f"{field}.volumeMounts", volumes)
    yield from _resources(container.get("resources") or {}, f"{field}.resources")


def _ports(ports: list[Obj], field: str) -> Iterator[Cause]:
    names: set[str] = set()
    for index, port in enumerate(ports):
        number = port.get("containerPort")
        if number is None:
            yield required(f"{field}[{index}].containerPort")
        elif not 0 < number < 65536:
            yield wrong(f"{field}[{index}].containerPort", number, "must be between 1 and 65535, inclusive")
        if port.get("name") in names:
            yield duplicate(f"{field}[{index}].name", port["name"])
        names |= {port["name"]} if port.get("name") else set()


def _variable(variable: Obj, field: str) -> Iterator[Cause]:
    if not variable.get("name"):
        yield required(f"{field}.name")
    if variable.get("value") and variable.get("valueFrom"):
        yield wrong(f"{field}.valueFrom", "", "may not be specified when `value` is not empty")


def _mounts(mounts: list[Obj], field: str, volumes: set[Any]) -> Iterator[Cause]:
    paths: set[Any] = set()
    for index, mount in enumerate(mounts):
        if not mount.get("name"):
            yield required(f"{field}[{index}].name")
        elif mount["name"] not in volumes:
            yield missing(f"{field}[{index}].name", mount["name"])
        if not mount.get("mountPath"):
            yield required(f"{field}[{index}].mountPath")
        elif mount["mountPath"] in paths:
            yield wrong(f"{field}[{index}].mountPath", mount["mountPath"], "must be unique")
        paths.add(mount.get("mountPath"))


def _resources(resources: Obj, field: str) -> Iterator[Cause]:
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for part, quantities in (("limits", limits), ("requests", requests)):
        for name, value in quantities.items():
            yield from quantity_causes(value, f"{field}.{part}[{name}]", whole=_is_extended(name))
    for name, value in requests.items():
        limit, wanted = quantity(limits.get(name)), quantity(value)
        if limit is None or wanted is None:
            continue
        if _is_extended(name) and limit != wanted:
            yield wrong(f"{field}.requests", str(value), f"must be equal to {name} limit of {limits[name]}")
        elif wanted > limit:
            why = f"must be less than or equal to {name} limit of {limits[name]}"
            yield wrong(f"{field}.requests", str(value), why)
    for name in requests.keys() - limits.keys():
        if _is_extended(name):
            yield required(f"{field}.limits", "Limit must be set for non overcommitable resources")


def quantity_causes(value: Any, field: str, *, whole: bool = False) -> Iterator[Cause]:
    """What is wrong with a resource quantity; extended resources must be whole numbers."""
    number = quantity(value) or 0
    if number < 0:
        yield wrong(field, str(value), "must be greater than or equal to 0")
    elif whole and number != int(number):
        yield wrong(field, str(value), "must be an integer")


def _is_extended(resource: str) -> bool:
    return "/" in resource and not resource.startswith("kubernetes.io/")
