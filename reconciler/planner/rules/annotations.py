"""Annotations with a meaning: their values, and names that are nearly one of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from itertools import islice

from reconciler.domain.workspace import (
    BYPASS_RESOURCE_CHECKS,
    CAPACITY_TYPE,
    DEVICE,
    DISABLE_BENCHMARK,
    ENABLE_LB,
    GPU_DRIVER,
    INSTANCE_TYPES,
    MODEL_STREAMING,
    NODE_CLASS_NAME,
    NODE_IMAGE_FAMILY,
    ON_IMMUTABLE_CHANGE,
    PERFORMANCE_MODE,
    PROPOSE_TO,
    RUNTIME,
    TRY,
    USE_LOCAL_WEIGHTS,
    V1BETA1,
    WORK_CLAIM,
    ZONES,
    Workspace,
)

from .context import Context
from .flaw import Flaw, one_of, said, warning

IMAGE_FAMILIES = ("ubuntu", "azurelinux")
PERFORMANCE_MODES = ("balanced", "interactivity", "throughput")
GPU_DRIVERS = ("install", "none")
_KNOWN = (
    RUNTIME,
    BYPASS_RESOURCE_CHECKS,
    ENABLE_LB,
    DISABLE_BENCHMARK,
    PERFORMANCE_MODE,
    USE_LOCAL_WEIGHTS,
    NODE_IMAGE_FAMILY,
    NODE_CLASS_NAME,
    MODEL_STREAMING,
    ON_IMMUTABLE_CHANGE,
    INSTANCE_TYPES,
    ZONES,
    CAPACITY_TYPE,
    GPU_DRIVER,
    TRY,
    DEVICE,
    WORK_CLAIM,
    PROPOSE_TO,
    "towline.dev/weights-storage-class",
    "kaito.sh/model-mirror-storage-class",
    "kaito.sh/streaming-service-account",
    "kaito.sh/upgrade-start-time",
)
_MOST_LOOKED_AT = 100
_LONGEST_KEY = 80
_PREFIXES = ("kaito.sh/", "towline.dev/")


def annotation_values(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """The values KAITO checks on create, our own, and near misses of known names."""
    given = workspace.annotations
    family = given.get(NODE_IMAGE_FAMILY, "").strip().lower()
    if family and family not in IMAGE_FAMILIES:
        yield _not_among(NODE_IMAGE_FAMILY, given[NODE_IMAGE_FAMILY], IMAGE_FAMILIES)
    if workspace.api_version == V1BETA1:
        yield from _beta(given)
    yield from node_class(workspace, context)
    if given.get(ON_IMMUTABLE_CHANGE, "refuse") not in ("refuse", "replace"):
        yield _not_among(ON_IMMUTABLE_CHANGE, given[ON_IMMUTABLE_CHANGE], ("refuse", "replace"))
    if given.get(GPU_DRIVER, "install").strip().lower() not in GPU_DRIVERS:
        yield _not_among(GPU_DRIVER, given[GPU_DRIVER], GPU_DRIVERS)
    for key in islice(given, _MOST_LOOKED_AT):
        yield from _near_miss(key)


def node_class(workspace: Workspace, context: Context) -> Iterator[Flaw]:
    """With Karpenter the node class must be one the fleet manages; empty means the default one."""
    name = workspace.annotations.get(NODE_CLASS_NAME, "")
    spec = context.fleet.spec
    if name and spec.node_provisioner == "karpenter" and name not in spec.node_classes:
        yield _not_among(NODE_CLASS_NAME, name, spec.node_classes)


def _beta(given: dict[str, str]) -> Iterator[Flaw]:
    mode = given.get(PERFORMANCE_MODE)
    if mode is not None and mode not in PERFORMANCE_MODES:
        yield _not_among(PERFORMANCE_MODE, mode, PERFORMANCE_MODES)
    local = given.get(USE_LOCAL_WEIGHTS)
    if local is not None and local not in ("true", "false"):
        yield _not_among(USE_LOCAL_WEIGHTS, local, ("true", "false"))


def _not_among(key: str, value: str, choices: tuple[str, ...]) -> Flaw:
    return Flaw(
        ("metadata", "annotations", key), f"{said(value)} is none of its values", f"use {one_of(choices)}"
    )


def _near_miss(key: str) -> Iterator[Flaw]:
    if key in _KNOWN or not key.startswith(_PREFIXES) or len(key) > _LONGEST_KEY:
        return
    near = difflib.get_close_matches(key, _KNOWN, n=1, cutoff=0.8)
    if near:
        yield warning(
            ("metadata", "annotations", key), "nothing reads this annotation", f"did you mean {near[0]}?"
        )
