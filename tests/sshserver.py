"""An sshd of our own for tests: one user key it knows, one it does not, and a host key to check it by."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler.adapters.git.credentials import Credentials
from tests.gitserver import until

SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
NO_SSH = "" if SSHD and shutil.which("ssh") else "sshd or ssh is not installed here"


@dataclass(frozen=True)
class SshServer:
    """A running sshd and how to log in to it."""

    port: int
    credentials: Credentials

    def url(self, path: Path) -> str:
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{path}"


@contextmanager
def ssh_server(folder: Path, protocol: int = 2) -> Iterator[SshServer]:
    """Serve while the block lasts; with `protocol` 2 a client may ask for Git's protocol version 2."""
    home = folder / "sshd"
    home.mkdir(mode=0o700)
    for name in ("host", "user", "stranger"):
        subprocess.run(("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(home / name)), check=True)
    port = _free_port()
    (home / "known_hosts").write_text(f"[127.0.0.1]:{port} {(home / 'host.pub').read_text()}")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    options = tuple(word for option in _options(home, port, protocol) for word in ("-o", option))
    argv = (str(SSHD), "-D", "-e", "-f", "/dev/null", *options)
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
        assert until(lambda: _listens(port))
        yield SshServer(port, Credentials(ssh_key=home / "user", known_hosts=home / "known_hosts"))
        process.terminate()


def _options(home: Path, port: int, protocol: int) -> tuple[str, ...]:
    return (
        f"Port={port}",
        "ListenAddress=127.0.0.1",
        f"HostKey={home}/host",
        f"PidFile={home}/pid",
        f"AuthorizedKeysFile={home}/user.pub",
        "StrictModes=no",
        "UsePAM=no",
        "PasswordAuthentication=no",
        *(("AcceptEnv=GIT_PROTOCOL",) if protocol == 2 else ()),
    )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
