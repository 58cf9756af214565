"""The small parts of a proposal's text: curves, links, references."""

from __future__ import annotations

import pytest

from reconciler.domain.identity import WorkspaceName
from reconciler.domain.proposal import Proposed, read_proposed
from reconciler.planner.propose.curve import sparkline
from reconciler.planner.propose.forge import file_link
from reconciler.planner.propose.pin import digest_of, pin_of, repository_of
from tests.planner.judged import tuned
from tests.planner.repository import workspace

STATUS = "towline/status"
CURVE = "curves/default/tune.svg"
DIGEST = "sha256:" + "a" * 64


def test_a_curve_falls_from_the_highest_bar_to_the_lowest() -> None:
    points = [(step, 8.0 - step) for step in range(8)]
    assert sparkline(points, (0, 7), 8) == "█▇▆▅▄▃▂▁"


def test_many_points_are_averaged_and_few_are_carried_on() -> None:
    assert sparkline([(step, float(step // 50)) for step in range(100)], (0, 99), 2) == "▁█"
    assert sparkline([(5, 2.0), (9, 1.0)], (0, 9), 10) == "     ████▁"


def test_a_flat_curve_and_none_at_all_are_drawn_without_a_division_by_zero() -> None:
    assert sparkline([(1, 2.0), (2, 2.0)], (1, 2), 2) == "▁▁"
    assert sparkline([(4, 2.0)], (4, 4), 1) == "▁"
    assert sparkline([], (0, 9), 10) == ""


@pytest.mark.parametrize(
    ("remote", "page"),
    [
        ("https://github.com/o/r", f"https://github.com/o/r/blob/{STATUS}/{CURVE}"),
        ("https://github.com/o/r.git/", f"https://github.com/o/r/blob/{STATUS}/{CURVE}"),
        ("git@github.com:o/r.git", f"https://github.com/o/r/blob/{STATUS}/{CURVE}"),
        ("ssh://git@github.com:22/o/r", f"https://github.com/o/r/blob/{STATUS}/{CURVE}"),
        ("https://gitlab.com/g/s/r", f"https://gitlab.com/g/s/r/-/blob/{STATUS}/{CURVE}"),
        ("git@gitlab.example.com:g/r", f"https://gitlab.example.com/g/r/-/blob/{STATUS}/{CURVE}"),
        ("git@bitbucket.org:o/r", f"https://bitbucket.org/o/r/src/{STATUS}/{CURVE}"),
        ("https://git.example.com/o/r", ""),
        ("https://github.com:8443/o/r", ""),
        ("/srv/git/r", ""),
        ("file:///srv/git/r", ""),
        ("", ""),
    ],
)
def test_a_file_is_linked_where_the_forge_is_known(remote: str, page: str) -> None:
    assert file_link(remote, STATUS, CURVE) == page


@pytest.mark.parametrize(
    "remote",
    [
        "https://dev.azure.com/o/p/_git/r",
        "https://me@dev.azure.com/o/p/_git/r",
        "git@ssh.dev.azure.com:v3/o/p/r",
    ],
)
def test_azure_repos_name_path_and_branch_in_the_query(remote: str) -> None:
    page = "https://dev.azure.com/o/p/_git/r?path=%2Fcurves%2Fdefault%2Ftune.svg&version=GBtowline%2Fstatus"
    assert file_link(remote, STATUS, CURVE) == page


@pytest.mark.parametrize("remote", ["https://token@github.com/o/r", "https://u:s3cret@gitlab.com/o/r"])
def test_no_link_shows_who_we_are(remote: str) -> None:
    link = file_link(remote, STATUS, CURVE)
    assert link
    assert "@" not in link


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("r.example.com/a/b:1", "r.example.com/a/b"),
        ("r.example.com:5000/a/b", "r.example.com:5000/a/b"),
        ("r.example.com:5000/a/b:1", "r.example.com:5000/a/b"),
        (f"r.example.com/a@{DIGEST}", "r.example.com/a"),
        (f"r.example.com/a:1@{DIGEST}", "r.example.com/a"),
        ("a", "a"),
    ],
)
def test_a_reference_without_tag_and_digest_is_its_repository(image: str, repository: str) -> None:
    assert repository_of(image) == repository


def test_only_a_whole_digest_is_pinned() -> None:
    name, manifest = WorkspaceName("default", "tune"), workspace(**{"inference": None, **_tuning()})
    pin = pin_of(name, manifest, DIGEST)
    assert pin is not None
    assert (pin.name, pin.image, pin.pull_secrets) == (
        "tune",
        f"registry.example.com/out@{DIGEST}",
        ("push",),
    )
    assert pin_of(name, manifest, "sha256:abc") is None
    assert pin_of(name, manifest, "") is None
    assert digest_of(f"registry.example.com/out@{DIGEST}") == digest_of(DIGEST) == DIGEST


def test_what_was_proposed_is_read_back_and_anything_else_is_nothing() -> None:
    proposed = Proposed(DIGEST, "towline/adapter/tune", (WorkspaceName("a", "b"), WorkspaceName("c", "d")))
    assert read_proposed(str(proposed)) == proposed
    assert read_proposed("") is None
    assert read_proposed("sha256:a") is None


def _tuning() -> dict[str, object]:
    return {"tuning": tuned()["tuning"]}
