"""One workspace of a Review, folded: what becomes of it in sentences, and every field that differs."""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Iterable, Iterator, Sequence

from reconciler.domain.review import Fate, FieldChange, ObjectChange, WorkspaceReview
from reconciler.planner.tell.markdown import code, escape
from reconciler.planner.tell.readable import readable

from .review_words import (
    dollars_of,
    fit_in_words,
    lines_of,
    machines_in_words,
    nodes_of,
    objects_in_order,
    reasons,
)

MOST_LINES = 400
_CONTEXT = 2
_LONGEST_LINE = 300
_CALL = re.compile(r"([@#])(?=\w)")


def details(one: WorkspaceReview) -> str:
    """The workspace as a section that opens when it is asked."""
    nodes = "GPU node" if nodes_of(one) == "1" else "GPU nodes"
    title = f"<b>{in_html(str(one.name))}</b> {one.fate}: {nodes_of(one)} {nodes}, {dollars_of(one)}/hour"
    sentences = "\n".join(f"- {each}" for each in _sentences(one))
    parts = (sentences, object_list(one.objects))
    return folded(title, "\n\n".join(part for part in parts if part))


def folded(title: str, content: str) -> str:
    """A part that is closed at first; the title is HTML, in which Markdown means nothing."""
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>"


def in_html(text: str) -> str:
    """Text of others in HTML: no tag, no mention."""
    return _CALL.sub(r"\1&#8203;", html.escape(readable(text, 120)))


def object_list(objects: tuple[ObjectChange, ...]) -> str:
    """Those that differ field by field, those that come and go by name."""
    ordered = objects_in_order(objects)
    parts = [_object(each) for each in ordered if each.fields]
    for fate in (Fate.ADDED, Fate.REMOVED, Fate.REPLACED, Fate.CHANGED):
        names = [code(each.target, 160) for each in ordered if each.fate is fate and not each.fields]
        if names:
            parts.append(f"{fate.capitalize()}: {', '.join(names)}")
    return "\n\n".join(parts)


def fields_block(fields: Sequence[FieldChange], more: int = 0) -> str:
    """A fenced diff, which nothing in it can end: its fence is longer than any run of backticks."""
    lines = [line for each in fields for line in _field(each)]
    if more:
        lines.append(f"@@ and {more} more fields @@")
    text = "\n".join(lines)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}diff\n{text}\n{fence}"


def diff_lines(change: FieldChange) -> Iterator[str]:
    """The lines that go and that come, each with its sign, with two lines around them."""
    before, after = lines_of(change)
    if max(len(before), len(after)) > MOST_LINES:
        yield f"  ({len(before):,} lines become {len(after):,})"
        return
    one, other = [_line(each) for each in before], [_line(each) for each in after]
    for line in list(difflib.unified_diff(one, other, lineterm="", n=_CONTEXT))[3:]:
        yield "  ⋮" if line.startswith("@@ -") else _signed(line)


def _signed(line: str) -> str:
    """With its sign apart. Robots take `/approve` at the beginning of a line for a command, quoted or not."""
    sign, text = line[0], line[1:]
    return f"  · {text}" if sign == " " and text.lstrip().startswith("/") else f"{sign} {text}"


def _sentences(one: WorkspaceReview) -> Iterator[str]:
    yield from (escape(each, 400) for each in reasons(one))
    before, after = machines_in_words(one.before), machines_in_words(one.after)
    yield escape(f"nodes: {before}" if before == after else f"nodes: {before} → {after}")
    if one.fit:
        yield escape(f"memory: {fit_in_words(one.fit)}")
    if one.supply:
        mend = f"; {one.supply.mend}" if one.supply.mend else ""
        yield escape(f"to be had: {one.supply.said}{mend}")


def _object(change: ObjectChange) -> str:
    return f"{code(change.target, 160)} {change.fate}\n\n{fields_block(change.fields, change.more)}"


def _field(change: FieldChange) -> Iterable[str]:
    yield f"@@ {readable(change.path, 200)} @@"
    if change.is_hidden:
        yield "  (it changes; its values are not shown)"
        return
    yield from diff_lines(change)


def _line(text: str) -> str:
    """One line without what cannot be seen; its indentation stays."""
    plain = text.expandtabs(4)
    shown = plain if plain.isprintable() else readable(plain)
    return shown if len(shown) <= _LONGEST_LINE else shown[: _LONGEST_LINE - 1] + "…"
