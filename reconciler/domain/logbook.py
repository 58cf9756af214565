"""What must outlive a pass about nodes: what was tried, what was refused, and what was spent.

It lies in the cluster beside the inventory. Losing it costs an attempt or two and the count of dollars, never
a node.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .cloud import CapacityType, CloudError, Option
from .identity import WorkspaceName
from .provisioning import Scope


@dataclass(frozen=True, slots=True)
class Attempt:
    """What was tried to have one agent pool, since its workspace was last changed.

    `digest` is the workspace's then: another one begins a new count. `tries` are requests to make or mend the
    pool, `recreations` how often it was taken away to be made anew, `failures` those in a row since the last
    success. Moments are RFC 3339 and empty where it has not come to that: `begun` the last request, `stood`
    when the pool was first seen Succeeded, `joined` when its nodes were first all Ready, `equipped` when they
    first had their GPUs, `failed` the last failure, `again` before which it is not tried again. `asked` is
    the action that was about to be done, until it is known what came of it. `nodes` is how many machines were
    asked for, `lost` since when fewer of them are there than had joined; `parked` why it was given up and
    its machines given back, empty while it was not.
    """

    workspace: WorkspaceName
    option: Option
    digest: str
    begun: str = ""
    tries: int = 0
    recreations: int = 0
    failures: int = 0
    stood: str = ""
    joined: str = ""
    equipped: str = ""
    failed: str = ""
    again: str = ""
    error: CloudError | None = None
    correlation: str = ""
    aborted: str = ""
    managed_disk: bool = False
    asked: str = ""
    nodes: int = 0
    parked: str = ""
    lost: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something Azure would not give, not asked for again before `until`. Of a quota that was too small for
    so many `vcpus`, less may still be had; 0 where it is not known how many it was.

    `subject` is the VM size, the quota family, or empty for all spot or the whole region; `zone` and
    `capacity_type` narrow it. `code` is Azure's word for it; `seconds` how long it was closed for: met
    again, it is closed for longer.
    """

    scope: Scope
    subject: str
    capacity_type: CapacityType
    zone: str
    until: str
    code: str
    sentence: str
    seconds: float = 0.0
    vcpus: int = 0


@dataclass(frozen=True, slots=True)
class Meter:
    """Machines that cost: so many of a size from `since` on, at `dollars_per_hour` for all of them together,
    None where no price is known; `at_most` where that is a bound, as of spot machines. A pool that is empty
    or stopped has none of them and costs nothing."""

    workspace: WorkspaceName
    instance_type: str
    count: int
    dollars_per_hour: float | None
    since: str
    at_most: bool = False


@dataclass(frozen=True, slots=True)
class Account:
    """What a workspace's former machines have cost, in dollars, since when and up to when; `is_partial` where
    some had no known price, `at_most` where some had but a bound of it. `by_day` is how much of it there was
    at the beginning of the day of `until`."""

    dollars: float
    since: str
    is_partial: bool = False
    until: str = ""
    at_most: bool = False
    by_day: float = 0.0


@dataclass(frozen=True, slots=True)
class Logbook:
    """Attempts and meters by the name of the agent pool, accounts by workspace; orphans by the name of the
    pool with the moment they were first seen, and pools of workspaces that were removed from Git with the
    moment since when Azure has been about it."""

    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    refusals: tuple[Refusal, ...] = ()
    meters: Mapping[str, Meter] = field(default_factory=dict)
    accounts: Mapping[WorkspaceName, Account] = field(default_factory=dict)
    orphans: Mapping[str, str] = field(default_factory=dict)
    leaving: Mapping[str, str] = field(default_factory=dict)
