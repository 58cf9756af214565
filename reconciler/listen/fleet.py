"""A report in figures of ours."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping

from reconciler.domain.finding import Severity
from reconciler.domain.provisioning import Kind, Move, NodeChoice
from reconciler.domain.report import Phase, Report, WorkspaceReport

from .figure import Figure

MOST_NAMED = 1000
"""Workspaces that are named by metrics."""
MOST_NAMESPACES = 100
_OTHERS = "(others)"
_PARKED = "parked"
_STANDING = frozenset({Phase.READY, Phase.SUCCEEDED})
_KEPT_BACK = frozenset({Phase.INVALID, Phase.HELD})

Reports = tuple[WorkspaceReport, ...]
Groups = Mapping[str, Reports]


def fleet_figures(report: Report) -> Iterator[Figure]:
    """Everything of a report that can be counted. Every figure carries the fleet's name."""
    return (each.of_fleet(report.fleet) for each in _figures(report))


def named_reports(report: Report) -> Reports:
    """The workspaces that are named: the first by name."""
    return tuple(sorted(report.workspaces.values(), key=lambda each: each.name)[:MOST_NAMED])


def _figures(report: Report) -> Iterator[Figure]:
    reports = tuple(report.workspaces.values())
    groups = _by_namespace(reports)
    asking = {name: tuple(filter(_asks, group)) for name, group in groups.items()}
    yield _phases(groups)
    yield _ready(named_reports(report))
    yield from _nodes(asking)
    yield from _costs(groups, asking)
    yield from _attempts([each.choice for each in reports if _asks(each) and each.choice is not None])
    yield from _orphans(report)
    found = set(report.findings).union(*(each.findings for each in reports))
    severities = (each.severity for each in found)
    yield _each("findings", "Mistakes in the config repository.", "severity", Severity, severities)
    yield _one("problems", "Problems of the last pass that came through.", len(report.problems))
    awaiting = bool(report.awaiting_approval)
    yield _one("awaiting_approval", "1 while removals wait for a person's approval.", awaiting)


def _by_namespace(reports: Reports) -> Groups:
    groups: dict[str, list[WorkspaceReport]] = defaultdict(list)
    named = set(sorted({each.name.namespace for each in reports})[:MOST_NAMESPACES])
    for each in reports:
        groups[each.name.namespace if each.name.namespace in named else _OTHERS].append(each)
    return {name: tuple(groups[name]) for name in sorted(groups)}


def _asks(report: WorkspaceReport) -> bool:
    """Whether it has nodes or is to have some."""
    return bool(report.nodes_ready) or report.phase not in _KEPT_BACK


def _phases(groups: Groups) -> Figure:
    counted = {name: Counter(each.phase for each in group) for name, group in groups.items()}
    pairs = ((namespace, phase) for namespace in groups for phase in Phase)
    samples = (((namespace, str(phase)), float(counted[namespace][phase])) for namespace, phase in pairs)
    return Figure("towline_workspaces", "Workspaces by phase.", ("namespace", "phase"), tuple(samples))


def _ready(named: Reports) -> Figure:
    samples = (((each.name.namespace, each.name.name), float(each.phase in _STANDING)) for each in named)
    about = f"1 where a model serves or a tuning succeeded; the first {MOST_NAMED:,} workspaces by name."
    return Figure("towline_workspace_ready", about, ("namespace", "name"), tuple(samples))


def _nodes(asking: Groups) -> Iterator[Figure]:
    yield _sums("nodes_wanted", "Nodes that workspaces ask for.", asking, _wanted)
    yield _sums("nodes_ready", "Nodes of workspaces that are ready.", asking, _come)
    told = "GPUs of the nodes that workspaces ask for."
    yield _sums("gpus_wanted", told, asking, lambda each: _wanted(each) * each.gpus_per_node)
    told = "GPUs of the nodes of workspaces that are ready."
    yield _sums("gpus_ready", told, asking, lambda each: _come(each) * each.gpus_per_node)


def _wanted(report: WorkspaceReport) -> int:
    return report.nodes_wanted


def _come(report: WorkspaceReport) -> int:
    return len(report.nodes_ready)


def _costs(groups: Groups, asking: Groups) -> Iterator[Figure]:
    yield _sums(
        "dollars_per_hour",
        "Known price of the nodes that workspaces ask for.",
        asking,
        lambda each: each.cost.dollars_per_hour or 0.0,
    )
    yield _sums(
        "workspaces_of_unknown_price",
        "Workspaces left out of that price.",
        asking,
        lambda each: each.cost.dollars_per_hour is None,
    )
    yield _sums(
        "dollars_spent",
        "What the nodes of the workspaces there are have cost so far, as far as it is known.",
        groups,
        lambda each: (each.spending.dollars or 0.0) if each.spending else 0.0,
    )


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


def _sums(name: str, about: str, groups: Groups, value: Callable[[WorkspaceReport], float]) -> Figure:
    """What it comes to in each namespace."""
    samples = (((namespace,), float(sum(map(value, group)))) for namespace, group in groups.items())
    return Figure(f"towline_{name}", about, ("namespace",), tuple(samples))


def _each(name: str, about: str, label: str, values: Iterable[str], found: Iterable[str]) -> Figure:
    """How many there are of each value; those there are none of are told as 0."""
    counted = Counter(map(str, found))
    samples = (((value,), float(counted[value])) for value in map(str, values))
    return Figure(f"towline_{name}", about, (label,), tuple(samples))


def _one(name: str, about: str, value: float) -> Figure:
    return Figure(f"towline_{name}", about, (), (((), float(value)),))
