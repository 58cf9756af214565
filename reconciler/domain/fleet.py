"""The Fleet: `towline.yaml` at the root of a config repository."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from .written import Written

API_VERSION: Literal["towline.dev/v1alpha1"] = "towline.dev/v1alpha1"
FILE = "towline.yaml"

NodeProvisioner = Literal["agentPool", "karpenter", "gpu-provisioner", "byo"]

KAITO_REGISTRY = "mcr.microsoft.com/aks/kaito"
"""Where KAITO's own images lie."""


def _as_text(value: object) -> object:
    return str(value) if type(value) is int else value


Zone = Annotated[str, BeforeValidator(_as_text)]
"""An availability zone; people write its digit with and without quotes."""


class AksCluster(Written):
    """The AKS cluster whose agent pools the fleet may create."""

    subscription: str = ""
    resource_group: str = ""
    name: str = ""
    location: str = "eastus"


class Budget(Written):
    """Dollars an hour beyond which nothing new is created; absent means no limit."""

    dollars_per_hour: Annotated[float, Field(gt=0)] | None = None
    dollars_per_hour_per_workspace: Annotated[float, Field(gt=0)] | None = None


class Limits(Written):
    """How long each step towards a node may take, in minutes, before it counts as failed. A real GPU pool
    took 26 minutes to be made when that was recorded."""

    create_minutes: Annotated[float, Field(gt=0)] = 40
    join_minutes: Annotated[float, Field(gt=0)] = 15
    gpu_minutes: Annotated[float, Field(gt=0)] = 10
    delete_minutes: Annotated[float, Field(gt=0)] = 30


class Provisioning(Written):
    """How agent pools are had where a workspace does not say: what is acceptable beside its own machine size,
    how long it may take, and how often Azure is asked.

    `zones` are tried one after another; none leaves the choice to Azure. `max_tries` and `max_recreations`
    count from the last change of a workspace; `orphan_grace_minutes` is how long a pool of ours that no
    workspace asks for is left alone.
    """

    instance_types: tuple[str, ...] = ()
    zones: tuple[Zone, ...] = ()
    capacity_types: tuple[Literal["on-demand", "spot"], ...] = ("on-demand",)
    limits: Limits = Limits()
    max_tries: Annotated[int, Field(ge=1)] = 12
    max_recreations: Annotated[int, Field(ge=0)] = 2
    replace_nodes: Literal["create-first", "delete-first"] = "create-first"
    orphan_grace_minutes: Annotated[float, Field(ge=10)] = 30
    delete_orphans: bool = True
    ignore_pod_disruption_budgets: bool = False


class Prune(Written):
    """How many workspaces one pass may remove without a person's approval."""

    max_workspaces: Annotated[int, Field(ge=0)] = 3


class FeatureGates(Written):
    """KAITO's gates that change what is admitted; names as KAITO spells them."""

    vllm: Annotated[bool, Field(alias="vLLM")] = True
    enable_mig: Annotated[bool, Field(alias="enableMIG")] = False
    enable_accelerator: bool = False
    model_streaming: Annotated[bool, Field(alias="ModelStreaming")] = False


class FleetSpec(Written):
    """What the fleet is allowed and how it is watched.

    `runtime` is whose containers serve and tune presets, `image_registry` where their images lie.
    `private_hosts` are the only hosts with private addresses that training data may come from, and
    `insecure_registries` those spoken to without TLS; both are for Towline's containers.
    """

    cluster: AksCluster = AksCluster()
    namespaces: tuple[str, ...] = ("default",)
    default_namespace: str = "default"
    kinds: tuple[str, ...] = ("ConfigMap", "PersistentVolumeClaim")
    workspaces: tuple[str, ...] = ("workspaces",)
    node_provisioner: NodeProvisioner = "agentPool"
    node_classes: tuple[str, ...] = ("image-family-ubuntu", "image-family-azure-linux")
    feature_gates: FeatureGates = FeatureGates()
    on_immutable_change: Literal["refuse", "replace"] = "refuse"
    status_branch: str = "towline/status"
    interval_seconds: Annotated[int, Field(ge=5)] = 30
    runtime: Literal["kaito", "towline"] = "kaito"
    image_registry: str = KAITO_REGISTRY
    private_hosts: tuple[str, ...] = ()
    insecure_registries: tuple[str, ...] = ()
    budget: Budget = Budget()
    provisioning: Provisioning = Provisioning()
    prune: Prune = Prune()
    approved: tuple[str, ...] = ()


class FleetMetadata(Written):
    """A fleet has a name; it marks everything the fleet owns."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$")] = "towline"


class Fleet(Written):
    """`kind: Fleet`, the one Towline-specific file of a config repository."""

    api_version: Annotated[Literal["towline.dev/v1alpha1"], Field(alias="apiVersion")] = (
        "towline.dev/v1alpha1"
    )
    kind: Literal["Fleet"] = "Fleet"
    metadata: FleetMetadata = FleetMetadata()
    spec: FleetSpec = FleetSpec()

    @property
    def name(self) -> str:
        """The fleet's name."""
        return self.metadata.name
