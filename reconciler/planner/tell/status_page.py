"""The status branch's README.md: the fleet at a glance, as a forge shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.domain.telemetry import SILENCE

from .badge import badge_message
from .branch_paths import badge_path, status_path
from .markdown import code, escape, image, link_image
from .status_measured import benchmark_lines, tuning_lines
from .status_nodes import HOURS_PER_MONTH, UNKNOWN
from .status_orphans import orphan_lines

MOST_ROWS = 300  # a forge stops rendering a README of more than 512 KiB
_MOST_FINDINGS = 100
_MOST_OF_A_FILE = 10
_WELL = frozenset({Phase.READY, Phase.SUCCEEDED, Phase.RUNNING})
_HEAD = (
    "| Workspace | Model | Nodes | $/hour | Says |",
    "|---|---|---|---:|---|",
)


def status_page(report: Report, rows: Iterable[str], names: Mapping[WorkspaceName, str]) -> bytes:
    """The whole page; `rows` are the table's lines, at most `MOST_ROWS`, `names` what each is called."""
    heard = [each for each in report.workspaces.values() if each.telemetry is not SILENCE]
    lines = [
        *_opening(report),
        *_approval(report),
        *_table(report, list(rows)),
        *_section("Tunings", tuning_lines(heard, names)),
        *_section("Benchmarks", benchmark_lines(heard, names)),
        *_section("Nodes nobody asks for", orphan_lines(report.orphans)),
        *_section("Problems", (f"- {escape(each)}" for each in report.problems)),
        *_section("Findings", _findings(report)),
        *_prices(report),
    ]
    return ("\n".join(lines) + "\n").encode()


def row(report: WorkspaceReport, shown: str) -> str:
    """A workspace's line of the table; its badge leads to its status file."""
    nodes = f"{len(report.nodes_ready)}/{report.nodes_wanted}"
    type_ = f" × {escape(report.instance_type)}" if report.instance_type else ""
    cells = (
        link_image(
            image(f"{shown}: {badge_message(report)}", badge_path(report.name)), status_path(report.name)
        ),
        escape(report.model),
        nodes + type_,
        _hourly(report.cost),
        escape(_says(report)),
    )
    return f"| {' | '.join(cells)} |"


def _says(report: WorkspaceReport) -> str:
    """The message, without the machines that the column before it names."""
    machines = f" on {report.nodes_wanted}× {report.instance_type}"
    return report.message.replace(machines, "", 1) if report.instance_type else report.message


def in_need_first(reports: Iterable[WorkspaceReport]) -> list[WorkspaceReport]:
    """Those who would not all fit the table: what is not well comes first, then by name."""
    return sorted(reports, key=lambda each: (each.phase in _WELL, each.name.namespace, each.name.name))


def dollars(amount: float | None) -> str:
    """Dollars and cents, or `unknown`."""
    return UNKNOWN if amount is None else f"${amount:,.2f}"


def totals(report: Report) -> str:
    """The sentence under the title."""
    workspaces = report.workspaces.values()
    if not workspaces:
        return "No workspaces"
    well = sum(each.phase in (Phase.READY, Phase.SUCCEEDED) for each in workspaces)
    ready = sum(len(each.nodes_ready) for each in workspaces)
    wanted = sum(each.nodes_wanted for each in _asking(report))
    counts = f"{well} of {len(report.workspaces)} ready · {ready} of {wanted} nodes"
    return f"{counts} · {_total_cost(report)}{_so_far(report)}"


def _total_cost(report: Report) -> str:
    """Dollars of every workspace that asks for nodes; those without a known price are said to be left out."""
    costs = [each.cost for each in _asking(report)]
    total = sum(each.dollars_per_hour or 0.0 for each in costs)
    unknown = sum(each.dollars_per_hour is None for each in costs)
    apart = f", and {unknown} of unknown price" if unknown else ""
    at_most = "at most " if any(each.at_most for each in costs) else ""
    return f"{at_most}{dollars(total)} an hour ({dollars(total * HOURS_PER_MONTH)} a month){apart}"


def _so_far(report: Report) -> str:
    """What all nodes have cost that are told of here, those that nobody asks for included."""
    every = (
        *(each.spending for each in report.workspaces.values() if each.spending),
        *(each.spending for each in report.orphans),
    )
    total = sum(each.dollars or 0.0 for each in every)
    return f" · {dollars(total)} so far" if total else ""


def _asking(report: Report) -> list[WorkspaceReport]:
    """Those that have nodes or are to have them; what is invalid, or held before it has any, has none."""
    kept_back = (Phase.INVALID, Phase.HELD)
    return [each for each in report.workspaces.values() if each.nodes_ready or each.phase not in kept_back]


def _hourly(cost: Cost) -> str:
    bound = "≤ " if cost.at_most and cost.dollars_per_hour is not None else ""
    return bound + dollars(cost.dollars_per_hour)


def _opening(report: Report) -> Iterator[str]:
    yield f"# {escape(report.fleet)}"
    yield ""
    yield image(report.fleet, "badges/fleet.svg")
    yield ""
    yield f"{escape(totals(report))}."
    yield ""
    subject = f": {escape(report.subject, 120)}" if report.subject else ""
    yield f"As of commit {code(report.commit[:12])}{subject}"
    yield ""


def _approval(report: Report) -> Iterator[str]:
    if report.awaiting_approval:
        yield (
            f"> **Removals wait for approval.** To let them happen, add {code(report.awaiting_approval)} "
            "to `spec.approved` in `towline.yaml`."
        )
        yield ""


def _table(report: Report, rows: list[str]) -> Iterator[str]:
    if not rows:
        return
    yield from (*_HEAD, *rows, "")
    if len(rows) < len(report.workspaces):
        more = len(report.workspaces) - len(rows)
        yield f"And {more} more, each with a file under [status](status)."
        yield ""


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    found = list(lines)
    if found:
        yield from (f"## {title}", "", *found, "")


def _findings(report: Report) -> Iterator[str]:
    """Those of no workspace first, then each workspace's, once each; of no file so many that another's would
    not be seen."""
    every = dict.fromkeys(report.findings)
    for each in report.workspaces.values():
        if each.findings:
            every.update(dict.fromkeys(each.findings))
    shown = list(_few_of_each_file(every))[:_MOST_FINDINGS]
    yield from map(_finding, shown)
    if len(shown) < len(every):
        yield f"- and {len(every) - len(shown)} more"


def _few_of_each_file(findings: Iterable[Finding]) -> Iterator[Finding]:
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.file] += 1
        if seen[finding.file] <= _MOST_OF_A_FILE:
            yield finding


def _finding(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}" if finding.line else finding.file
    field = f" {code(finding.field)}" if finding.field else ""
    mend = f" *{escape(_ended(finding.mend))}*" if finding.mend else ""
    return f"- **{finding.severity}** {code(place)}{field}: {escape(_ended(finding.message))}{mend}"


def _ended(sentence: str) -> str:
    return sentence if sentence.endswith((".", "…", "!", "?")) else f"{sentence}."


def _prices(report: Report) -> Iterator[str]:
    """Where the figures come from: the newest price list among the workspaces, and their regions."""
    priced = [each.cost for each in report.workspaces.values() if each.cost.price_date]
    if priced:
        newest = max(cost.price_date for cost in priced)
        regions = sorted({cost.price_region for cost in priced if cost.price_region})
        where = f" in {escape(' and '.join(regions))}" if regions else ""
        dated = f"Pay-as-you-go prices of {escape(newest)}{where}"
        yield f"{dated}; a month is {HOURS_PER_MONTH} hours."
