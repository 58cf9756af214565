"""A report in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reconciler.domain.finding import Severity
from reconciler.domain.provisioning import Kind, Move, NodeChoice
from reconciler.domain.report import Phase, Report, WorkspaceReport

MOST_NAMED = 1000
_PARKED = "parked"
_STANDING = frozenset({Phase.READY, Phase.SUCCEEDED})
_KEPT_BACK = frozenset({Phase.INVALID, Phase.HELD})

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric: its name, what it tells, the names of its labels, and a value for each of their values."""

    name: str
    about: str
    labels: tuple[str, ...]
    samples: tuple[Sample, ...]


def fleet_figures(report: Report) -> Iterator[Figure]:
    """Everything of a report that can be counted."""
    reports = tuple(report.workspaces.values())
    asking = tuple(each for each in reports if each.nodes_ready or each.phase not in _KEPT_BACK)
    yield _each("workspaces", "Workspaces by phase.", "phase", Phase, (each.phase for each in reports))
    yield _ready(reports)
    yield from _nodes(asking)
    yield from _costs(asking)
    yield from _attempts([each.choice for each in reports if each.choice is not None])
    yield from _orphans(report)
    found = set(report.findings).union(*(each.findings for each in reports))
    severities = (each.severity for each in found)
    yield _each("findings", "Mistakes in the config repository.", "severity", Severity, severities)
    yield _one("problems", "Problems of the last pass that came through.", len(report.problems))
    awaiting = bool(report.awaiting_approval)
    yield _one("awaiting_approval", "1 while removals wait for a person's approval.", awaiting)


def _ready(reports: tuple[WorkspaceReport, ...]) -> Figure:
    named = sorted(reports, key=lambda each: each.name)[:MOST_NAMED]
    samples = (((each.name.namespace, each.name.name), float(each.phase in _STANDING)) for each in named)
    about = f"1 where a model serves or a tuning succeeded; the first {MOST_NAMED:,} workspaces by name."
    return Figure("towline_workspace_ready", about, ("namespace", "name"), tuple(samples))


def _nodes(asking: tuple[WorkspaceReport, ...]) -> Iterator[Figure]:
    wanted = sum(each.nodes_wanted for each in asking)
    ready = sum(len(each.nodes_ready) for each in asking)
    yield _one("nodes_wanted", "Nodes that workspaces ask for.", wanted)
    yield _one("nodes_ready", "Nodes of workspaces that are ready.", ready)
    wanted = sum(each.nodes_wanted * each.gpus_per_node for each in asking)
    ready = sum(len(each.nodes_ready) * each.gpus_per_node for each in asking)
    yield _one("gpus_wanted", "GPUs of the nodes that workspaces ask for.", wanted)
    yield _one("gpus_ready", "GPUs of the nodes of workspaces that are ready.", ready)


def _costs(asking: tuple[WorkspaceReport, ...]) -> Iterator[Figure]:
    prices = [each.cost.dollars_per_hour for each in asking]
    known = sum(price for price in prices if price is not None)
    yield _one("dollars_per_hour", "Known price of the nodes that workspaces ask for.", known)
    yield _one("workspaces_of_unknown_price", "Workspaces left out of that price.", prices.count(None))


def _attempts(choices: list[NodeChoice]) -> Iterator[Figure]:
    moves = (_PARKED if each.needs_a_person else each.move for each in choices)
    about = "Workspaces with an agent pool by what is done about it; parked ones need a person."
    yield _each("attempts", about, "move", (*Move, _PARKED), moves)
    kinds = (each.setback.kind for each in choices if each.setback is not None)
    yield _each("setbacks", "Workspaces to whom Azure said no, by what it asks for.", "kind", Kind, kinds)


def _orphans(report: Report) -> Iterator[Figure]:
    prices = [each.dollars_per_hour for each in report.orphans]
    yield _one("orphans", "Agent pools of the fleet that no workspace asks for.", len(prices))
    known = sum(price for price in prices if price is not None)
    yield _one("orphans_dollars_per_hour", "Known price of those agent pools.", known)


def _each(name: str, about: str, label: str, values: Iterable[str], found: Iterable[str]) -> Figure:
    """How many there are of each value; those there are none of are told as 0."""
    counted = Counter(map(str, found))
    samples = (((value,), float(counted[value])) for value in map(str, values))
    return Figure(f"towline_{name}", about, (label,), tuple(samples))


def _one(name: str, about: str, value: float) -> Figure:
    return Figure(f"towline_{name}", about, (), (((), float(value)),))
