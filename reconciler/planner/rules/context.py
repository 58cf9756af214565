"""What a manifest is judged against, and the few questions all rules ask of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.catalog.catalog import Catalog, Retired, Unknown
from reconciler.catalog.gpu import InstanceType, RetiredSize
from reconciler.catalog.preset import Preset
from reconciler.domain.fleet import Fleet
from reconciler.domain.workspace import RUNTIME, Workspace

ConfigMaps = Mapping[tuple[str, str], Mapping[str, str]]
"""The data of ConfigMaps by namespace and name."""

TRANSFORMERS = "transformers"
VLLM = "vllm"
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class SeenNode:
    """A node of the cluster, as far as rules look at it."""

    name: str
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Context:
    """Everything beside the manifest. `nodes` and `csi_drivers` are None where no cluster was looked at."""

    fleet: Fleet
    catalog: Catalog
    config_maps: ConfigMaps = field(default_factory=dict)
    nodes: tuple[SeenNode, ...] | None = None
    csi_drivers: frozenset[str] | None = None

    @property
    def provisions(self) -> bool:
        """Whether nodes are made for a workspace; otherwise it runs on nodes somebody brought."""
        return self.fleet.spec.node_provisioner != "byo"

    @property
    def is_towline(self) -> bool:
        """Whether presets run in Towline's own containers."""
        return self.fleet.spec.runtime == "towline"

    def on_processors(self, workspace: Workspace) -> bool:
        """Whether it is to run without a GPU, which Towline's own containers can."""
        return self.is_towline and workspace.wants_processors

    def runtime(self, workspace: Workspace) -> str:
        """The runtime that serves a preset; every annotation but `transformers` means vLLM."""
        if self.on_processors(workspace):
            return TRANSFORMERS
        if not self.fleet.spec.feature_gates.vllm:
            return TRANSFORMERS
        return TRANSFORMERS if workspace.annotations.get(RUNTIME) == TRANSFORMERS else VLLM

    def preset(self, workspace: Workspace) -> Preset | None:
        """The catalog's preset that is served or tuned; None where the name is not one of the catalog's."""
        if workspace.preset is None:
            return None
        known = self.named_preset(workspace.preset.name)
        return known if isinstance(known, Preset) else None

    def named_preset(self, name: str) -> Preset | Retired | Unknown:
        """What the catalog says to a name; only the beginning of an absurdly long one is looked at."""
        return self.catalog.preset(name[:_LONGEST_NAME])

    def named_size(self, name: str) -> InstanceType | RetiredSize | Unknown:
        """Likewise for the name of a machine size."""
        return self.catalog.instance_type(name[:_LONGEST_NAME])

    def instance(self, workspace: Workspace) -> InstanceType | None:
        """The size asked for, where it is known and can still be had."""
        known = self.named_size(workspace.instance_type)
        return known if isinstance(known, InstanceType) else None

    def config_map(self, workspace: Workspace, name: str) -> Mapping[str, str] | None:
        """The data of a ConfigMap beside the workspace."""
        namespace = workspace.metadata.namespace or self.fleet.spec.default_namespace
        return self.config_maps.get((namespace, name))


def selector(workspace: Workspace) -> dict[str, str]:
    """The label selector as a plain map; what is no label says nothing here."""
    asked = workspace.resource.label_selector
    return asked.labels if asked else {}


def count(workspace: Workspace) -> int:
    """How many nodes are asked for; 1 where nothing is said."""
    return 1 if workspace.resource.count is None else workspace.resource.count
