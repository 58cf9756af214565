from __future__ import annotations

import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.artifacts.faults import Mistaken
from runtime.serving.document import Spread
from runtime.serving.vllm.ground import Ground, look_around, pod_number
from runtime.serving.vllm.ray_nodes import (
    JOINED_AFTER,
    PATIENCE,
    Again,
    GiveUp,
    Tries,
    after_a_try,
    head_command,
    join_command,
    lead,
)
from tests.runtime.serving_vllm.conftest import ROOT, config_for

LEADER = "phi-0.phi-headless"

FAKE_RAY = """#!/bin/sh
# Tells what it was called with, fails while the leader is away, and holds a node once it has joined.
echo "$@" >> "$RAY_CALLS"
case "$1 $2" in
  "health-check "*) [ -e "$RAY_LEADER" ] ;;
  "start --address="*)
    [ -e "$RAY_LEADER" ] || exit 1
    exec "$RAY_RAYLET" 600 ;;
  "start --head") [ -e "$RAY_LEADER" ] || { echo "port 6379 is taken"; exit 3; } ;;
esac
"""


class Ray:
    """A `ray` on PATH that keeps what it was called with, and a leader that is there or not."""

    def __init__(self, folder: Path) -> None:
        (folder / "bin").mkdir()
        (folder / "bin" / "ray").write_text(FAKE_RAY)
        (folder / "bin" / "ray").chmod(0o755)
        shutil.copy(shutil.which("sleep") or "/bin/sleep", folder / "raylet")  # a process of that name
        self.calls, self.leader = folder / "calls", folder / "leader"
        self.calls.touch()
        self.environment = {
            **os.environ,
            "PATH": f"{folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "POD_INDEX": "1",
            "POD_IP": "10.0.0.7",
            "RAY_CALLS": str(self.calls),
            "RAY_LEADER": str(self.leader),
            "RAY_RAYLET": str(folder / "raylet"),
        }

    def wait_for_calls(self, number: int) -> list[str]:
        """Return once `ray` was called that often."""
        while len(calls := self.calls.read_text().splitlines()) < number:
            time.sleep(0.05)
        return calls


@pytest.fixture
def ray(tmp_path: Path) -> Ray:
    return Ray(tmp_path)


@pytest.fixture
def document(tmp_path: Path) -> Path:
    spread = {"tensor": 8, "pipeline": 2, "nodes": 2, "leader": LEADER}
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config_for(tmp_path, engine={"kind": "vllm", "spread": spread})))
    return path


@pytest.fixture
def worker(ray: Ray, document: Path, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    script = Path(__file__).with_name("serve.py")
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(script), str(document)], env=ray.environment, stdout=log, stderr=log
        )
    yield process
    process.kill()
    process.wait(30)


def health(ray: Ray, document: Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "runtime.serving.vllm.health", str(document)],
        env={**ray.environment, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout.strip()


def test_the_leader_starts_the_cluster_and_the_worker_joins_it_by_the_leaders_name() -> None:
    assert head_command("10.0.0.6") == (
        "ray",
        "start",
        "--head",
        "--node-ip-address=10.0.0.6",
        "--port=6379",
        "--include-dashboard=false",
        "--disable-usage-stats",
    )
    assert f"--address={LEADER}:6379" in join_command(LEADER, "10.0.0.7")
    assert "--block" in join_command(LEADER, "10.0.0.7")


def test_a_worker_tries_again_with_longer_pauses_until_its_patience_ends() -> None:
    tries, pauses = Tries(0, 100.0), []
    for _ in range(6):
        move = after_a_try(tries, lasted=1.0, now=200.0, leader=LEADER)
        assert isinstance(move, Again)
        tries = move.tries
        pauses.append(move.pause)
    assert pauses == [1.0, 2.0, 5.0, 10.0, 10.0, 10.0]
    assert isinstance(after_a_try(tries, 1.0, 100.0 + PATIENCE, LEADER), GiveUp)


def test_a_worker_that_had_joined_and_lost_the_leader_begins_anew() -> None:
    move = after_a_try(Tries(9, 0.0), JOINED_AFTER, PATIENCE * 3, LEADER)
    assert move == Again(Tries(0, PATIENCE * 3), 1.0)


def test_a_worker_waits_for_its_leader_joins_it_and_leaves_by_sigterm(
    ray: Ray, worker: subprocess.Popen[bytes], document: Path
) -> None:
    ray.wait_for_calls(2)  # the leader is away: it tried again
    ray.leader.touch()
    ray.wait_for_calls(len(ray.calls.read_text().splitlines()) + 1)
    while health(ray, document) != (0, "well: the leader's Ray answers"):
        assert worker.poll() is None
    joins = [call for call in ray.calls.read_text().splitlines() if call.startswith("start")]
    assert joins[-1] == (
        f"start --address={LEADER}:6379 --node-ip-address=10.0.0.7 --disable-usage-stats --block"
    )
    ray.leader.unlink()
    assert health(ray, document) == (1, "not well: the leader's Ray does not answer")
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(30) == 0


def test_a_leader_whose_ray_does_not_start_tells_rays_own_reason(
    ray: Ray, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("PATH", "RAY_CALLS", "RAY_LEADER"):
        monkeypatch.setenv(key, ray.environment[key])
    spread = Spread(nodes=2, leader=LEADER)
    with pytest.raises(
        Exception, match=r"Ray did not start on the leader \(exit code 3\): port 6379 is taken"
    ):
        lead(spread, Ground(address="10.0.0.6"))
    ray.leader.touch()
    lead(spread, Ground(address="10.0.0.6"))


def test_an_image_without_ray_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Mistaken, match="has no `ray`"):
        lead(Spread(nodes=2, leader=LEADER), Ground())


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_a_leader_is_as_well_as_its_server_says(ray: Ray, document: Path, status: int, code: int) -> None:
    class Health(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    port = json.loads(document.read_text())["port"]
    with http.server.HTTPServer(("127.0.0.1", port), Health) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        said = health(ray, document, POD_INDEX="0")
        server.shutdown()
        thread.join()
    assert said[0] == code
    assert said[1].endswith(f"the server answers {status}")


def test_a_leader_whose_server_is_not_there_is_not_well(ray: Ray, document: Path) -> None:
    code, said = health(ray, document, POD_INDEX="0")
    assert code == 1
    assert "the server does not answer" in said


def test_a_pod_index_that_is_no_number_is_told() -> None:
    with pytest.raises(Mistaken, match="POD_INDEX must be the number of this pod, 0 or more, not 'one'"):
        pod_number({"POD_INDEX": "one"})


def test_the_address_of_the_pod_is_the_one_kubernetes_tells() -> None:
    ground = look_around("cuda", {"POD_IP": "10.0.0.9", "POD_INDEX": "3"})
    assert (ground.address, ground.pod) == ("10.0.0.9", 3)
    assert ground.free_bytes > 0
