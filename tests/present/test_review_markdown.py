"""The comment of a pull request: as it is kept, as a forge renders it, and what nobody can do with it.

`python -m tests.present.test_review_markdown` writes golden/review.md anew: the diff is read by a person.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.finding import Finding
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.review import (
    Fate,
    FieldChange,
    Findings,
    ObjectChange,
    Review,
    RulesChange,
    WorkspaceReview,
)
from reconciler.planner.review.hash import review_hash
from reconciler.present.review_json import review_json
from reconciler.present.review_markdown import LONGEST, marked, review_markdown
from reconciler.present.review_text import review_text
from tests.engine.pull_request import A100, CHAT, H100, TUNING, World, files, workspace

GOLDEN = Path(__file__).parent / "golden" / "review.md"
CANARY = "canary-4c1-never-shown"
HOSTILE = (
    "@everyone see #1 and @org/team",
    "<script>alert(1)</script><img src=x onerror=y>",
    "``` \n```\n\n# heading\n</details>",
    "| cell | [link](javascript:alert(1)) ![i](https://evil.example/x.png)",
    "https://evil.example www.evil.example mailto:a@b.example",
    "\u202egnp.exe\u200b\u2066hidden\u2069",
    "<!-- towline-review fleet=demo plan=" + "0" * 40 + " -->",
    "\n/approve\n/close\n",
    "`code` *bold* _it_ ~~gone~~ $math$ $$x$$",
)


def change(cell: Cell) -> Review:
    """One of each: replaced, added, removed, held back by the budget that the head would raise."""
    head = {
        **files(
            qwen=workspace("qwen", preset="qwen2.5-coder-7b-instruct"),
            audit=workspace("audit", notes='{kaito.sh/enablelb: "true"}'),
            big=workspace("big", "Standard_ND96isr_H100_v5"),
        ),
        CHAT: files()[CHAT].replace(A100, H100).replace("32768", f"65536\n      api-key: {CANARY}"),
        "towline.yaml": files()["towline.yaml"].replace("dollarsPerHour: 50", "dollarsPerHour: 500"),
    }
    del head[TUNING]
    return World(cell).review(files(), head)


@pytest.fixture(scope="module")
def review() -> Iterator[Review]:
    with Cell() as cell:
        yield change(cell)


def hostile(review: Review, text: str) -> Review:
    """The same with that text wherever somebody else may write."""
    target = f"ConfigMap/default/{text}"
    field = FieldChange(f"data[{text}]", f"a\n{text}\nb", f"a\n{text}!\nb")
    shown = ObjectChange(target, Fate.CHANGED, (field,))
    gone = ObjectChange(target, Fate.REMOVED)
    one = replace(
        review.workspaces[0],
        name=WorkspaceName("default", text),
        file=text,
        because=(text,),
        objects=(shown, gone),
        pause=text,
    )
    finding = Finding(text, 1, 1, text, text, text, workspace=one.name)
    rules = RulesChange((field,), (finding,))
    asked = replace(review.asked, base_ref=text, head_ref=text)
    found = Findings((finding,), (finding,), (finding,))
    return replace(
        review,
        workspaces=(one,),
        objects=(shown, gone),
        findings=found,
        limits=(text,),
        rules=rules,
        asked=asked,
    )


class Seen(HTMLParser):
    """Tags of a page, links and images apart; text outside of code."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.comments: list[str] = []
        self.prose = ""
        self._code = 0
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self._code += tag == "code"

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        if not self._code:
            self.prose += data


def rendered(markdown: str) -> Seen:
    html = MarkdownIt("commonmark", {"html": True, "linkify": False}).enable(["table", "strikethrough"])
    return Seen(html.render(markdown))


def test_the_comment_is_the_one_that_is_kept(review: Review) -> None:
    assert review_markdown(review) == GOLDEN.read_text()


def test_the_first_line_says_it_in_short(review: Review) -> None:
    first = review_markdown(review).partition("\n")[0]

    assert first == (
        "**2 workspaces added, 1 replaced, 1 removed, 1 held back: +2 -1 GPU nodes, +$6.98/hour"
        " (+$5,095/month)**"
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_what_others_wrote_is_text_and_nothing_else(review: Review, text: str) -> None:
    body = review_markdown(hostile(review, text))
    seen, plain = rendered(body), rendered(review_markdown(review))

    assert seen.tags <= plain.tags | {"blockquote"}
    assert not {"a", "img", "script", "h1"} & seen.tags
    assert not re.search(r"(?<!\u200b)@(?=\w)", seen.prose)
    assert not re.search(r"#(?=\d)", seen.prose)
    assert not re.search(r"(?m)^\s*/(?:approve|close)", body)
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b-\u200f]", body)


@pytest.mark.parametrize("text", HOSTILE)
def test_the_marker_is_ours_alone_and_last(review: Review, text: str) -> None:
    forged = hostile(review, text)
    body = review_markdown(forged)

    assert marked(body) == ("demo", review_hash(forged))
    assert body.count("<!--") == 1
    assert len(rendered(body).comments) == 1
    assert marked(body + "\nquoted by somebody") is None


def test_a_comment_never_grows_longer_than_a_forge_takes(review: Review) -> None:
    one = review.workspaces[0]
    text = "\N{ROCKET}" * 200
    field = FieldChange("a", "x", "\n".join([text] * 30))
    objects = (ObjectChange("A/b", Fate.CHANGED, (field,)),)
    many = tuple(
        replace(one, name=WorkspaceName("default", f"w{number}"), objects=objects) for number in range(3_000)
    )
    body = review_markdown(replace(review, workspaces=many))

    assert LONGEST - 20_000 < len(body.encode("utf-16-le")) // 2 <= LONGEST
    assert "sections are left out: a comment holds 65,536 characters" in body
    assert re.search(r"And [\d,]+ more: \d+ removed\.", body)
    assert body.count("<details>") == body.count("</details>")
    assert marked(body) is not None


def test_nothing_that_looks_like_a_secret_is_in_any_form_of_it(review: Review) -> None:
    for told in (review_markdown(review), review_text(review), str(review_json(review)), repr(review)):
        assert CANARY not in told


def test_a_fence_is_longer_than_what_stands_in_it(review: Review) -> None:
    fields = (FieldChange("data.x", "a\n`````\nb", "a\n``````\nb"),)
    body = review_markdown(replace(review, objects=(ObjectChange("X/y", Fate.CHANGED, fields),)))

    assert "```````diff" in body


def test_an_empty_review_is_one_sentence_and_what_it_was_made_of(review: Review) -> None:
    empty = replace(review, workspaces=(), objects=(), rules=None, findings=Findings())

    assert review_markdown(empty).startswith("**Nothing changes**\n\n<sub>Plan `")


def test_unknown_prices_are_counted_and_not_guessed(review: Review) -> None:
    known, unknown = review.workspaces[1], review.workspaces[-1]
    dear: WorkspaceReview = replace(unknown, after=replace(unknown.after, dollars_per_hour=None))

    assert ", 1 of unknown price**" in review_markdown(replace(review, workspaces=(known, dear)))


if __name__ == "__main__":
    with Cell() as own_cell:
        GOLDEN.write_text(review_markdown(change(own_cell)))
