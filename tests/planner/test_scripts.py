"""The shell inside our containers, run by a shell."""

from __future__ import annotations

import gzip
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.planner.resolve import scripts

ALL = {name: text for name, text in vars(scripts).items() if name.isupper() and isinstance(text, str)}


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_shell_can_read_it(name: str) -> None:
    subprocess.run(["sh", "-n", "-c", ALL[name]], check=True)


class _Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        missing = self.path.startswith("/missing")
        self.send_response(404 if missing else 200)
        self.end_headers()
        if not self.path.startswith(("/empty", "/missing")):
            self.wfile.write(b"rows")

    def log_message(self, *ignored: object) -> None:
        return


@pytest.fixture
def files() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def download(folder: Path, *urls: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("curl"):
        pytest.skip("curl is not on PATH")
    command = ["sh", "-c", scripts.DOWNLOAD, "towline", str(folder), *urls]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_each_url_becomes_a_numbered_file_with_its_last_name(files: str, tmp_path: Path) -> None:
    done = download(tmp_path, f"{files}/a/train.parquet?download=true", f"{files}/b/train.parquet#x")
    assert done.returncode == 0, done.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "1-train.parquet": "rows",
        "2-train.parquet": "rows",
    }


def test_an_empty_or_missing_source_stops_the_training(files: str, tmp_path: Path) -> None:
    assert download(tmp_path, f"{files}/empty.csv").returncode != 0
    assert download(tmp_path, f"{files}/missing.csv").returncode != 0
    assert download(tmp_path, "file:///etc/hostname").returncode != 0


def test_a_url_cannot_name_a_file_elsewhere(files: str, tmp_path: Path) -> None:
    target = tmp_path / "data"
    target.mkdir()
    assert download(target, f"{files}/a/..%2f..%2fup.csv", f"{files}/$(id)`id`").returncode == 0
    assert sorted(path.parent.name for path in tmp_path.rglob("*") if path.is_file()) == ["data", "data"]


def push(tmp_path: Path, *, completed: bool) -> subprocess.CompletedProcess[str]:
    """The pusher beside a training that has just ended, with an `oras` that keeps what it is given."""
    results, tools, kept = (tmp_path / name for name in ("results", "tools", "kept"))
    for folder in (results, tools, kept):
        folder.mkdir()
    (tools / "oras").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$@" > {kept}/arguments\ncp layer.tar.gz config.json {kept}\n'
    )
    (tools / "oras").chmod(0o755)
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        (results / name).write_text(name)
    if completed:
        (results / "fine_tuning_completed.txt").touch()
    training = subprocess.Popen(["sleep", "0.2"])
    (results / ".tuning-process").write_text(f"{training.pid}\n")
    waiter = threading.Thread(target=training.wait)
    waiter.start()
    command = ["sh", "-c", scripts.PUSH, "towline", str(results), "r.example.com/a:1", "phi-4"]
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=environment)
    waiter.join()
    return done


def test_a_completed_training_is_pushed_as_an_image_of_one_layer(tmp_path: Path) -> None:
    assert push(tmp_path, completed=True).returncode == 0
    kept = tmp_path / "kept"
    arguments = (kept / "arguments").read_text().splitlines()
    assert {"r.example.com/a:1", "sh.kaito.model.name=phi-4"} <= set(arguments)
    layer = gzip.decompress((kept / "layer.tar.gz").read_bytes())
    image = json.loads((kept / "config.json").read_text())
    assert image["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]
    assert b"data/adapter_model.safetensors" in layer


def test_a_training_that_failed_is_not_pushed_and_not_waited_for(tmp_path: Path) -> None:
    done = push(tmp_path, completed=False)
    assert done.returncode == 1
    assert "did not complete" in done.stderr
    assert not (tmp_path / "kept" / "arguments").exists()
