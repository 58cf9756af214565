"""What whoever starts a sandbox may choose."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .containers.runtime import Runtime
from .trouble import Trouble
from .world.processes import LocalImage


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Where a sandbox lives and how its world behaves. Times are world seconds.

    `state` holds the kubeconfig, the snapshot and the files of local processes; `speed` is world seconds a
    real second; port 0 is any free one; `pool_seconds` is what making a pool takes (1560 was recorded of a
    GPU pool); `quota_vcpus` is that of each VM family, `regional_vcpus` that of the region (None: all
    families' together), `spot_vcpus` that of spot (None: as a family); `throttling` keeps AKS's request
    limits; `sizes` is a facts file of VM sizes (YAML with a list `sizes`); with a `runtime` Towline's own
    containers really run, as processes of this machine.
    """

    state: Path
    speed: float = 1.0
    troubles: tuple[Trouble, ...] = ()
    kube_port: int = 0
    arm_port: int = 0
    pool_seconds: float = 180
    node_seconds: float = 30
    image_seconds: float = 20
    load_seconds: float = 30
    quota_vcpus: int = 2000
    regional_vcpus: int | None = None
    spot_vcpus: int | None = None
    most_pools: int = 100
    local_images: tuple[LocalImage, ...] = ()
    throttling: bool = False
    sizes: Path | None = None
    runtime: Runtime | None = None
