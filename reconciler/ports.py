"""What the house asks of the world: a handful of narrow doors. Every method may raise a `Fault`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from .domain.cloud import AksStanding, Offering, Usage
from .domain.config import Entry, Parsed, Snapshot
from .domain.identity import Ref, WorkspaceName
from .domain.plan import Applied
from .domain.proposal import Offer, Proposal
from .domain.report import StatusCommit
from .domain.state import DesiredObject, DesiredPool, ObservedObject, ObservedPool


class Source(Protocol):
    """A config repository, looked at through one branch."""

    def tip(self) -> str:
        """The commit the branch points at: one exact-ref request, nothing fetched."""

    def snapshot(self, commit: str) -> Snapshot:
        """The tree of that commit, fetched if it is not here yet."""

    def read(self, entries: Iterable[Entry]) -> Mapping[str, bytes]:
        """Contents by blob id."""

    def descends(self, commit: str, ancestor: str) -> bool:
        """Whether `ancestor` is in the history of `commit`; False when it is not known."""


class Reader(Protocol):
    """Parses what others wrote, where it can be killed."""

    def parse(self, blobs: Mapping[str, bytes]) -> Mapping[str, Parsed]:
        """What each blob holds, or the Finding that says why it cannot be read."""


class StatusBook(Protocol):
    """The status branch."""

    def written(self) -> Mapping[str, str]:
        """Path to Git blob id, of the branch as it is at the remote."""

    def read(self, path: str) -> bytes | None:
        """What a path holds, None when there is no such file."""

    def commit(self, status: StatusCommit) -> str:
        """Write these files on top of what is there and push; the commit's id."""


class Proposals(Protocol):
    """Branches on which commits are offered for review."""

    @property
    def place(self) -> str:
        """The repository's address, without any credential."""

    def find(self, branch: str) -> Offer | None:
        """The tip of that branch as it is at the remote now; None where there is none."""

    def propose(self, proposal: Proposal) -> str:
        """Commit and push; the commit's id. `Conflict` where the branch is not as the proposal takes it to
        be, or the config branch has moved on from its base."""


class Cluster(Protocol):
    """A Kubernetes API server."""

    def objects(self) -> Mapping[Ref, ObservedObject]:
        """All objects that carry the fleet's label."""

    def pods(self) -> Mapping[WorkspaceName, tuple[ObservedObject, ...]]:
        """Pods of the fleet's workspaces."""

    def nodes(self) -> tuple[ObservedObject, ...]:
        """All nodes."""

    def shared(self) -> Mapping[Ref, ObservedObject]:
        """All namespaces and the definition of Workspaces, whoever made them."""

    def find(self, ref: Ref) -> ObservedObject | None:
        """One object, whoever owns it; None when it is not there."""

    def log(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """The last lines a container wrote; `Missing` where there is no such pod, `Refused` where it has not
        started."""

    def apply(self, desired: DesiredObject, *, force: bool = False) -> Applied:
        """Server-side apply as field manager `towline`; `Conflict` names other managers unless forced."""

    def overwrite(self, ref: Ref, fields: Mapping[str, object]) -> None:
        """Set these fields of an object, lists as a whole, whoever owns them: a merge patch."""

    def apply_status(self, ref: Ref, status: Mapping[str, object]) -> None:
        """Replace the status subresource of an object of ours."""

    def delete(self, ref: Ref, uid: str) -> None:
        """Delete that very object, in the background; `Missing` is not raised, it is what was wanted."""


class Cloud(Protocol):
    """The agent pools of one AKS cluster. Nothing here waits for Azure to finish."""

    def pools(self) -> Mapping[str, ObservedPool]:
        """Every agent pool of the cluster, from one complete paged list."""

    def standing(self) -> AksStanding:
        """The cluster's own power and provisioning state."""

    def offerings(self) -> Mapping[str, Offering]:
        """The VM sizes of the region as this subscription may have them, by lower-case name."""

    def usages(self) -> Mapping[str, Usage]:
        """The vCPU quotas of the region, by `quota_name`."""

    def ensure(self, pool: DesiredPool, *, etag: str = "") -> str:
        """Begin to create the pool, or to make it so; the correlation id of what has begun."""

    def remove(self, name: str, *, ignore_disruption_budgets: bool = False) -> str:
        """Begin to delete the pool, drained within its pods' disruption budgets; the correlation id, empty
        where it is gone already."""

    def abort(self, name: str) -> str:
        """Begin to stop what Azure is doing with the pool; the correlation id."""
