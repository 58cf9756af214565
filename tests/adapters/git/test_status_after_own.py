"""Who does not know whether it may write any more, on a status branch."""

from __future__ import annotations

from pathlib import Path

from reconciler.domain.report import StatusCommit
from reconciler.faults import Deposed

from .repos import Upstream, book_of

BRANCH = "towline/status"


def status(**files: str) -> StatusCommit:
    return StatusCommit({path: text.encode() for path, text in files.items()}, "a message")


def test_who_may_not_write_any_more_adds_to_his_own_commit_and_to_nobody_elses(
    upstream: Upstream, tmp_path: Path
) -> None:
    def deposed() -> None:
        raise Deposed("another leads")

    one, other = (book_of(upstream.path, tmp_path / name) for name in "ab")
    assert one.commit_after_own(status(a="0")) == ""
    one.commit(status(a="1"))
    one.ask_before_writing(deposed)
    assert one.commit_after_own(status(a="old")) == upstream.tip(BRANCH)
    other.commit(status(b="1"))
    assert one.commit_after_own(status(a="older")) == ""
    assert upstream.files(BRANCH) == {"a": "old", "b": "1"}
