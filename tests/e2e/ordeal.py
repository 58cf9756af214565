"""Many workspaces under one daemon, a trouble each: what was told and left, and what came right after it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.domain.cloud import CapacityType, Option
from reconciler.domain.workspace import TRY
from reconciler.sandbox.requests import Asked
from tests.gitserver import until

from .stage import Stage, fleet, pool_of, staged, workspace
from .typed import Daemon

A100 = "Standard_NC24ads_A100_v4"
UNTROUBLED = "stays"
ANY_A100 = Option(A100)
Told = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A trouble, what the status file says of it, and how it is left.

    `says` are telling words of its message, `left` the state of its pool, empty where it has none; `person`
    is whether somebody must do something, `removals` how often the pool is taken away at most. `mends` is
    how it comes right when the trouble is over: `itself`, `commit` after another commit, `no` not in time.
    """

    trouble: str
    says: tuple[str, ...]
    code: str = ""
    left: str = ""
    person: bool = False
    removals: int = 0
    mends: str = "itself"
    phase: str = "Pending"
    option: Option = ANY_A100
    at: str = ""

    @property
    def name(self) -> str:
        """Its workspace."""
        zone = f"-zone{self.option.zone}" if self.option.zone else ""
        return f"{self.trouble}{zone}"

    @property
    def pool(self) -> str:
        """Its agent pool."""
        return pool_of(self.name, self.option)

    def file(self, **more: str) -> str:
        """Its manifest."""
        notes = {"kaito.sh/bypass-resource-checks": "true", **more}
        if self.option.zone:
            notes["towline.dev/zones"] = self.option.zone
        if self.option.capacity_type is CapacityType.SPOT:
            notes["towline.dev/capacity-type"] = "spot"
        return workspace(self.name, size=self.option.instance_type, notes=notes)

    def is_told(self, told: Told) -> bool:
        """Whether the status file says what it should."""
        provisioning = told.get("provisioning") or {}
        said = all(words in str(told.get("message")) for words in self.says)
        is_so = provisioning.get("code", "") == self.code and told.get("phase") == self.phase
        return said and is_so and provisioning.get("needsAPerson", False) == self.person


@dataclass(slots=True)
class Record:
    """What was seen of an ordeal. `told` is by workspace when it first said what it should, else what it said
    last; `left` the states of the pools by workspace at that moment; `after` the phases at the end; `most`
    how many pools a workspace had at once; `ready` the length of the log when it was first told to be Ready;
    `quiet` what was written and committed while nothing was to be done."""

    told: dict[str, Told] = field(default_factory=dict)
    left: dict[str, tuple[str, ...]] = field(default_factory=dict)
    after: dict[str, str] = field(default_factory=dict)
    most: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    ready: dict[str, int] = field(default_factory=dict)
    untroubled: set[str] = field(default_factory=set)
    quiet: tuple[list[str], list[str]] = ([], [])
    nobodys: tuple[str, ...] = ()
    page: str = ""
    log: tuple[Asked, ...] = ()
    said: str = ""

    def asked(self, case: Case, *methods: str) -> list[Asked]:
        """What Towline asked of a case's pool."""
        mine = (each for each in self.log if each.api == "arm" and case.pool in each.path)
        return [each for each in mine if each.method in methods]


