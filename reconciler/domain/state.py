"""Everything asked for, and everything seen once."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import from_json

from .cloud import ANY_WAY, UNSEEN, AksStanding, CloudError, Market, Option
from .finding import Finding
from .identity import Ref, WorkspaceName
from .telemetry import Telemetry

FIELD_MANAGER = "towline"
MANAGED_BY = "app.kubernetes.io/managed-by"
FLEET = "towline.dev/fleet"
WORKSPACE = "kaito.sh/workspace"
WORKSPACE_NAMESPACE = "kaito.sh/workspacenamespace"
DIGEST = "towline.dev/digest"
CRD = "CustomResourceDefinition"


@dataclass(frozen=True, slots=True)
class DesiredObject:
    """A Kubernetes object to be so. `body` is its canonical JSON without our annotation, `packed`;
    `digest` is the sha256 of that JSON.
    """

    ref: Ref
    workspace: WorkspaceName | None
    body: bytes
    digest: str

    @property
    def document(self) -> dict[str, Any]:
        """The body decoded, a fresh value each time."""
        value: dict[str, Any] = from_json(zlib.decompress(self.body))
        return value


@dataclass(frozen=True, slots=True)
class DesiredPool:
    """An AKS agent pool to be so. `body` is the canonical JSON of the REST resource."""

    name: str
    workspace: WorkspaceName
    instance_type: str
    count: int
    body: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars an hour for the nodes of one workspace; None when no public price is known. `at_most` says that
    it is a bound: spot machines cost less, by how much is not published in advance."""

    dollars_per_hour: float | None
    price_date: str
    price_region: str
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class DesiredWorkspace:
    """A workspace with nothing left to choose, and all it asks of the world.

    `option` is the way its nodes are had here; `alternatives` are the same workspace with the other ways its
    owner accepts, in the order of preference, each without alternatives of its own.
    """

    name: WorkspaceName
    file: str
    digest: str
    model: str
    tuning: bool
    instance_type: str
    nodes: int
    gpus_per_node: int
    cost: Cost
    objects: tuple[DesiredObject, ...]
    pool: DesiredPool | None
    because: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    option: Option = ANY_WAY
    alternatives: tuple[DesiredWorkspace, ...] = ()


@dataclass(frozen=True, slots=True)
class DesiredState:
    """Everything asked for. `held` are declared workspaces whose errors keep them as they are."""

    workspaces: Mapping[WorkspaceName, DesiredWorkspace]
    held: Mapping[WorkspaceName, tuple[Finding, ...]]
    objects: tuple[DesiredObject, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedObject:
    """A Kubernetes object as seen: what the plan compares, and the body for the rest.

    `body` is its JSON without managedFields, `packed`. `digest` is our bookkeeping annotation, empty when
    absent.
    """

    ref: Ref
    uid: str
    generation: int
    resource_version: str
    body: bytes
    digest: str = ""
    workspace: WorkspaceName | None = None
    deleting: bool = False

    @property
    def document(self) -> dict[str, Any]:
        """The body decoded, a fresh value each time."""
        value: dict[str, Any] = from_json(zlib.decompress(self.body))
        return value


@dataclass(frozen=True, slots=True)
class ObservedPool:
    """An AKS agent pool as seen. `state` is provisioningState; `error` its provisioningError, if any;
    `created` the moment in its tags, empty where it has none. `is_tagged` is False where only its node labels
    say whose it is: somebody replaced its tags, and it is not removed then."""

    name: str
    instance_type: str
    count: int
    state: str
    properties: Mapping[str, Any]
    etag: str = ""
    error: CloudError | None = None
    owner: WorkspaceName | None = None
    fleet: str = ""
    created: str = ""
    is_tagged: bool = True


@dataclass(frozen=True, slots=True)
class ObservedState:
    """Everything seen, once.

    `objects` are those that carry the fleet's label, `shared` the namespaces and the definition of
    Workspaces, `pods` and `nodes` what they run on. `pools` is None when the cloud could not be seen, `aks`
    where there is no cloud or it did not say; `market` is what may be had, looked at only where something
    is to be made; `telemetry` what containers say of themselves, `expecting` from whom a benchmark or a
    tuning's end is still to come, `complaints` why no pods are made of some workloads. `blind` says which
    part of the world could not be seen, in a sentence each; `unseen` are kinds, as (apiVersion, kind), of
    whose objects nothing is known, each with the reason.
    """

    objects: Mapping[Ref, ObservedObject]
    pods: Mapping[WorkspaceName, tuple[ObservedObject, ...]]
    nodes: tuple[ObservedObject, ...]
    pools: Mapping[str, ObservedPool] | None
    blind: tuple[str, ...] = ()
    shared: Mapping[Ref, ObservedObject] = field(default_factory=dict)
    aks: AksStanding | None = None
    market: Market = UNSEEN
    telemetry: Mapping[WorkspaceName, Telemetry] = field(default_factory=dict)
    expecting: frozenset[WorkspaceName] = frozenset()
    complaints: Mapping[WorkspaceName, str] = field(default_factory=dict)
    unseen: Mapping[tuple[str, str], str] = field(default_factory=dict)

    @property
    def foreign_crd(self) -> bool:
        """Whether another controller owns the definition of Workspaces."""
        crd = next((each for ref, each in self.shared.items() if ref.kind == CRD), None)
        return crd is not None and not is_ours(crd)


def is_ours(live: ObservedObject) -> bool:
    """Whether Towline made it, for whichever fleet."""
    labels = live.document["metadata"].get("labels") or {}
    return bool(labels.get(MANAGED_BY) == FIELD_MANAGER)


def packed(text: bytes) -> bytes:
    """Less than half as many bytes: of what is asked for and seen, most is looked at once, and a large fleet
    keeps 100,000 of these."""
    return zlib.compress(text, 1)
