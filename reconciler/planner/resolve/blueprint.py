"""A workspace with nothing left to choose: every value a template fills in, and why it is so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from reconciler.catalog.preset import Preset
from reconciler.domain.cloud import Option
from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.state import Cost

from .towline.documents import Document


class Runtime(StrEnum):
    """What runs in the containers."""

    VLLM = "vllm"
    TRANSFORMERS = "transformers"
    TEMPLATE = "template"
    TUNING = "tuning"


@dataclass(frozen=True, slots=True)
class Capacity:
    """Machines and how the model is spread over them. `instance_type` is empty for a fleet's own nodes.

    `gpus_per_node` is what a machine has, `gpus_asked` what one pod asks for of `gpu_resource`;
    `memory_share` is the part of a GPU's memory that vLLM is given.
    """

    instance_type: str
    nodes: int
    gpus_per_node: int
    gpus_asked: int
    cost: Cost
    gpu_resource: str = "nvidia.com/gpu"
    has_nvidia: bool = False
    memory_share: float = 0.84
    nvme: bool = False
    tensor_parallel: int = 1
    pipeline_parallel: int = 1
    data_parallel: int = 1
    because: tuple[str, ...] = ()

    @property
    def is_distributed(self) -> bool:
        """Whether one model spans several machines."""
        return self.pipeline_parallel > 1 and self.nodes > 1


@dataclass(frozen=True, slots=True)
class Env:
    """An environment variable: a value, a key of an optional Secret, or a field of the pod."""

    name: str
    value: str = ""
    secret: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a container sees a volume."""

    volume: str
    path: str
    read_only: bool | None = None


@dataclass(frozen=True, slots=True)
class SecretFile:
    """The `.dockerconfigjson` of a Secret, under another file name."""

    secret: str
    path: str


@dataclass(frozen=True, slots=True)
class Volume:
    """A pod's volume of exactly one kind; with none of them set it is an empty directory."""

    name: str
    in_memory: bool = False
    config_map: str = ""
    host_path: str = ""
    host_path_type: str = "DirectoryOrCreate"
    secrets: tuple[SecretFile, ...] = ()
    source: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A disk for each replica of a StatefulSet, GiB."""

    name: str
    storage_class: str
    gib: int


@dataclass(frozen=True, slots=True)
class Port:
    """A TCP port with a name; `target` is the container's port behind a Service's."""

    name: str
    number: int
    target: int = 0


@dataclass(frozen=True, slots=True)
class Probe:
    """How a container is asked for its health: `command`, or HTTP GET of `path`. Times in seconds."""

    command: tuple[str, ...] = ()
    path: str = "/health"
    period: int = 10
    failure_threshold: int | None = None
    initial_delay: int | None = None
    timeout: int | None = None
    termination_grace: int | None = None


@dataclass(frozen=True, slots=True)
class Container:
    """One container; `gpus` of `gpu_resource` are requested and limited. `message_policy` is what is told of
    its end where it wrote nothing itself; empty leaves it to Kubernetes."""

    name: str
    image: str
    command: tuple[str, ...]
    args: tuple[str, ...] = ()
    env: tuple[Env, ...] = ()
    mounts: tuple[Mount, ...] = ()
    ports: tuple[Port, ...] = ()
    gpus: int = 0
    gpu_resource: str = ""
    startup: Probe | None = None
    liveness: Probe | None = None
    readiness: Probe | None = None
    message_policy: str = ""


@dataclass(frozen=True, slots=True)
class Pod:
    """The pod of a preset: what is fetched first, what runs, and what it keeps.

    `restart_policy` None is what Kubernetes does by itself: Always. `group` owns the volumes of a pod that is
    not root's; `grace` are the seconds from SIGTERM to SIGKILL, None for Kubernetes' own 30.
    """

    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    claims: tuple[Claim, ...] = ()
    pull_secrets: tuple[str, ...] = ()
    restart_policy: str | None = None
    group: int | None = None
    grace: int | None = None

    @property
    def shares_processes(self) -> bool | None:
        """True where one container watches another's process, else left to Kubernetes."""
        return True if len(self.containers) > 1 else None


@dataclass(frozen=True, slots=True)
class Toleration:
    """A taint the pods put up with; `value` None means any."""

    key: str
    operator: str
    value: str | None = None
    effect: str = "NoSchedule"


@dataclass(frozen=True, slots=True)
class Nodes:
    """The machines to be made. `provisioner` is a Fleet's word, or `own` where none are; GiB of disk of each.

    An agent pool is of one size, spot or not, in one zone (empty: any). Karpenter chooses by itself among
    `instance_types`, `capacity_types` and `zones`, which it names by region. `has_driver` is whether the GPU
    driver is installed with the machine.
    """

    provisioner: str
    pool: str
    claims: tuple[str, ...]
    node_class: str
    image_family: str
    os_sku: str
    disk_gib: int
    labels: Mapping[str, str]
    zone: str = ""
    is_spot: bool = False
    has_driver: bool = True
    instance_types: tuple[str, ...] = ()
    capacity_types: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Blueprint:
    """A workspace with nothing left to choose.

    `pod` is None where the person wrote the pod: `own_pod` is then their spec, ours merged in. `selector`
    never changes for a workspace; `requirements` are node labels with the values each may have. `option` is
    the way its nodes are had, `alternatives` the same workspace with the other ways its owner accepts;
    `document` is what a container of ours reads.
    """

    name: WorkspaceName
    fleet: str
    declared: str
    runtime: Runtime
    model: str
    preset: Preset | None
    capacity: Capacity
    nodes: Nodes
    labels: Mapping[str, str]
    selector: Mapping[str, str]
    pod_labels: Mapping[str, str]
    pod_annotations: Mapping[str, str]
    requirements: Mapping[str, tuple[str, ...]]
    tolerations: tuple[Toleration, ...]
    pod: Pod | None
    own_pod: Mapping[str, Any] | None
    service_type: str
    service_ports: tuple[Port, ...]
    option: Option
    default_params: str = ""
    document: Document | None = None
    because: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    alternatives: tuple[Blueprint, ...] = ()

    @property
    def headless(self) -> str:
        """The Service that names each pod."""
        return f"{self.name.name}-headless"
