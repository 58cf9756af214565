import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.adapters.git.credentials import Credentials
from reconciler.faults import Unreachable
from tests.gitserver import GitServer

from .repos import Upstream, source_of


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """The process's environment with these in it, and put back afterwards."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def certificate(folder: Path, name: str) -> Path:
    """A self-signed certificate and its key in one file; `name` is as openssl writes an alternative name."""
    key, crt, both = folder / "key.pem", folder / "crt.pem", folder / "both.pem"
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=test")
    files = ("-addext", f"subjectAltName={name}", "-keyout", str(key), "-out", str(crt))
    subprocess.run((*words, *files), check=True, capture_output=True)
    both.write_bytes(key.read_bytes() + crt.read_bytes())
    return both


@contextmanager
def proxy(port: int, seen: list[bytes]) -> Iterator[str]:
    """An HTTP proxy that leads every CONNECT to one port of this machine; yields its address."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, port, seen), daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, port: int, seen: list[bytes]) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        seen.append(client.recv(4096))
        server = socket.create_connection(("127.0.0.1", port))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        for ends in ((client, server), (server, client)):
            threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        return


def test_a_certificate_that_is_not_trusted_is_unreachable_and_a_given_one_is_used(
    upstream: Upstream, tmp_path: Path
) -> None:
    commit = upstream.commit({"a": "1"})
    trusted = certificate(tmp_path, "IP:127.0.0.1")
    with GitServer(upstream.path.parent, certificate=trusted) as server:
        with pytest.raises(Unreachable, match="certificate"):
            source_of(server.url("fleet.git"), tmp_path / "no").tip()
        source = source_of(server.url("fleet.git"), tmp_path / "yes", Credentials(ca_file=trusted))
        assert source.snapshot(source.tip()).commit == commit


def test_the_proxy_of_the_environment_is_used_by_polls_and_fetches(
    upstream: Upstream, tmp_path: Path
) -> None:
    commit = upstream.commit({"a": "1"})
    trusted, seen = certificate(tmp_path, "DNS:git.example.test"), list[bytes]()
    with (
        GitServer(upstream.path.parent, certificate=trusted) as server,
        proxy(server.port, seen) as address,
        environment(https_proxy=f"http://ann:pw@{address}"),
    ):
        source = source_of("https://git.example.test/fleet.git", tmp_path / "c", Credentials(ca_file=trusted))
        assert source.tip() == commit
        assert len(seen) == 1
        assert source.snapshot(commit).commit == commit
    assert len(seen) == 2
    assert all(line.startswith(b"CONNECT git.example.test:443 ") for line in seen)
    assert b"Proxy-Authorization: Basic YW5uOnB3" in seen[0]


def test_the_git_environment_of_the_operator_is_not_honoured(upstream: Upstream, tmp_path: Path) -> None:
    commit, trap = upstream.commit({"a": "1"}), tmp_path / "trap"
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(f'[core]\n\thooksPath = {home}\n\tfsmonitor = "touch {trap}"\n[oops\n')
    nowhere = dict.fromkeys(
        ("GIT_DIR", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_INDEX_FILE"), "/nonexistent"
    )
    with environment(**nowhere, HOME=str(home), GIT_SSH_COMMAND=f"touch {trap}", GIT_ASKPASS=f"touch {trap}"):
        source = source_of(upstream.path, tmp_path / "c")
        assert source.read(source.snapshot(source.tip()).entries).popitem()[1] == b"1"
    assert source.snapshot(commit).commit == commit
    assert not trap.exists()
