"""What the house asks of the world: a handful of narrow doors. Every method may raise a `Fault`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from .domain.cloud import AksStanding, Offering, Usage
from .domain.config import Entry, Parsed, Snapshot
from .domain.event import Event
from .domain.identity import Ref, WorkspaceName
from .domain.lease import Lease
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

    def refresh(self) -> None:
        """Look at the remote's branch again: others write there, too."""

    def contents(self, paths: Iterable[str]) -> Mapping[str, bytes]:
        """What those of these paths hold that are there, by path."""

    def commit(self, status: StatusCommit) -> str:
        """Write these files on top of what is there and push; the commit's id."""

    def commit_after_own(self, status: StatusCommit) -> str:
        """The same, unless somebody has written there since we did: then nothing, and empty. Nobody is asked
        whether we may."""


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

    def unseen(self) -> Mapping[tuple[str, str], str]:
        """Kinds, as (apiVersion, kind), of which the last look could see nothing, each with the reason. Of
        their objects nothing is known: not that they are gone either."""

    def find(self, ref: Ref) -> ObservedObject | None:
        """One object, whoever owns it; None when it is not there."""

    def present(self, refs: Iterable[Ref]) -> Mapping[Ref, ObservedObject]:
        """Those of these objects that are there, whoever owns them, asked for now with as few requests as it
        takes."""

    def owners(self, ref: Ref, fields: Iterable[str]) -> tuple[str, ...]:
        """The field managers, other than us, of any of these fields of an object as it is now."""

    def log(self, namespace: str, pod: str, container: str, lines: int) -> str:
        """The last lines a container wrote; `Missing` where there is no such pod, `Refused` where it has not
        started."""

    def complaint(self, ref: Ref, uid: str) -> str:
        """Why the controller of that very object could last make no pod of it, in its own words; empty where
        it says nothing."""

    def apply(self, desired: DesiredObject, *, force: bool = False) -> Applied:
        """Server-side apply as field manager `towline`; `Conflict` names other managers unless forced."""

    def overwrite(self, ref: Ref, fields: Mapping[str, object]) -> None:
        """Set these fields of an object, lists as a whole, whoever owns them: a merge patch."""

    def apply_status(self, ref: Ref, status: Mapping[str, object]) -> None:
        """Replace the status subresource of an object of ours."""

    def delete(self, ref: Ref, uid: str) -> None:
        """Delete that very object, in the background; `Missing` is not raised, it is what was wanted."""

    def tell(self, event: Event) -> None:
        """Tell what happened to an object as a Kubernetes Event; told again, it counts once more."""


class Leases(Protocol):
    """The Leases of one namespace."""

    def lease(self, name: str) -> Lease | None:
        """As it is now; None where there is none."""

    def write(self, lease: Lease) -> Lease:
        """Create or change it, as it was read; `Conflict` where somebody else wrote in between."""


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
