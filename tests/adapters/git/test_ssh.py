import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.report import StatusCommit
from reconciler.faults import Fault, Forbidden, Missing, Unreachable
from tests.sshserver import NO_SSH, SshServer, ssh_server

from .repos import Upstream, book_of, source_of

pytestmark = pytest.mark.skipif(bool(NO_SSH), reason=NO_SSH)


@pytest.fixture(params=["version 2", "version 0"])
def server(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[SshServer]:
    """An sshd of our own; only the first lets the client ask for protocol version 2."""
    with ssh_server(tmp_path, protocol=2 if request.param == "version 2" else 0) as serving:
        yield serving


def test_a_repository_is_read_and_written_over_ssh(
    server: SshServer, upstream: Upstream, tmp_path: Path
) -> None:
    commit = upstream.commit({"a": "1"})
    source = source_of(server.url(upstream.path), tmp_path / "c", server.credentials)
    assert source.tip() == commit
    assert source.read(source.snapshot(commit).entries).popitem()[1] == b"1"
    book = book_of(server.url(upstream.path), tmp_path / "d", server.credentials)
    book.commit(StatusCommit({"b": b"2"}, "status"))
    assert upstream.files("towline/status") == {"b": "2"}


def test_a_path_with_spaces_and_quotes_is_one_path(server: SshServer, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    upstream = Upstream.create(tmp_path / f"it's; touch {trap.name} $(touch {trap.name})")
    commit = upstream.commit({"a": "1"})
    source = source_of(server.url(upstream.path), tmp_path / "c", server.credentials)
    assert source.snapshot(source.tip()).commit == commit
    assert not trap.exists()


def test_a_host_key_that_is_not_known_is_forbidden(
    server: SshServer, upstream: Upstream, tmp_path: Path
) -> None:
    commit = upstream.commit({"a": "1"})
    (tmp_path / "nobody").write_text("")
    strict = replace(server.credentials, known_hosts=tmp_path / "nobody")
    source = source_of(server.url(upstream.path), tmp_path / "c", strict)
    for ask in (source.tip, lambda: source.snapshot(commit)):
        with pytest.raises(Forbidden) as caught:
            ask()
        assert caught.value.code == "host-key"
    trusting = replace(strict, accept_new_host_keys=True)
    assert source_of(server.url(upstream.path), tmp_path / "d", trusting).tip() == commit


def test_a_key_that_is_not_known_is_forbidden(server: SshServer, upstream: Upstream, tmp_path: Path) -> None:
    stranger = replace(server.credentials, ssh_key=tmp_path / "sshd/stranger")
    source = source_of(server.url(upstream.path), tmp_path / "c", stranger)
    for ask in (source.tip, lambda: source.snapshot("1" * 40)):
        with pytest.raises(Forbidden):
            ask()


def test_what_is_not_there_is_missing(server: SshServer, upstream: Upstream, tmp_path: Path) -> None:
    for path in (upstream.path, tmp_path / "nothing.git"):
        with pytest.raises(Missing):
            source_of(server.url(path), tmp_path / "c", server.credentials).tip()


def test_a_server_that_is_not_there_is_unreachable(
    server: SshServer, upstream: Upstream, tmp_path: Path
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = replace(server, port=free.getsockname()[1])
    source = source_of(nowhere.url(upstream.path), tmp_path / "c", server.credentials)
    with pytest.raises(Unreachable):
        source.tip()
    with pytest.raises(Fault):
        source.snapshot("1" * 40)
