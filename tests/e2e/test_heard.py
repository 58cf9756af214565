"""What containers say of themselves, from real processes in the sandbox to the status branch."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.planner.hear.record import ANNOTATION
from reconciler.sandbox.world.processes import LocalImage, LocalRun
from tests.e2e.stage import Stage, fleet, staged, workspace
from tests.planner.hear.telling import DIGEST, MEASURED, downloading, training

REGISTRY = "registry.example.com/towline"

SERVE = """
import http.server, pathlib, sys, time
port, *lines = sys.argv[1:]
for line in lines[:-1]:
    print(line, flush=True); time.sleep(0.5)
class Answers(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *words): pass
server = http.server.HTTPServer(("127.0.0.1", int(port)), Answers)
server.handle_request(); print(lines[-1], flush=True); server.serve_forever()
"""
TUNE = """
import socket, sys, time
metrics = socket.create_server(("127.0.0.1", int(sys.argv[1])))
for line in sys.argv[2:]:
    print(line, flush=True); time.sleep(0.02)
"""
TUNING = """\
apiVersion: kaito.sh/v1beta1
kind: Workspace
metadata:
  name: tune
resource:
  instanceType: Standard_NC24ads_A100_v4
  labelSelector:
    matchLabels:
      apps: tune
tuning:
  preset:
    name: phi-3-mini-128k-instruct
  method: qlora
  input:
    urls: ["https://data.example.com/dolly.parquet"]
  output:
    image: registry.example.com/adapters/phi-3:1
    imagePushSecret: registry-login
"""
ROWS = {"trained": 90, "heldBack": 8, "unusable": 2, "shown": ["line 3: no text"]}
STEPS = [training(step, loss=3.0 - step / 200) for step in range(4, 401, 4)]
DONE = training(400, "done", loss=1.0, evalLoss=1.93, digest=DIGEST, rows=ROWS, curve=[[400, 1.0, 1.93]])


def serving(run: LocalRun) -> list[str]:
    lines = (downloading(12), downloading(55), downloading(100), MEASURED)
    return [sys.executable, "-c", SERVE, str(run.port), *(each.strip() for each in lines)]


def tuning(run: LocalRun) -> list[str]:
    states = [training(0, each) for each in ("starting", "fetched", "checked", "loading")]
    return [sys.executable, "-c", TUNE, str(run.port), *(each.strip() for each in (*states, *STEPS, DONE))]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    images = (
        LocalImage(f"{REGISTRY}/towline-serving", serving),
        LocalImage(f"{REGISTRY}/towline-tuning", tuning),
    )
    login = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry-login"}}
    with staged(tmp_path, local_images=images) as world:
        data = {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{}"}}
        world.outlook.ask("POST", "/api/v1/namespaces/default/secrets", {**login, **data})
        yield world


def repository() -> dict[str, str]:
    towline = fleet(runtime="towline", imageRegistry=REGISTRY)
    return {
        "towline.yaml": towline,
        "workspaces/chat.yaml": workspace("chat"),
        "workspaces/tune.yaml": TUNING,
    }


def logs_asked(stage: Stage) -> int:
    return stage.sandbox.requests.count(api="kube", agent="towline/", path="/log")


def conditions(told: dict[str, Any]) -> dict[str, str]:
    return {each["type"]: each["status"] for each in told.get("conditions", ())}


def test_from_a_push_to_what_containers_measured_trained_and_left(stage: Stage) -> None:
    stage.person.push(repository())
    with stage.daemon() as daemon:
        stage.becomes(lambda: "model to load: " in str(stage.person.told("chat").get("message")), daemon)
        stage.becomes(lambda: conditions(stage.person.told("chat")).get("BenchmarkCompleted"), daemon)
        stage.becomes_phase("tune", "Succeeded", daemon)
        stage.becomes(lambda: "eval loss 1.93" in str(stage.person.told("tune").get("message")), daemon)
    chat, tune = stage.person.told("chat"), stage.person.told("tune")

    assert (chat["phase"], conditions(chat)["BenchmarkCompleted"]) == ("Ready", "True")
    assert tune["message"].endswith(f"has been tuned: eval loss 1.93; adapter {DIGEST}")
    told = [each for each in stage.person.status_commits() if "step" in each or "tune" in each]
    assert len(told) < 40


def test_what_was_heard_outlives_the_daemon_and_is_asked_for_no_more(stage: Stage) -> None:
    stage.person.push(repository())
    stage.settle()
    before, told = logs_asked(stage), stage.person.everything_told()
    assert before > 0

    stage.settle()
    assert logs_asked(stage) == before
    after = stage.person.everything_told()
    for name in ("chat", "tune"):
        assert {**after[name], "cost": None} == {**told[name], "cost": None}
    assert (after["chat"]["benchmark"], after["tune"]["tuning"]["evalLoss"]) == (
        told["chat"]["benchmark"],
        1.93,
    )


def test_a_record_survives_our_own_apply_until_another_pod_template_is_measured(stage: Stage) -> None:
    stage.person.push({name: text for name, text in repository().items() if "tune" not in name})
    stage.settle()
    record = record_of(stage)

    stage.outlook.patch("StatefulSet", "chat", {"metadata": {"labels": {"app.kubernetes.io/name": "mine"}}})
    stage.settle()
    live = stage.outlook.find("StatefulSet", "chat")
    assert live is not None
    assert live["metadata"]["labels"]["app.kubernetes.io/name"] == "vllm"
    assert record_of(stage) == record
    assert pod_of(stage)["metadata"]["uid"] == record["pod"]

    stage.person.push({"workspaces/chat.yaml": workspace("chat", preset="phi-4")})
    stage.settle()
    assert record_of(stage)["revision"] != record["revision"]
    assert record_of(stage)["pod"] == pod_of(stage)["metadata"]["uid"] != record["pod"]
    assert record_of(stage)["benchmark"] == record["benchmark"]


def record_of(stage: Stage) -> dict[str, Any]:
    live = stage.outlook.find("StatefulSet", "chat") or {"metadata": {}}
    record: dict[str, Any] = json.loads(live["metadata"].get("annotations", {}).get(ANNOTATION, "{}"))
    return record


def pod_of(stage: Stage) -> dict[str, Any]:
    return next(each for each in stage.outlook.all("Pod") if each["metadata"]["name"] == "chat-0")
