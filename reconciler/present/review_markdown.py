"""A Review as one comment of a pull request, in the Markdown that GitHub, GitLab and Gitea share.

All that somebody else wrote is text in it: it starts no markup, mention, link, command or marker. What does
not fit into a comment is left out by whole sections, and said to be.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from reconciler.domain.finding import Finding
from reconciler.domain.review import Review, RulesChange, WorkspaceReview
from reconciler.planner.review.hash import review_hash
from reconciler.planner.tell.markdown import code, escape

from .review_details import details, fields_block, folded, object_list
from .review_words import (
    briefly,
    budget_in_words,
    dollars_of,
    fits_briefly,
    nodes_of,
    prices_in_words,
    signed,
    summary,
    world_in_words,
)

LONGEST = 65_536
"""Characters of a comment at GitHub, the smallest of the forges; it counts as UTF-16 does."""

_TABLE = 24_000
_RESERVE = 400
_MOST_FINDINGS = 50
_HEADINGS = ("Workspace", "Change", "GPU nodes", "$/hour", "Fits", "To be had", "Because")
_MARKER = re.compile(r"<!-- towline-review fleet=([a-z0-9-]{1,40}) plan=([0-9a-f]{40}) -->")


def review_markdown(review: Review) -> str:
    """The comment. Its first line says it all in short, its last is a marker, which no reader sees."""
    first, origin, marker = f"**{summary(review)}**", _unmarked(_origin(review)), _marker(review)
    room = LONGEST - _RESERVE - sum(_size(each) + 2 for each in (first, origin, marker))
    kept, left = [first], 0
    for section in map(_unmarked, _sections(review)):
        fits = _size(section) + 2 <= room
        room -= _size(section) + 2 if fits else 0
        left += not fits
        kept += [section] if fits else []
    if left:
        kept.append(_unmarked(_left_out(left, review)))
    return "\n\n".join((*kept, origin, marker)) + "\n"


def marked(body: str) -> tuple[str, str] | None:
    """The fleet and the hash of a comment that Towline wrote, by its last line alone; None of any other.

    Anybody may write such a line as the last of a comment of their own: who the author is, the forge says.
    """
    found = _MARKER.fullmatch(body.rstrip("\n").rpartition("\n")[2])
    return (found[1], found[2]) if found else None


def _sections(review: Review) -> Iterator[str]:
    """From what must be known to what may be looked up."""
    if review.rules:
        yield _rules(review.rules)
    if review.workspaces:
        yield _table(review.workspaces)
    if review.limits:
        yield "\n".join(f"- {escape(each)}" for each in review.limits)
    if review.findings.new:
        yield _findings("New mistakes", review.findings.new)
    yield from (details(each) for each in review.workspaces)
    if review.objects:
        yield folded("Other objects", object_list(review.objects))
    if review.findings.mended:
        yield folded("Mistakes mended", _listed(review.findings.mended))
    if review.findings.left:
        yield folded("Mistakes the base has already", _listed(review.findings.left))


def _table(workspaces: tuple[WorkspaceReview, ...]) -> str:
    lines = [_row(_HEADINGS), _row(["---", "---", *["---:"] * 2, *["---"] * 3])]
    shown, size = 0, 0
    for one in workspaces:
        line = _row(_cells(one))
        size += _size(line) + 1
        if size > _TABLE:
            break
        lines.append(line)
        shown += 1
    table = "\n".join(lines)
    rest = workspaces[shown:]
    return f"{table}\n\n{_more(rest)}" if rest else table


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(one: WorkspaceReview) -> tuple[str, ...]:
    supply = one.supply
    had = "" if supply is None else ("**no:** " if supply.is_short else "") + escape(supply.said, 160)
    return (
        code(str(one.name), 80),
        f"**{one.fate}**",
        nodes_of(one),
        dollars_of(one).replace("$", "\\$"),
        fits_briefly(one.fit) if one.fit or one.after.gpu_nodes else "",
        had,
        escape(briefly(one), 200),
    )


def _more(rest: tuple[WorkspaceReview, ...]) -> str:
    counted = Counter(one.fate.value for one in rest)
    told = ", ".join(f"{count} {fate}" for fate, count in counted.items())
    return f"And {len(rest)} more: {told}."


def _rules(rules: RulesChange) -> str:
    """What is not judged by is shown all the same, and before anything else."""
    head = "> **This pull request changes `towline.yaml`.** All below is judged by the base's."
    if rules.is_removed:
        return f"{head}\n> It takes the file away: nothing is reconciled until it is back."
    lines = [head, *(f"> - {escape(each.message, 300)}" for each in rules.findings)]
    lines += [f"> - {code(str(each.workspace), 80)} {escape(each.said, 300)}" for each in rules.effects[:20]]
    if len(rules.effects) > 20:
        lines.append(f"> - and {len(rules.effects) - 20} more")
    money = "not known" if rules.dollars_per_hour is None else f"{signed(rules.dollars_per_hour)}/hour"
    lines.append(f"> - its own effect once it is merged: {money}")
    return "\n".join(lines) + "\n\n" + fields_block(rules.fields)


def _findings(heading: str, findings: tuple[Finding, ...]) -> str:
    return f"**{heading}**\n\n{_listed(findings)}"


def _listed(findings: tuple[Finding, ...]) -> str:
    lines = [_finding(each) for each in findings[:_MOST_FINDINGS]]
    more = len(findings) - _MOST_FINDINGS
    return "\n".join((*lines, *((f"- and {more} more",) if more > 0 else ())))


def _finding(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}" if finding.line else finding.file
    field = f"{code(finding.field, 120)}: " if finding.field else ""
    mend = f" {escape(finding.mend, 300)}." if finding.mend else ""
    return f"- {finding.severity}, {code(place, 160)}: {field}{escape(finding.message, 400)}.{mend}"


def _left_out(left: int, review: Review) -> str:
    asked = review.asked
    typed = code(f"towline plan --base {asked.base_ref} --head {asked.head_ref}", 200)
    sections = "1 section is" if left == 1 else f"{left} sections are"
    return f"{sections} left out: a comment holds {LONGEST:,} characters. All of it: {typed}"


def _origin(review: Review) -> str:
    """What it was made of."""
    asked = review.asked
    others = "1 workspace is" if review.untouched == 1 else f"{review.untouched} workspaces are"
    merge = f"{code(asked.head[:12])} merged into {code(asked.base_ref, 80)} at {code(asked.base[:12])}"
    told = (
        f"Plan {code(review_hash(review))} of {merge}, against {world_in_words(review.sight)}.",
        f"{others} not touched; {budget_in_words(review.total)}; a month has 730 hours;",
        f"{prices_in_words(review)}.",
    )
    return f"<sub>{' '.join(each.replace('$', chr(92) + '$') for each in told)}</sub>"


def _marker(review: Review) -> str:
    return f"<!-- towline-review fleet={review.fleet} plan={review_hash(review)} -->"


def _unmarked(text: str) -> str:
    """Without anything that begins a comment, and a marker with it, even where it is only quoted."""
    return text.replace("<!--", "<! --")


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
