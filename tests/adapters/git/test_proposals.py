"""Commits offered for review, on a real Git repository and behind a real Git server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.proposals import GitProposals
from reconciler.adapters.git.remote import Remote
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.proposal import Proposal
from reconciler.faults import Conflict, Forbidden, Missing, Refused
from tests.gitserver import GitServer

from .repos import NOBODY, QUICK, Upstream

TUNE = WorkspaceName("default", "tune")
BRANCH = "towline/adapter/tune"
FILE = "workspaces/chat.yaml"
DIGEST = "sha256:" + "a" * 64


def door(url: str | Path, cache: Path, credentials: Credentials = NOBODY) -> GitProposals:
    return GitProposals(Remote(str(url), credentials, QUICK), "main", cache)


def proposal(base: str, digest: str = DIGEST, replaces: str = "", text: bytes = b"new\n") -> Proposal:
    title, body = "Serve chat with the adapter of tune", "It learned a lot."
    target = (WorkspaceName("default", "chat"),)
    return Proposal(TUNE, digest, target, BRANCH, base, {FILE: text}, title, body, replaces)


@pytest.fixture
def base(upstream: Upstream) -> str:
    upstream.commit({FILE: "older\n", "README.md": "# Fleet\n"})
    return upstream.commit({FILE: "old\n", "run.yaml": "x\n"}, modes={"run.yaml": "100755"})


def test_a_proposal_is_one_commit_on_top_of_the_config_branch(
    upstream: Upstream, base: str, tmp_path: Path
) -> None:
    commit = door(upstream.path, tmp_path / "c").propose(proposal(base))
    assert upstream.tip(BRANCH) == commit
    assert upstream.git("rev-list", f"{base}..{BRANCH}") == commit
    assert upstream.git("diff", "--name-only", base, BRANCH) == FILE
    assert upstream.files(BRANCH)[FILE] == "new"
    assert upstream.git("log", "-1", "--format=%an <%ae>|%cn <%ce>|%B", BRANCH) == (
        "Towline <towline@localhost>|Towline <towline@localhost>|Serve chat with the adapter of tune\n\n"
        f"It learned a lot.\n\nTowline-Proposal: default/tune@{DIGEST}"
    )
    assert upstream.tip() == base
    upstream.git("fsck", "--strict")


def test_it_is_found_again_by_whose_adapter_it_is(upstream: Upstream, base: str, tmp_path: Path) -> None:
    made = door(upstream.path, tmp_path / "c").propose(proposal(base))
    offer = door(upstream.path, tmp_path / "another").find(BRANCH)
    assert offer is not None
    assert (offer.commit, offer.is_ours) == (made, True)
    assert offer.names(TUNE, DIGEST)
    assert offer.names(TUNE)
    assert not offer.names(TUNE, "sha256:b")
    assert not offer.names(WorkspaceName("default", "tun"))


def test_there_is_nothing_where_nothing_was_proposed(upstream: Upstream, base: str, tmp_path: Path) -> None:
    assert door(upstream.path, tmp_path / "c").find(BRANCH) is None


def test_a_branch_that_somebody_works_on_is_not_ours(upstream: Upstream, base: str, tmp_path: Path) -> None:
    proposals = door(upstream.path, tmp_path / "c")
    proposals.propose(proposal(base))
    upstream.commit({"more": "1"}, "one thing more", branch=BRANCH)
    offer = proposals.find(BRANCH)
    assert offer is not None
    assert not offer.is_ours
    assert not offer.names(TUNE)


def test_a_branch_that_is_there_is_never_moved_not_even_forward(
    upstream: Upstream, base: str, tmp_path: Path
) -> None:
    upstream.git("update-ref", f"refs/heads/{BRANCH}", base)
    with pytest.raises(Conflict):
        door(upstream.path, tmp_path / "c").propose(proposal(base))
    assert upstream.tip(BRANCH) == base


def test_our_own_commit_is_replaced_and_nobody_elses(upstream: Upstream, base: str, tmp_path: Path) -> None:
    proposals = door(upstream.path, tmp_path / "c")
    first = proposals.propose(proposal(base))
    second = proposals.propose(proposal(base, "sha256:" + "b" * 64, first, b"newer\n"))
    assert upstream.tip(BRANCH) == second
    assert upstream.git("rev-list", "--count", f"{base}..{BRANCH}") == "1"
    theirs = upstream.commit({"more": "1"}, branch=BRANCH)
    with pytest.raises(Conflict):
        proposals.propose(proposal(base, replaces=second, text=b"newest\n"))
    assert upstream.tip(BRANCH) == theirs


def test_of_two_daemons_one_proposes_and_the_other_finds_it(
    upstream: Upstream, base: str, tmp_path: Path
) -> None:
    one, other = (door(upstream.path, tmp_path / name) for name in "ab")
    assert one.find(BRANCH) is other.find(BRANCH) is None
    made = one.propose(proposal(base))
    with pytest.raises(Conflict):
        other.propose(proposal(base, text=b"almost the same\n"))
    found = other.find(BRANCH)
    assert found is not None
    assert found.commit == made


def test_a_config_branch_that_moved_on_is_a_conflict_and_nothing_is_pushed(
    upstream: Upstream, base: str, tmp_path: Path
) -> None:
    upstream.commit({FILE: "meanwhile\n"})
    with pytest.raises(Conflict, match="no longer at"):
        door(upstream.path, tmp_path / "c").propose(proposal(base))
    assert upstream.tip(BRANCH) == ""


def test_a_file_that_can_be_run_stays_one(upstream: Upstream, base: str, tmp_path: Path) -> None:
    changed = replace(proposal(base), files={"run.yaml": b"y\n"}, executable=frozenset({"run.yaml"}))
    door(upstream.path, tmp_path / "c").propose(changed)
    assert upstream.git("ls-tree", BRANCH, "run.yaml").startswith("100755 ")


def test_a_damaged_copy_is_begun_anew(upstream: Upstream, base: str, tmp_path: Path) -> None:
    proposals = door(upstream.path, tmp_path / "c")
    first = proposals.propose(proposal(base))
    for thing in (tmp_path / "c/repository/objects").rglob("*"):
        if thing.is_file():
            thing.unlink()
    offer = proposals.find(BRANCH)
    assert offer is not None
    assert offer.commit == first
    assert proposals.propose(proposal(base, replaces=first, text=b"newer\n")) == upstream.tip(BRANCH)


def test_a_server_that_keeps_such_branches_says_so_once_asked(
    upstream: Upstream, base: str, tmp_path: Path
) -> None:
    hook = upstream.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncat >/dev/null\necho "towline/* is protected" >&2; exit 1\n')
    hook.chmod(0o755)
    with pytest.raises(Refused, match="is protected"):
        door(upstream.path, tmp_path / "c").propose(proposal(base))


def test_it_works_over_http_and_a_token_that_may_only_read_is_forbidden(
    upstream: Upstream, base: str, tmp_path: Path
) -> None:
    upstream.git("config", "http.receivepack", "true")
    with GitServer(upstream.path.parent, username="ann", password="s3cretpw") as server:
        proposals = door(server.url("fleet.git", "ann:s3cretpw"), tmp_path / "c")
        assert "s3cretpw" not in proposals.place
        made = proposals.propose(proposal(base))
        assert upstream.tip(BRANCH) == made
        asked = len(server.requests)
        offer = proposals.find(BRANCH)
        assert offer is not None
        assert offer.commit == made
        assert len(server.requests) - asked <= 2, "what is known here already is not fetched"
        upstream.git("config", "http.receivepack", "false")
        with pytest.raises(Forbidden):
            proposals.propose(proposal(base, replaces=made, text=b"newer\n"))
        server.mode = "404"
        with pytest.raises(Missing):
            proposals.find(BRANCH)
