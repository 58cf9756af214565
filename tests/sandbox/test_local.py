"""Pods whose image has an argv builder really run, as processes of this machine."""

from __future__ import annotations

import os
import sys
import urllib.request
from pathlib import Path

from reconciler.sandbox.world.processes import LocalImage, LocalRun

from .conftest import House, eventually
from .objects import JOBS, PODS, SETS, are_ready, create, holds, job, pods_of, read, stateful, template

SERVE = "import http.server, os, sys; print('serving', os.environ['WHO'], flush=True); "
SERVE += "http.server.test(http.server.SimpleHTTPRequestHandler, port=int(sys.argv[1]), bind='127.0.0.1')"
COPY = "import sys, pathlib; given, out = map(pathlib.Path, sys.argv[1:]); "
COPY += "text = (given / 'text').read_text(); (out / 'copy').write_text(text); print('copied', text)"


def serving(run: LocalRun) -> list[str]:
    return [sys.executable, "-c", SERVE, str(run.port)]


def copying(run: LocalRun) -> list[str]:
    return [sys.executable, "-c", COPY, str(run.mounts["/given"]), str(run.mounts["/out"])]


def failing(run: LocalRun) -> list[str]:
    return [sys.executable, "-c", "raise SystemExit(3)"]


PLAIN = {"env": [{"name": "WHO", "value": "x"}], "ports": [{"containerPort": 80}]}
IMAGES = (
    LocalImage("local/serve", serving),
    LocalImage("local/copy", copying),
    LocalImage("local/fail", failing),
    LocalImage("local/absent", lambda run: ["/nonexistent/program"]),
)


def test_a_server_is_ready_when_its_probe_answers_and_ends_with_its_pod(build) -> None:
    house: House = build(local_images=IMAGES)
    container = {
        "image": "local/serve:1",
        "env": [
            {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "WHO", "valueFrom": {"configMapKeyRef": {"name": "who", "key": "who"}}},
        ],
        "ports": [{"containerPort": 5000}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 5000}},
    }
    who = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "who"}, "data": {"who": "a model"}}
    create(house, "/api/v1/namespaces/default/configmaps", who)
    create(house, SETS, stateful("serve", 1, template("serve", container)))
    pod = eventually(lambda: are_ready(house, "serve", 1))["serve-0"]
    address = pod["metadata"]["annotations"]["sandbox.towline.dev/listen"]
    assert urllib.request.urlopen(f"http://{address}/", timeout=5).status == 200
    assert "serving a model" in house.kube.ask("GET", f"{PODS}/serve-0/log").body
    house.kube.ask("DELETE", f"{SETS}/serve")
    eventually(lambda: not pods_of(house, "serve"))
    eventually(lambda: not is_open(address))


def test_a_killed_server_is_started_again(build) -> None:
    house: House = build(local_images=IMAGES)
    container = {
        "image": "local/serve:1",
        "env": [{"name": "WHO", "value": "x"}],
        "ports": [{"containerPort": 80}],
    }
    create(house, SETS, stateful("again", 1, template("again", container)))
    eventually(lambda: are_ready(house, "again", 1))
    kill_children(SERVE)
    eventually(
        lambda: pods_of(house, "again")["again-0"]["status"]["containerStatuses"][0]["restartCount"] == 1
    )
    eventually(lambda: are_ready(house, "again", 1))


def test_a_job_reads_and_writes_the_volumes_it_mounts(build) -> None:
    house: House = build(local_images=IMAGES)
    given = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "given"},
        "data": {"text": "words"},
    }
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "out"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    create(house, "/api/v1/namespaces/default/configmaps", given)
    create(house, "/api/v1/namespaces/default/persistentvolumeclaims", claim)
    mounts = [{"name": "given", "mountPath": "/given"}, {"name": "out", "mountPath": "/out"}]
    pod = template("copy", {"image": "local/copy:1", "volumeMounts": mounts})
    pod["spec"]["volumes"] = [
        {"name": "given", "configMap": {"name": "given"}},
        {"name": "out", "persistentVolumeClaim": {"claimName": "out"}},
    ]
    create(house, JOBS, job("copy", pod))
    eventually(lambda: holds(read(house, f"{JOBS}/copy"), "Complete"))
    assert (house.sandbox.settings.state / "claims" / "default" / "out" / "copy").read_text() == "words"


def test_the_exit_code_of_a_failed_job_is_told(build) -> None:
    house: House = build(local_images=IMAGES)
    create(house, JOBS, job("bad", template("bad", {"image": "local/fail:1"}), backoffLimit=0))
    eventually(lambda: holds(read(house, f"{JOBS}/bad"), "Failed"))
    (pod,) = pods_of(house, "bad").values()
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 3


def test_a_program_that_is_not_there_fails_as_a_container_does(build) -> None:
    house: House = build(local_images=IMAGES)
    create(house, JOBS, job("none", template("none", {"image": "local/absent:1"}), backoffLimit=0))
    eventually(lambda: holds(read(house, f"{JOBS}/none"), "Failed"))
    (pod,) = pods_of(house, "none").values()
    assert pod["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"] == 128


def test_processes_end_with_the_sandbox(build) -> None:
    house: House = build(local_images=IMAGES)
    container = {
        "image": "local/serve:1",
        "env": [{"name": "WHO", "value": "x"}],
        "ports": [{"containerPort": 80}],
    }
    create(house, SETS, stateful("last", 1, template("last", container)))
    pod = eventually(lambda: are_ready(house, "last", 1))["last-0"]
    address = pod["metadata"]["annotations"]["sandbox.towline.dev/listen"]
    house.sandbox.stop()
    assert not is_open(address)


def is_open(address: str) -> bool:
    try:
        urllib.request.urlopen(f"http://{address}/", timeout=5)
    except OSError:
        return False
    return True


def kill_children(words: str) -> None:
    """Kill the children of this very process whose command line holds these words."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and parent_of(entry) == os.getpid() and words in command_of(entry):
            os.kill(int(entry.name), 9)


def parent_of(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def command_of(process: Path) -> str:
    return (process / "cmdline").read_text()


def restarts(house: House, app: str) -> int:
    return pods_of(house, app)[f"{app}-0"]["status"]["containerStatuses"][0]["restartCount"]
