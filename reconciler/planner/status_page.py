"""The status branch's README.md: the fleet at a glance, as a forge shows it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..domain.finding import Finding
from ..domain.report import Phase, Report, WorkspaceReport
from .markdown import code, escape, image, link_image
from .status_file import HOURS_PER_MONTH, UNKNOWN

MOST_ROWS = 300  # a forge stops rendering a README of more than 512 KiB
_MOST_FINDINGS = 100
_WELL = frozenset({Phase.READY, Phase.SUCCEEDED, Phase.RUNNING})
_HEAD = (
    "| Workspace | Model | Nodes | $/hour | Says |",
    "|---|---|---|---:|---|",
)


def status_page(report: Report, rows: Iterable[str]) -> bytes:
    """The whole page; `rows` are the table's lines, at most `MOST_ROWS`."""
    lines = [
        *_opening(report),
        *_approval(report),
        *_table(report, list(rows)),
        *_section("Problems", (f"- {escape(each)}" for each in report.problems)),
        *_section("Findings", _findings(report)),
        *_prices(report),
    ]
    return ("\n".join(lines) + "\n").encode()


def row(report: WorkspaceReport, shown: str, badge: str, file: str) -> str:
    """A workspace's line of the table; its badge leads to its status file."""
    nodes = f"{len(report.nodes_ready)}/{report.nodes_wanted}"
    type_ = f" × {escape(report.instance_type)}" if report.instance_type else ""
    cells = (
        link_image(image(f"{shown}: {report.phase}", badge), file),
        escape(report.model),
        nodes + type_,
        dollars(report.cost.dollars_per_hour),
        escape(report.message),
    )
    return f"| {' | '.join(cells)} |"


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
    wanted = sum(each.nodes_wanted for each in workspaces if each.phase is not Phase.INVALID)
    return f"{well} of {len(report.workspaces)} ready · {ready} of {wanted} nodes · {_total_cost(report)}"


def _total_cost(report: Report) -> str:
    """Dollars of every workspace that asks for nodes; those without a known price are said to be left out."""
    asked = [each for each in report.workspaces.values() if each.phase is not Phase.INVALID]
    prices = [each.cost.dollars_per_hour for each in asked]
    total = sum(price for price in prices if price is not None)
    unknown = sum(price is None for price in prices)
    apart = f", and {unknown} of unknown price" if unknown else ""
    return f"{dollars(total)} an hour ({dollars(total * HOURS_PER_MONTH)} a month){apart}"


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
    """Those of no workspace first, then each workspace's, once each."""
    every = dict.fromkeys(report.findings)
    for each in report.workspaces.values():
        if each.findings:
            every.update(dict.fromkeys(each.findings))
    for index, finding in enumerate(every):
        if index == _MOST_FINDINGS:
            yield f"- and {len(every) - _MOST_FINDINGS} more"
            return
        yield _finding(finding)


def _finding(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}:{finding.column}" if finding.line else finding.file
    field = f" {code(finding.field)}" if finding.field else ""
    mend = f" *{escape(finding.mend.rstrip('.'))}.*" if finding.mend else ""
    return f"- **{finding.severity}** {code(place)}{field}: {escape(finding.message.rstrip('.'))}.{mend}"


def _prices(report: Report) -> Iterator[str]:
    """Where the figures come from: the newest price list among the workspaces."""
    priced = [each.cost for each in report.workspaces.values() if each.cost.dollars_per_hour is not None]
    if priced:
        newest = max(priced, key=lambda cost: (cost.price_date, cost.price_region))
        where = f" in {escape(newest.price_region)}" if newest.price_region else ""
        dated = f"Pay-as-you-go prices of {escape(newest.price_date)}{where}"
        yield f"{dated}; a month is {HOURS_PER_MONTH} hours."
