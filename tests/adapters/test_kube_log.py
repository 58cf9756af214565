"""A container's log through the Kubernetes door: text, bounded, and the faults that say why there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.kube.cluster import KubeCluster
from reconciler.faults import Broken, Fault, Forbidden, Missing, Refused, Throttled, Unreachable
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from reconciler.sandbox.world.processes import LocalImage
from tests.adapters.kube_script import cluster_of
from tests.adapters.kube_world import CONTEXT, KINDS, QUICK, eventually, somebody_else
from tests.adapters.scripted import Answer, Asked, Cut, document

PODS = "/api/v1/namespaces/default/pods"
SPEAK = "print('first'); print('{\"event\": \"telemetry\"}'); print('last \\u2713')"


def test_the_last_lines_are_asked_for_as_text(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(200, b"one\ntwo\n", {"Content-Type": "text/plain"})

    with cluster_of(tmp_path, script) as (cluster, server):
        assert cluster.log("default", "phi-0", "model", 500) == "one\ntwo\n"
    (asked,) = server.asked
    assert (asked.path, asked.query) == (
        f"{PODS}/phi-0/log",
        {"container": "model", "tailLines": "500"},
    )
    assert asked.headers["accept"].startswith("text/plain")
    assert asked.headers["authorization"] == "Bearer a-token"


def test_of_a_log_without_measure_the_end_is_kept(tmp_path: Path) -> None:
    line = b"x" * 1023 + b"\n"

    def script(asked: Asked) -> Answer:
        return Answer(200, [*([line * 1024] * 9), b"the end\n"], {"Content-Type": "text/plain"})

    with cluster_of(tmp_path, script) as (cluster, _):
        text = cluster.log("default", "phi-0", "model", 500)
    assert len(text) == 4 << 20
    assert text.endswith("x\nthe end\n")


def test_what_is_no_utf_8_is_read_all_the_same(tmp_path: Path) -> None:
    def script(asked: Asked) -> Answer:
        return Answer(200, b"\xff\xfe broken \xe2\x9c\x93\n", {"Content-Type": "text/plain"})

    with cluster_of(tmp_path, script) as (cluster, _):
        assert cluster.log("default", "phi-0", "model", 5) == "\ufffd\ufffd broken \u2713\n"


def status(code: int, reason: str) -> Answer:
    return document({"kind": "Status", "code": code, "reason": reason, "message": "so"}, code)


FAULTS: list[tuple[Answer | Cut, type[Fault]]] = [
    (status(404, "NotFound"), Missing),
    (status(403, "Forbidden"), Forbidden),
    (status(400, "BadRequest"), Refused),
    (status(429, "TooManyRequests"), Throttled),
    (status(500, "InternalError"), Broken),
    (Cut(), Unreachable),
]


@pytest.mark.parametrize(("answer", "fault"), FAULTS, ids=[each.__name__ for _, each in FAULTS])
def test_why_there_is_no_log_is_a_fault(tmp_path: Path, answer: Answer | Cut, fault: type[Fault]) -> None:
    with cluster_of(tmp_path, lambda asked: answer) as (cluster, _), pytest.raises(fault):
        cluster.log("default", "phi-0", "model", 5)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Sandbox]:
    speaks = LocalImage("local/speak", lambda run: [sys.executable, "-X", "utf8", "-c", SPEAK])
    with Sandbox(SandboxSettings(tmp_path / "sandbox", speed=600, local_images=(speaks,))) as sandbox:
        yield sandbox


def test_what_a_real_process_printed_is_its_log(world: Sandbox) -> None:
    cluster = KubeCluster(world.kubeconfig, CONTEXT, "demo", KINDS, QUICK)
    container = {"name": "model", "image": "local/speak:1"}
    spec = {"restartPolicy": "Never", "containers": [container]}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "speaker"}, "spec": spec}
    somebody_else(world, "POST", PODS, pod)
    told: list[str] = []

    def speaks() -> bool:
        try:
            told.append(cluster.log("default", "speaker", "model", 2))
        except Refused:
            return False
        return "last" in told[-1]

    eventually(speaks)
    assert told[-1] == '{"event": "telemetry"}\nlast \u2713\n'
    with pytest.raises(Missing):
        cluster.log("default", "nobody", "model", 2)
    cluster.close()
