"""The page repeats what others say of their part; what strangers write there is not believed."""

from __future__ import annotations

import pytest

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.report import Phase
from reconciler.domain.share import Share
from reconciler.planner.tell.branch_paths import badge_path, curve_path, status_path, whose
from reconciler.planner.tell.others import Words, as_others_say, words_of
from reconciler.planner.tell.status import compose_status
from reconciler.planner.tell.status_file import status_file
from tests.planner.scenes import fleet_report, workspace_report


@pytest.mark.parametrize("message", ["Serving phi-4", 'He said: "no"; # 5 o\'clock — ünï', "yes"])
def test_a_status_file_is_understood_as_it_was_written(message: str) -> None:
    report = workspace_report(phase=Phase.HELD, message=message, awaiting="its nodes: 2")
    assert words_of(status_file(report)) == Words(Phase.HELD, message, "its nodes: 2")


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"phase: Perfect\nmessage: x\n", b"phase: Ready\n", b"a: &a [*a]\n" * 99]
)
def test_what_is_no_status_file_of_ours_says_nothing(content: bytes) -> None:
    assert words_of(content) is None


def test_their_words_take_the_place_of_ours() -> None:
    report = fleet_report(workspace_report(phase=Phase.READY))
    name = next(iter(report.workspaces))
    words, of_nobody = Words(Phase.HELD, "it was refused", ""), Words(Phase.READY, "", "")
    told = as_others_say(report, {name: words, WorkspaceName("a", "b"): of_nobody})
    assert (told.workspaces[name].phase, told.workspaces[name].message) == (Phase.HELD, "it was refused")
    assert set(told.workspaces) == {name}


@pytest.mark.parametrize("path_of", [status_path, badge_path, curve_path])
def test_a_path_tells_whose_it_is(path_of: object) -> None:
    assert callable(path_of)
    name = WorkspaceName("team-a", "phi-4.mini")
    assert whose(path_of(name)) == name
    assert whose(path_of(WorkspaceName("a", "x" * 200))) is None
    assert whose("README.md") is None
    assert whose("status/notes/by-hand.txt") is None


def test_each_writes_and_removes_its_own_files_and_one_of_them_the_fleets() -> None:
    names = [WorkspaceName("default", f"w{number}") for number in range(40)]
    report = fleet_report(*(workspace_report(name.name) for name in names[:30]))
    everything = compose_status(report, {}, {})
    assert everything is not None
    left = {status_path(name): "0" for name in names[30:]}
    parts = [compose_status(report, left, {}, Share(frozenset({number}), 3)) for number in range(3)]

    paths = [path for part in parts if part for path in part.files]
    assert len(paths) == len(set(paths))
    assert set(paths) == set(everything.files) | set(left)
    assert [bool(part and "README.md" in part.files) for part in parts] == [True, False, False]
