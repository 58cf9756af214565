"""How pods of local processes are reached, and how they end: by themselves, with a sandbox, after it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import urllib3

from .conftest import House, eventually
from .local_images import IMAGES, PORTS, env
from .objects import (
    PODS,
    SERVICES,
    SETS,
    are_ready,
    create,
    pods_of,
    read,
    stateful,
    template,
)


def service(name: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": 5000}]},
    }


def address(house: House, name: str) -> str:
    found = eventually(lambda: read(house, f"{SERVICES}/{name}")["metadata"].get("annotations"))
    return str(found["sandbox.towline.dev/address"])


def answer(url: str) -> tuple[int, str]:
    page = urllib3.request("GET", url, timeout=5, retries=False)
    return page.status, page.data.decode()


def test_a_service_keeps_its_address_while_pods_come_and_go(build) -> None:
    house: House = build(local_images=IMAGES)
    create(house, SERVICES, service("web"))
    create(house, SETS, stateful("web", 1, template("web", {"image": "local/serve", **PORTS})))
    eventually(lambda: are_ready(house, "web", 1))
    url = address(house, "web")
    status, first = answer(url)
    assert status == 200

    house.kube.ask("DELETE", f"{PODS}/web-0")
    eventually(lambda: answer(url)[0] == 200 and answer(url)[1] != first)
    house.kube.ask("PATCH", f"{SETS}/web", {"spec": {"replicas": 0}})
    eventually(lambda: answer(url) == (503, "no pod of this Service answers\n"))
    assert address(house, "web") == url

    house.kube.ask("DELETE", f"{SERVICES}/web")
    port = int(url.rpartition(":")[2])
    eventually(lambda: not is_open(port))


def test_a_service_keeps_its_address_over_a_restart_of_the_sandbox(build) -> None:
    first: House = build(local_images=IMAGES)
    create(first, SERVICES, service("web"))
    create(first, SETS, stateful("web", 1, template("web", {"image": "local/serve", **PORTS})))
    eventually(lambda: are_ready(first, "web", 1))
    url = address(first, "web")
    first.sandbox.stop()
    assert not is_open(int(url.rpartition(":")[2]))
    second: House = build(local_images=IMAGES)
    eventually(lambda: are_ready(second, "web", 1))
    assert address(second, "web") == url
    assert answer(url)[0] == 200


def test_a_pod_is_there_until_its_process_has_ended_in_its_own_time(build, tmp_path: Path) -> None:
    house: House = build(local_images=IMAGES)
    mark = tmp_path / "mark"
    container = {"image": "local/serve", **PORTS, "env": env(SECONDS="0.7", MARK=str(mark))}
    create(house, SETS, stateful("slow", 1, template("slow", container)))
    pod = eventually(lambda: are_ready(house, "slow", 1))["slow-0"]
    house.kube.ask("DELETE", f"{SETS}/slow")
    assert read(house, f"{PODS}/slow-0")["metadata"]["deletionTimestamp"]
    assert not mark.exists()
    eventually(lambda: not pods_of(house, "slow"))
    assert mark.read_text() == "ended well"
    assert not (house.sandbox.settings.state / "pods" / pod["metadata"]["uid"]).exists()


def test_a_pod_of_a_process_goes_in_a_sandbox_that_runs_none(build) -> None:
    first: House = build(local_images=IMAGES)
    create(first, SETS, stateful("was", 1, template("was", {"image": "local/serve", **PORTS})))
    eventually(lambda: are_ready(first, "was", 1))
    first.sandbox.stop()
    second: House = build()
    pod = pods_of(second, "was")["was-0"]
    assert "sandbox.towline.dev/listen" not in pod["metadata"].get("annotations", {})
    second.kube.ask("DELETE", f"{SETS}/was")
    eventually(lambda: not pods_of(second, "was"))


def test_a_process_that_does_not_end_is_killed_when_its_grace_is_over(build, tmp_path: Path) -> None:
    house: House = build(local_images=IMAGES)
    container = {"image": "local/serve", **PORTS, "env": env(SECONDS="60", MARK=str(tmp_path / "mark"))}
    spec = template("stuck", container, terminationGracePeriodSeconds=1)
    create(house, SETS, stateful("stuck", 1, spec))
    eventually(lambda: are_ready(house, "stuck", 1))
    house.kube.ask("DELETE", f"{SETS}/stuck")
    eventually(lambda: not pods_of(house, "stuck"))
    assert not (tmp_path / "mark").exists()


def test_processes_do_not_outlive_a_sandbox_that_is_killed(tmp_path: Path) -> None:
    program = KILLED.format(state=str(tmp_path / "state"))
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as process:
        assert process.stdout is not None
        port, pid = map(int, process.stdout.readline().split())
        assert is_open(port)
        process.send_signal(signal.SIGKILL)
    eventually(lambda: not is_open(port) and not Path(f"/proc/{pid}").exists())


KILLED = """
import time, urllib.request
from pathlib import Path
from reconciler.sandbox.server import Sandbox
from reconciler.sandbox.settings import SandboxSettings
from tests.sandbox.conftest import eventually, open_house
from tests.sandbox.objects import SETS, are_ready, create, stateful, template
from tests.sandbox.local_images import IMAGES, PORTS
with Sandbox(SandboxSettings(Path({state!r}), speed=600, local_images=IMAGES)) as sandbox:
    house = open_house(sandbox)
    create(house, SETS, stateful("web", 1, template("web", {{"image": "local/serve", **PORTS}})))
    pod = eventually(lambda: are_ready(house, "web", 1))["web-0"]
    address = pod["metadata"]["annotations"]["sandbox.towline.dev/listen"]
    pid = urllib.request.urlopen(f"http://{{address}}/").read().decode()
    print(address.rpartition(":")[2], pid, flush=True)
    time.sleep(60)
"""


def is_open(port: int) -> bool:
    with socket.socket() as line:
        return line.connect_ex(("127.0.0.1", port)) == 0
