import logging
import traceback
from pathlib import Path

import pytest

from reconciler.adapters.git.credentials import Credentials
from reconciler.adapters.git.limits import GitLimits
from reconciler.faults import Broken, Fault, Forbidden, Missing, Refused, Throttled, Unreachable
from tests.gitserver import HANG, LORIS, TRUNCATE, GitServer

from .repos import Upstream, source_of

IMPATIENT = GitLimits(poll_seconds=1.0, transfer_seconds=3.0)
CANARY = "c4n4ry-s3cret"


@pytest.mark.parametrize("protocol", [0, 2])
def test_the_tip_is_read_over_http_in_either_protocol(
    upstream: Upstream, tmp_path: Path, protocol: int
) -> None:
    commit = upstream.commit({"a": "1"})
    upstream.commit({"a": "2"}, branch="main-old")
    with GitServer(upstream.path.parent, protocol=protocol) as server:
        assert source_of(server.url("fleet.git"), tmp_path / "c").tip() == commit


@pytest.mark.parametrize("form", ["{}", "file://{}"])
def test_the_tip_is_read_from_a_folder(upstream: Upstream, tmp_path: Path, form: str) -> None:
    commit = upstream.commit({"a": "1"})
    assert source_of(form.format(upstream.path), tmp_path / "c").tip() == commit


@pytest.mark.parametrize("protocol", [2, 0])
def test_the_default_branch_is_the_one_head_stands_for(
    upstream: Upstream, tmp_path: Path, protocol: int
) -> None:
    upstream.commit({"a": "1"}, branch="trunk")
    upstream.git("symbolic-ref", "HEAD", "refs/heads/trunk")
    with GitServer(upstream.path.parent, protocol=protocol) as server:
        over_http = source_of(server.url("fleet.git"), tmp_path / "c").remote
        by_path = source_of(str(upstream.path), tmp_path / "d").remote
        assert (over_http.default_branch(), by_path.default_branch()) == ("trunk", "trunk")