@dataclass(slots=True)
class Ordeal:
    """A stage with its cases, watched."""

    stage: Stage
    daemon: Daemon
    cases: Sequence[Case]
    seen: Record = field(default_factory=Record)
    _tip: str = ""
    _told: Mapping[str, Told] = field(default_factory=dict)

    def strike(self) -> None:
        """Ask for every trouble, then for every workspace, and wait until all is told."""
        self.stage.sandbox.ask(*(f"{each.trouble}@{each.at or each.pool}" for each in self.cases))
        self.stage.person.push({f"workspaces/{each.name}.yaml": each.file() for each in self.cases})
        until(lambda: sum(map(self._note, self._looked())) == len(self.cases), 60)
        for each in self.cases:
            self.seen.told.setdefault(each.name, dict(self._told.get(each.name, {})))
        self.seen.page = self.stage.person.page()

    def relent(self) -> None:
        """Take all troubles back, have people commit where that is needed, and wait until all is well."""
        self.stage.sandbox.ask("none")
        stuck = [each for each in self.cases if each.mends == "commit"]
        if stuck:
            files = {f"workspaces/{each.name}.yaml": each.file(**{TRY: "2"}) for each in stuck}
            self.stage.person.push(files, "Have them tried anew")
        mending = [each.name for each in self.cases if each.mends != "no"]
        until(lambda: self._looked() and all(self._phase(name) == "Ready" for name in mending), 80)
        self.seen.after = {each.name: self._phase(each.name) for each in self.cases}

    def keep_quiet(self) -> None:
        """Note what three passes and more write that have nothing to do."""
        before, commits = len(self.stage.outlook.writes()), len(self.stage.person.status_commits())
        looks = self._looks()
        until(lambda: self._looks() >= looks + 4, 60)
        writes = [f"{each.method} {each.path}" for each in self.stage.outlook.writes()[before:]]
        messages = self.stage.person.status_commits()
        self.seen.quiet = (writes, messages[: len(messages) - commits])

    def close(self) -> Record:
        """All that was seen."""
        owned = {UNTROUBLED, *(each.name for each in self.cases)}
        pools = self.stage.outlook.pools()
        self.seen.nobodys = tuple(each["name"] for each in pools if _owner(each) not in owned)
        self.seen.log = tuple(self.stage.sandbox.requests)
        self.seen.said = self.daemon.said
        return self.seen

    def _looked(self) -> Sequence[Case]:
        """The cases, once what is told and the pools were looked at anew."""
        if (tip := self.stage.person.remote("for-each-ref", "refs/heads/towline")) != self._tip:
            self._tip, self._told = tip, self.stage.person.everything_told()
            length = len(self.stage.sandbox.requests)
            for name, told in self._told.items():
                if told.get("phase") == "Ready":
                    self.seen.ready.setdefault(name, length)
            self.seen.untroubled.add(self._phase(UNTROUBLED))
        owners = [owner for _, owner in {(each["name"], _owner(each)) for each in self.stage.outlook.pools()}]
        for name in owners:
            self.seen.most[name] = max(self.seen.most[name], owners.count(name))
        return self.cases

    def _note(self, case: Case) -> bool:
        """Whether it was ever told and left as it should be."""
        if case.name not in self.seen.told and case.is_told(self._told.get(case.name, {})):
            pools = [each for each in self.stage.outlook.pools() if _owner(each) == case.name]
            states = tuple(each["properties"]["provisioningState"] for each in pools)
            if states == ((case.left,) if case.left else ()):
                self.seen.left[case.name], self.seen.told[case.name] = states, self._told[case.name]
        return case.name in self.seen.told

    def _phase(self, name: str) -> str:
        return str(self._told.get(name, {}).get("phase", ""))

    def _looks(self) -> int:
        return sum(
            each.method == "GET" and each.path.endswith("/agentPools") and each.agent != "somebody-else"
            for each in self.stage.sandbox.requests
        )


def undergo(
    folder: Path,
    cases: Sequence[Case],
    more: str = "",
    *,
    quiet_in_trouble: bool = False,
) -> Record:
    """Have them all suffer at once beside a workspace that has no trouble, and relieve them."""
    with staged(folder) as stage:
        stage.person.push({"towline.yaml": fleet(more), "workspaces/stays.yaml": workspace(UNTROUBLED)})
        with stage.daemon("--poll", "0.5") as daemon:
            stage.becomes_phase(UNTROUBLED, "Ready", daemon)
            ordeal = Ordeal(stage, daemon, cases)
            ordeal.strike()
            if quiet_in_trouble:
                ordeal.keep_quiet()
            ordeal.relent()
            if not quiet_in_trouble:
                ordeal.keep_quiet()
            return ordeal.close()


def _owner(pool: Mapping[str, Any]) -> str:
    return str((pool["properties"].get("tags") or {}).get("towline-workspace", ""))
