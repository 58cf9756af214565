"""What fine-tunings and adapters come from and go to: data over HTTP, a registry, a login, processes."""

from __future__ import annotations

import base64
import http.server
import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.typed import becomes


def push_secret(host: str, name: str = "push", login_as: str = "ann:word") -> dict[str, Any]:
    """A login as `kubectl create secret docker-registry` makes it."""
    login = json.dumps({"auths": {host: {"auth": base64.b64encode(login_as.encode()).decode()}}})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name},
        "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(login.encode()).decode()},
    }


def processes_of(folder: Path) -> list[int]:
    """Processes of our containers whose documents lie below a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if b"runtime." in words and str(folder).encode() in words:
            found.append(int(entry.name))
    return found


def questions() -> Iterator[dict[str, Any]]:
    for number in range(24):
        yield {
            "messages": [
                {"role": "user", "content": f"What is {number} and one?"},
                {"role": "assistant", "content": f"It is {number + 1}."},
            ]
        }


@contextmanager
def registry(folder: Path, auth: str = "") -> Iterator[str]:
    """A real registry on a loopback port; its host and port. `auth` is YAML of its configuration."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed")
    folder.mkdir()
    host = f"127.0.0.1:{free_port()}"
    config = folder / "config.yml"
    storage = f"storage: {{filesystem: {{rootdirectory: {folder / 'data'}}}}}"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\n{storage}\nhttp: {{addr: '{host}', secret: test}}\n{auth}"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log)
    try:
        becomes(lambda: is_open(host), 60, (folder / "log").read_text)
        yield host
    finally:
        process.terminate()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def is_open(host: str) -> bool:
    name, _, port = host.partition(":")
    with socket.socket() as line:
        return line.connect_ex((name, int(port))) == 0


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A folder over HTTP on this machine."""
    page = partial(http.server.SimpleHTTPRequestHandler, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