def test_a_poll_costs_the_same_for_ten_and_for_50_000_refs(upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit({"a": "1"})
    with GitServer(upstream.path.parent) as server:
        for url in (server.url("fleet.git"), str(upstream.path)):
            assert _bytes_of_polls(url, tmp_path, upstream, 10) == _bytes_of_polls(
                url, tmp_path, upstream, 50_000
            )


def _bytes_of_polls(url: str, tmp_path: Path, upstream: Upstream, refs: int) -> tuple[int, int]:
    upstream.add_refs(refs)
    source = source_of(url, tmp_path / "c")
    source.tip()
    first = source.traffic.poll_bytes
    source.tip()
    source.close()
    assert source.traffic.poll_bytes < 2000
    return first, source.traffic.poll_bytes - first


def test_after_the_first_poll_one_request_is_enough(upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit({"a": "1"})
    with GitServer(upstream.path.parent) as server:
        source = source_of(server.url("fleet.git"), tmp_path / "c")
        for _ in range(3):
            source.tip()
        assert server.requests == [
            "GET /fleet.git/info/refs?service=git-upload-pack",
            *["POST /fleet.git/git-upload-pack"] * 3,
        ]
        assert source.traffic.requests == 4


def test_a_connection_that_the_server_has_closed_is_opened_again(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.commit({"a": "1"})
    with GitServer(upstream.path.parent) as server:
        source = source_of(server.url("fleet.git"), tmp_path / "c")
        source.tip()
        server.hang_up()
        assert source.tip() == commit


def test_a_branch_that_is_not_there_is_missing(upstream: Upstream, tmp_path: Path) -> None:
    with GitServer(upstream.path.parent) as server:
        for url in (server.url("fleet.git"), str(upstream.path)):
            with pytest.raises(Missing, match="no branch main"):
                source_of(url, tmp_path / "empty").tip()
        upstream.commit({"a": "1"}, branch="main2")
        for url in (server.url("fleet.git"), str(upstream.path)):
            with pytest.raises(Missing, match="no branch main"):
                source_of(url, tmp_path / "other").tip()


def test_a_repository_that_is_not_there_is_missing(upstream: Upstream, tmp_path: Path) -> None:
    with GitServer(upstream.path.parent) as server:
        for url in (server.url("nothing.git"), str(upstream.path) + "-not"):
            with pytest.raises(Missing):
                source_of(url, tmp_path / "c").tip()


def test_basic_and_bearer_credentials_open_a_private_repository(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.commit({"a": "1"})
    with GitServer(upstream.path.parent, username="ann", password=CANARY) as server:
        for index, (url, credentials) in enumerate(
            (
                (server.url("fleet.git"), Credentials("ann", CANARY)),
                (server.url("fleet.git", f"ann:{CANARY}"), Credentials()),
            )
        ):
            source = source_of(url, tmp_path / str(index), credentials)
            assert source.snapshot(source.tip()).commit == commit
    with GitServer(upstream.path.parent, bearer=CANARY) as server:
        source = source_of(
            server.url("fleet.git"), tmp_path / "b", Credentials(secret=CANARY, scheme="bearer")
        )
        assert source.snapshot(source.tip()).commit == commit


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("401", Forbidden),
        ("403", Forbidden),
        ("404", Missing),
        ("400", Refused),
        ("429", Throttled),
        ("500", Broken),
        ("503", Broken),
        (TRUNCATE, Broken),
        (HANG, Unreachable),
        (LORIS, Unreachable),
    ],
)
def test_a_server_that_fails_is_a_fault_of_its_kind(
    upstream: Upstream, tmp_path: Path, mode: str, kind: type[Fault]
) -> None:
    commit = upstream.commit({"a": "1"})
    with GitServer(upstream.path.parent) as server:
        source = source_of(server.url("fleet.git"), tmp_path / "c", limits=IMPATIENT)
        source.tip()
        server.mode = mode
        with pytest.raises(kind):
            source.tip()
        with pytest.raises(Fault):
            source.snapshot(commit)
        server.mode = "ok"
        assert source.snapshot(source.tip()).commit == commit


def test_the_time_a_server_asks_for_is_told(upstream: Upstream, tmp_path: Path) -> None:
    for asked, least, most in (("17", 17, 17), ("Fri, 31 Dec 2100 23:59:59 GMT", 1e9, 1e10), ("soon", 0, 0)):
        with GitServer(upstream.path.parent, mode="429", retry_after=asked) as server:
            with pytest.raises(Throttled) as caught:
                source_of(server.url("fleet.git"), tmp_path / "c").tip()
            assert least <= caught.value.retry_after <= most


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path, upstream: Upstream) -> None:
    with GitServer(upstream.path.parent) as server:
        url = server.url("fleet.git")
    with pytest.raises(Unreachable):
        source_of(url, tmp_path / "c").tip()


def test_credentials_never_follow_a_redirect_to_another_host(upstream: Upstream, tmp_path: Path) -> None:
    upstream.commit({"a": "1"})
    with GitServer(upstream.path.parent) as evil, GitServer(upstream.path.parent, mode="302") as server:
        server.location = evil.url("fleet.git") + "/info/refs?service=git-upload-pack"
        source = source_of(server.url("fleet.git", f"ann:{CANARY}"), tmp_path / "c")
        for ask in (source.tip, lambda: source.snapshot("0" * 40)):
            with pytest.raises(Refused):
                ask()
        assert evil.requests == []


def test_a_repository_that_moved_on_its_own_host_is_followed(upstream: Upstream, tmp_path: Path) -> None:
    commit = upstream.commit({"a": "1"})
    with GitServer(upstream.path.parent) as server:
        server.moved = {"/old.git": "/fleet.git"}
        source = source_of(server.url("old.git"), tmp_path / "c")
        assert source.snapshot(source.tip()).commit == commit


@pytest.mark.parametrize("mode", ["ok", "500", "302", "403", HANG])
def test_a_token_is_in_no_fault_log_or_repr(
    upstream: Upstream, tmp_path: Path, mode: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with GitServer(upstream.path.parent, username="ann", password="other", mode=mode) as server:
        server.location = server.url("x", f"ann:{CANARY}") if mode == "302" else ""
        source = source_of(server.url("fleet.git", f"ann:{CANARY}"), tmp_path / "c", limits=IMPATIENT)
        told = caplog.text + repr(source.remote) + repr(source.remote.credentials) + str(source.remote)
        for ask in (source.tip, lambda: source.snapshot("0" * 40)):
            with pytest.raises(Fault) as caught:
                ask()
            told += "".join(traceback.format_exception(caught.value))
    assert CANARY not in told
    assert Credentials("ann", CANARY).authorization.split()[1] not in told
    for file in (tmp_path / "c").rglob("*"):
        assert not file.is_file() or CANARY.encode() not in file.read_bytes()
