"""The KAITO Workspace as people commit it.

Fields and defaults: kaito-project/kaito v0.12.0, api/v1alpha1 and api/v1beta1 (workspace_types.go).
`resource`, `inference` and `tuning` are top-level keys; there is no `spec`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from .written import Written

V1ALPHA1 = "kaito.sh/v1alpha1"
V1BETA1 = "kaito.sh/v1beta1"
V1ALPHA1_INSTANCE_TYPE = "Standard_NC24ads_A100_v4"  # the CRD's default, v1alpha1 only

RUNTIME = "kaito.sh/runtime"
BYPASS_RESOURCE_CHECKS = "kaito.sh/bypass-resource-checks"
ENABLE_LB = "kaito.sh/enablelb"
DISABLE_BENCHMARK = "kaito.sh/disable-benchmark"
PERFORMANCE_MODE = "kaito.sh/performance-mode"
USE_LOCAL_WEIGHTS = "kaito.sh/use-local-weights"
NODE_IMAGE_FAMILY = "kaito.sh/node-image-family"
NODE_CLASS_NAME = "kaito.sh/node-class-name"
MODEL_STREAMING = "kaito.sh/model-streaming"
ON_IMMUTABLE_CHANGE = "towline.dev/on-immutable-change"
INSTANCE_TYPES = "towline.dev/instance-types"
ZONES = "towline.dev/zones"
CAPACITY_TYPE = "towline.dev/capacity-type"
GPU_DRIVER = "towline.dev/gpu-driver"
DEVICE = "towline.dev/device"
WORK_CLAIM = "towline.dev/work-claim"
TRY = "towline.dev/try"  # another value of it means: try anew
PROPOSE_TO = "towline.dev/propose-to"  # on a tuning: who is to serve its adapter

RESERVED_SELECTOR_KEYS = frozenset(
    {
        "kaito.sh/workspace",
        "kaito.sh/workspacenamespace",
        "kaito.sh/ragengine",
        "kaito.sh/ragenginenamespace",
        "karpenter.kaito.sh/workspace-name",
        "karpenter.kaito.sh/workspace-namespace",
        "karpenter.kaito.sh/inferenceset",
        "karpenter.kaito.sh/inferenceset-namespace",
    }
)
"""Selector keys KAITO v0.12 keeps for itself and drops from what people select by."""


class LabelSelectorRequirement(Written):
    """One expression of a label selector; KAITO accepts only `In` with exactly one value."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    @property
    def is_label(self) -> bool:
        """Whether it says no more than a label would."""
        return self.operator == "In" and len(self.values) == 1


class LabelSelector(Written):
    """metav1.LabelSelector."""

    match_labels: dict[str, str] | None = None
    match_expressions: tuple[LabelSelectorRequirement, ...] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The selector as a plain map, an expression before a label of its key, as
        apimachinery's LabelSelectorAsMap has it; what is no label says nothing here."""
        single = {each.key: each.values[0] for each in self.match_expressions or () if each.is_label}
        return {**(self.match_labels or {}), **single}

    @property
    def node_labels(self) -> dict[str, str]:
        """What it asks of a node, sorted: the labels without the keys KAITO keeps for itself."""
        labels = self.labels
        return {key: labels[key] for key in sorted(labels) if key not in RESERVED_SELECTOR_KEYS}


class Partition(Written):
    """A share of a GPU (`mig`) or of a node's GPUs (`accelerator`); own nodes only."""

    mode: str
    profile: str | None = None
    count: int | None = None


class Resource(Written):
    """Which nodes the workspace runs on."""

    count: int | None = None
    instance_type: str | None = None
    label_selector: LabelSelector | None = None
    preferred_nodes: tuple[str, ...] | None = None
    partition: Partition | None = None


class PresetOptions(Written):
    """Where the weights come from and what opens them."""

    image: str | None = None
    image_pull_secrets: tuple[str, ...] | None = None
    model_access_secret: str | None = None


class Preset(Written):
    """A model by its catalog name, alias or `org/name`."""

    name: str
    access_mode: Literal["public", "private"] | None = None
    preset_options: PresetOptions | None = None


class DataSource(Written):
    """Where data or an adapter comes from: exactly one of URLs, volume or image."""

    name: str | None = None
    urls: tuple[str, ...] | None = None
    volume_source: dict[str, Any] | None = None
    image: str | None = None
    image_pull_secrets: tuple[str, ...] | None = None


class DataDestination(Written):
    """Where a tuning's adapter goes: a volume, or an image with its push secret."""

    volume_source: dict[str, Any] | None = None
    image: str | None = None
    image_push_secret: str | None = None


class Adapter(Written):
    """A LoRA adapter served beside its base model."""

    source: DataSource | None = None
    strength: str | None = None


class Inference(Written):
    """Serve a preset, or the user's own pod template."""

    preset: Preset | None = None
    template: dict[str, Any] | None = None
    config: str | None = None
    adapters: tuple[Adapter, ...] | None = None


class Tuning(Written):
    """Fine-tune a preset with LoRA or QLoRA."""

    preset: Preset | None = None
    method: str | None = None
    config: str | None = None
    input: DataSource | None = None
    output: DataDestination | None = None


class ObjectMeta(Written):
    """The metadata people write; what only a server writes is accepted and ignored."""

    name: str
    namespace: str | None = None
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    generate_name: Any = Field(default=None, exclude=True)
    creation_timestamp: Any = Field(default=None, exclude=True)
    resource_version: Any = Field(default=None, exclude=True)
    uid: Any = Field(default=None, exclude=True)
    generation: Any = Field(default=None, exclude=True)
    managed_fields: Any = Field(default=None, exclude=True)
    finalizers: Any = Field(default=None, exclude=True)
    self_link: Any = Field(default=None, exclude=True)


class Workspace(Written):
    """A KAITO Workspace, v1alpha1 or v1beta1."""

    api_version: Annotated[Literal["kaito.sh/v1alpha1", "kaito.sh/v1beta1"], Field(alias="apiVersion")]
    kind: Literal["Workspace"]
    metadata: ObjectMeta
    resource: Resource = Resource()
    inference: Inference | None = None
    tuning: Tuning | None = None
    status: Any = Field(default=None, exclude=True)

    @property
    def wants_processors(self) -> bool:
        """Whether it is to run without a GPU."""
        return self.annotations.get(DEVICE, "").strip().lower() == "cpu"

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations, never None."""
        return self.metadata.annotations or {}

    @property
    def node_labels(self) -> dict[str, str]:
        """What its label selector asks of a node; nothing where it has none."""
        asked = self.resource.label_selector
        return asked.node_labels if asked else {}

    @property
    def preset(self) -> Preset | None:
        """The preset served or tuned, if any."""
        section = self.tuning or self.inference
        return section.preset if section else None

    @property
    def instance_type(self) -> str:
        """The Azure VM size asked for, with v1alpha1's default; empty when none is."""
        default = V1ALPHA1_INSTANCE_TYPE if self.api_version == V1ALPHA1 else ""
        return self.resource.instance_type or default
