"""The status branch: what is on it, when it changes, and that nothing on it can be made to lie."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import Kind, Move, NodeChoice, Setback
from reconciler.domain.report import Phase, Report, StatusCommit
from reconciler.domain.state import Cost
from reconciler.planner.tell.markdown import escape
from reconciler.planner.tell.readable import readable
from reconciler.planner.tell.status import blob_id, compose_status
from reconciler.planner.tell.status_page import MOST_ROWS
from reconciler.planner.tell.yaml_text import yaml_text
from tests.planner.scenes import LATER, PLAIN, fleet_report, workspace_report

HOSTILE = [
    "a|b",
    "`code` *bold* _em_ [x](https://evil.example) ![y](z)",
    "<script>alert(1)</script><!-- <img src=x onerror=y>",
    "@octocat #12 https://evil.example www.evil.example",
    "right\u202eto\u2066left\u200b\ufeff zero",
    "two\nlines\r\n---\n# heading",
    "../../etc/passwd",
    "x" * 10_000,
    "日本語 🚀",
    "\ud800 lone",
]


PLAIN_TAGS = {
    "h1", "h2", "p", "img", "code", "table", "thead", "tbody", "tr", "th", "td", "a", "ul", "li",
    "strong", "em",
}  # fmt: skip


def composed(report: Report, written: dict[str, str] | None = None, memo: Any = None) -> StatusCommit:
    status = compose_status(report, written or {}, {} if memo is None else memo)
    assert status is not None
    return status


def text(status: StatusCommit, path: str) -> str:
    data = status.files[path]
    assert data is not None
    return data.decode()


def written(status: StatusCommit) -> dict[str, str]:
    return {path: blob_id(data) for path, data in status.files.items() if data is not None}


def test_a_workspace_has_a_status_file_and_two_badges_and_the_fleet_a_page() -> None:
    status = composed(fleet_report(workspace_report()))

    assert list(status.files) == [
        "README.md",
        "badges/default/phi.json",
        "badges/default/phi.svg",
        "badges/fleet.json",
        "badges/fleet.svg",
        "status/default/phi.yaml",
    ]


def test_the_status_file_reads_from_top_to_bottom() -> None:
    finding = Finding("w.yaml", 3, 5, "resource.count", "is deprecated", "leave it out", Severity.WARNING)
    status = composed(fleet_report(workspace_report(findings=(finding,))))

    assert text(status, "status/default/phi.yaml") == (
        "workspace: default/phi\n"
        "phase: Ready\n"
        "message: Serving phi-4 on 1× Standard_NC24ads_A100_v4\n"
        "source:\n"
        "  commit: c0ffee1\n"
        "  file: workspaces/phi.yaml\n"
        "model: phi-4\n"
        "instanceType: Standard_NC24ads_A100_v4\n"
        "nodes:\n"
        "  wanted: 1\n"
        "  ready:\n"
        "  - aks-wabc-0\n"
        "endpoint: http://phi.default.svc.cluster.local\n"
        "cost:\n"
        "  dollarsPerHour: 3.67\n"
        "  dollarsPerMonth: 2679.1\n"
        '  priceDate: "2026-06-18"\n'
        "  priceRegion: eastus\n"
        "conditions:\n"
        "- type: InferenceReady\n"
        '  status: "True"\n'
        "  reason: WorkspaceInferenceStatusSuccess\n"
        "  message: done\n"
        '  since: "2026-11-01T10:00:00Z"\n'
        "findings:\n"
        "- severity: warning\n"
        "  file: w.yaml\n"
        "  line: 3\n"
        "  column: 5\n"
        "  field: resource.count\n"
        "  message: is deprecated\n"
        "  mend: leave it out\n"
    )


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    status = composed(fleet_report(workspace_report(cost=Cost(None, "", ""))))

    assert yaml.safe_load(text(status, "status/default/phi.yaml"))["cost"] == {"dollarsPerHour": "unknown"}
    assert "| unknown |" in text(status, "README.md")
    assert "\\$0.00 an hour (\\$0.00 a month), and 1 of unknown price" in text(status, "README.md")


def test_the_page_shows_the_fleet_at_a_glance() -> None:
    tuning = workspace_report(
        "tune", phase=Phase.PENDING, message="Waiting for agent pool w2 (Creating)", nodes_ready=()
    )

    page = text(composed(fleet_report(workspace_report(), tuning)), "README.md")

    assert page.splitlines() == [
        "# towline",
        "",
        "![towline](badges/fleet.svg)",
        "",
        "1 of 2 ready · 1 of 2 nodes · \\$7.34 an hour (\\$5,358.20 a month).",
        "",
        "As of commit `c0ffee123456`: Add phi",
        "",
        "| Workspace | Model | Nodes | $/hour | Says |",
        "|---|---|---|---:|---|",
        "| [![phi: Ready](badges/default/phi.svg)](status/default/phi.yaml) | phi-4 "
        "| 1/1 × Standard_NC24ads_A100_v4 | $3.67 | Serving phi-4 |",
        "| [![tune: Pending](badges/default/tune.svg)](status/default/tune.yaml) | phi-4 "
        "| 0/1 × Standard_NC24ads_A100_v4 | $3.67 | Waiting for agent pool w2 (Creating) |",
        "",
        "Pay-as-you-go prices of 2026-06-18 in eastus; a month is 730 hours.",
    ]


def test_problems_findings_and_a_waiting_approval_have_their_place_on_the_page() -> None:
    finding = Finding("w.yaml", 3, 5, "resource.count", "must be 1", "write 1")
    report = fleet_report(
        findings=(finding,), problems=("Azure does not answer",), awaiting_approval="abc123"
    )

    page = text(composed(report), "README.md")

    assert "> **Removals wait for approval.** To let them happen, add `abc123` to `spec.approved`" in page
    assert "## Problems\n\n- Azure does not answer\n" in page
    assert "## Findings\n\n- **error** `w.yaml:3:5` `resource.count`: must be 1. *write 1.*\n" in page
    assert "No workspaces." in page


def test_nothing_changed_is_no_commit() -> None:
    report = fleet_report(workspace_report())

    assert compose_status(report, written(composed(report)), {}) is None


def test_the_same_report_gives_the_same_bytes_with_and_without_a_memo() -> None:
    memo: dict[Any, Any] = {}
    reports = [fleet_report(workspace_report()), fleet_report(workspace_report(message="other"))]

    for report in (*reports, *reversed(reports)):
        assert composed(report, {}, memo).files == composed(report).files


def test_only_what_differs_is_written() -> None:
    before = fleet_report(workspace_report(), workspace_report("other"))
    changed = workspace_report(conditions=(replace(workspace_report().conditions[0], since=LATER),))

    status = composed(
        replace(before, workspaces={**before.workspaces, changed.name: changed}), written(composed(before))
    )

    assert list(status.files) == ["status/default/phi.yaml"]
    assert status.message.splitlines()[0] == "phi is Ready on 1× Standard_NC24ads_A100_v4"


def test_a_removed_workspace_leaves_no_file_and_other_peoples_files_stay() -> None:
    there = written(composed(fleet_report(workspace_report())))
    there |= {"notes/mine.md": "a" * 40, "badges/logo.svg": "b" * 40, "status/a/b/c.yaml": "c" * 40}

    status = composed(fleet_report(), there)

    assert [path for path, data in status.files.items() if data is None] == [
        "badges/default/phi.json",
        "badges/default/phi.svg",
        "status/default/phi.yaml",
    ]
    assert status.message.splitlines()[0] == "phi is gone"


def test_the_commit_message_tells_the_most_important_first_and_all_below() -> None:
    failed = workspace_report(
        "tune", phase=Phase.FAILED, message="The tuning of phi-4 has failed: out of tries"
    )
    pending = workspace_report("new", phase=Phase.PENDING, awaiting="a pool", message="Waiting for a pool")

    status = composed(fleet_report(workspace_report(), failed, pending))

    assert status.message.splitlines() == [
        "tune has Failed; 2 more changed",
        "",
        "default/tune: Failed, The tuning of phi-4 has failed: out of tries",
        "default/phi: Ready, Serving phi-4 on 1× Standard_NC24ads_A100_v4",
        "default/new: Pending, Waiting for a pool",
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({}, "phi is Ready on 1× Standard_NC24ads_A100_v4"),
        (
            {"phase": Phase.PENDING, "awaiting": "one node", "message": "Waiting for one node"},
            "phi is Pending, waiting for one node",
        ),
        (
            {"phase": Phase.NOT_READY, "awaiting": "one node", "message": "Container phi crashed"},
            "phi is NotReady: Container phi crashed",
        ),
        ({"phase": Phase.SUCCEEDED}, "phi has Succeeded"),
        ({"phase": Phase.INVALID, "message": "Not applied: no"}, "phi is Invalid: Not applied: no"),
        ({"phase": Phase.READY, "instance_type": ""}, "phi is Ready"),
    ],
)
def test_a_commit_is_a_sentence(changes: dict[str, Any], sentence: str) -> None:
    status = composed(fleet_report(workspace_report(**changes)))

    assert status.message.splitlines()[0] == sentence


def test_a_new_commit_that_changes_no_workspace_only_moves_the_page() -> None:
    before = fleet_report(workspace_report())

    status = composed(replace(before, commit="deadbee0123"), written(composed(before)))

    assert list(status.files) == ["README.md"]
    assert status.message == "towline as of deadbee"


def test_workspaces_outside_the_first_namespace_are_named_in_full() -> None:
    status = composed(fleet_report(workspace_report(), workspace_report("phi", "team-b")))

    badge = json.loads(text(status, "badges/team-b/phi.json"))
    assert badge == {"schemaVersion": 1, "label": "team-b/phi", "message": "Ready", "color": "brightgreen"}
    assert json.loads(text(status, "badges/default/phi.json"))["label"] == "phi"


def test_a_fleet_too_large_for_a_page_shows_what_is_not_well_first() -> None:
    many = [workspace_report(f"w{number:03}") for number in range(MOST_ROWS + 20)]
    many[-1] = replace(many[-1], phase=Phase.NOT_READY)

    page = text(composed(fleet_report(*many)), "README.md")

    assert sum(line.startswith("| [![") for line in page.splitlines()) == MOST_ROWS
    assert "w319: NotReady" in page
    assert "And 20 more" in page


def test_the_fleets_badge_wears_the_colour_of_the_worst() -> None:
    def fleet_badge(*phases: Phase, **changes: Any) -> tuple[str, str]:
        each = [workspace_report(f"w{index}", phase=phase) for index, phase in enumerate(phases)]
        badge = json.loads(text(composed(fleet_report(*each, **changes)), "badges/fleet.json"))
        return badge["message"], badge["color"]

    assert fleet_badge(Phase.READY, Phase.SUCCEEDED) == ("2 of 2 ready", "brightgreen")
    assert fleet_badge(Phase.READY, Phase.PENDING) == ("1 of 2 ready", "blue")
    assert fleet_badge(Phase.READY, Phase.INVALID) == ("1 of 2 ready", "red")
    stuck = NodeChoice(PLAIN, Move.WAIT, setback=Setback(Kind.PERMANENT, "", "there is no quota"))
    waiting = fleet_report(workspace_report(phase=Phase.PENDING, choice=stuck))
    badges = [json.loads(text(composed(waiting), f"badges/{each}.json")) for each in ("fleet", "default/phi")]
    assert [(each["message"], each["color"]) for each in badges] == [
        ("0 of 1 ready", "orange"), ("Pending", "orange"),
    ]  # fmt: skip
    assert fleet_badge(Phase.READY, problems=("blind",)) == ("1 of 1 ready", "orange")
    assert fleet_badge() == ("no workspaces", "lightgrey")


def test_a_blob_id_is_gits_own(tmp_path: Path) -> None:
    data = "phase: Ready ×\n".encode()
    (tmp_path / "file").write_bytes(data)
    git = subprocess.run(
        ["git", "hash-object", "--no-filters", "file"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )

    assert blob_id(data) == git.stdout.strip()


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_words_stay_words(words: str) -> None:
    finding = Finding(words, 1, 1, words, words, words)
    said = dict.fromkeys(("message", "awaiting", "model", "instance_type", "file"), words)
    workspace = workspace_report(words, words, findings=(finding,), **said)
    report = fleet_report(workspace, fleet=words, subject=words, problems=(words,))

    status = composed(report)

    for path, data in status.files.items():
        assert data is not None
        assert not re.search(r"(^|/)\.{1,2}(/|$)", path)
        assert path.isascii()
        assert path.count("/") <= 2
        assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\ufeff]", data.decode())
    page = text(status, "README.md")
    prose = re.sub(r"`[^`]*`|(?<=\])\([^)]*\)", "", page)
    assert "<" not in prose
    assert not re.search(r"https?://|www\.|@\w", prose)
    rows = [line for line in page.splitlines() if line.startswith("| [![")]
    assert [len(re.findall(r"(?<!\\)\|", row)) for row in rows] == [6]
    assert all("\n" not in line for line in status.message.splitlines())
    (file,) = (path for path in status.files if path.startswith("status/"))
    assert yaml.safe_load(text(status, file))["phase"] == "Ready"


@pytest.mark.parametrize("words", HOSTILE)
def test_a_forge_renders_hostile_words_as_nothing_but_words(words: str) -> None:
    said = workspace_report("phi", message=words, findings=(Finding("w.yaml", 1, 1, "", words, words),))
    page = text(composed(fleet_report(said, problems=(words,))), "README.md")

    html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(page)

    assert set(re.findall(r"<([a-z0-9]+)", html)) <= PLAIN_TAGS
    assert set(re.findall(r'(?:href|src)="([^"]*)"', html)) == {
        "badges/fleet.svg",
        "badges/default/phi.svg",
        "status/default/phi.yaml",
    }
    shown = unescape(re.sub(r"<[^>]*>", "", html)).replace("\u200b", "")
    assert shown.count(readable(words, 400).rstrip(".")) >= 4


def test_every_link_stays_on_the_branch() -> None:
    page = text(composed(fleet_report(workspace_report("https://x", "javascript:y"))), "README.md")

    links = re.findall(r"(?<!\\)\]\(([^)]*)\)", page)
    assert links
    assert all(re.fullmatch(r"(badges|status)(/[A-Za-z0-9%.-]+)*", each) for each in links)


def test_ordinary_words_are_not_littered_with_backslashes() -> None:
    ordinary = (
        "nvidia.com/gpu on node aks-w1-0_x: 1 of 2 nodes Ready (50%), phi-4-mini on 1× Standard_NC24ads"
    )

    assert escape(ordinary) == ordinary


@given(
    st.recursive(
        st.text() | st.integers() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.text(min_size=1, max_size=9), inner, max_size=3)
        ),
        max_leaves=8,
    )
)
def test_yaml_written_by_hand_means_what_was_written(value: Any) -> None:
    document = {"value": _as_written(value)}

    assert yaml.safe_load(yaml_text(document)) == document


def _as_written(value: Any) -> Any:
    """What readable() leaves of any text; a list directly inside a list does not occur in our documents."""
    match value:
        case str():
            return "".join(each for each in value if each.isprintable())
        case dict():
            return {_as_written(key) or "k": _as_written(each) for key, each in value.items()}
        case list():
            return [_as_written(each) for each in value if not isinstance(each, list)]
        case float():
            return value
    return value


@pytest.mark.parametrize(
    "word",
    ["yes", "No", "0x1F", "1_000", "12:30:45", "1e3", "~", "a: b", "a #b", "- x", "*a", "!t", "<<", "="],
)
def test_words_that_yaml_readers_take_for_something_else_are_quoted(word: str) -> None:
    assert yaml.safe_load(yaml_text({"word": word, "list": [word]})) == {"word": word, "list": [word]}


def test_a_workspace_name_is_found_again_by_its_path() -> None:
    one, other = workspace_report("a/b"), workspace_report("a%2Fb")

    paths = set(composed(fleet_report(one, other)).files)

    assert {"status/default/a%2Fb.yaml", "status/default/a%252Fb.yaml"} <= paths
    assert WorkspaceName("default", "a/b") == one.name
