"""What containers say of themselves, from their logs to the status branch, over a world in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import yaml

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.moment import later
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import ObservedObject, ObservedPool
from reconciler.domain.telemetry import LAST_WORDS
from reconciler.faults import Broken, Fault, Forbidden, Refused, Throttled, Unreachable
from reconciler.look import Doors
from reconciler.planner.desire.lore import Lore
from reconciler.planner.hear.record import ANNOTATION
from reconciler.planner.hear.speaker import LISTENING_SECONDS
from reconciler.prospect import Reading
from reconciler.reconcile import Engine
from reconciler.wiring import load_catalog, load_templates
from tests.builders import observed_node, observed_object
from tests.engine.test_nodes import fleet, workspace
from tests.engine.test_reconcile import NoHub
from tests.fakes import FakeBook, FakeCloud, FakeCluster, FakeSource
from tests.planner.hear.telling import DIGEST, MEASURED, NOW, downloading, ended, pod, training

CHAT, TUNE = WorkspaceName("default", "chat"), WorkspaceName("default", "tune")
SET, JOB = Ref("apps/v1", "StatefulSet", "default", "chat"), Ref("batch/v1", "Job", "default", "tune")
CUSTOM = Ref("kaito.sh/v1beta1", "Workspace", "default", "chat")
OURS = {"runtime": "towline", "imageRegistry": "registry.example.com/towline"}
TUNING = """\
apiVersion: kaito.sh/v1beta1
kind: Workspace
metadata:
  name: tune
resource:
  instanceType: Standard_NC24ads_A100_v4
  labelSelector:
    matchLabels:
      app: tune
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


class World:
    """A fleet with a model and a tuning, whose pods are what a test says; `now` is the moment."""

    def __init__(self, cell: Cell, **fleet_spec: str) -> None:
        files = {
            "towline.yaml": fleet(**{**OURS, **fleet_spec}),
            "workspaces/chat.yaml": workspace(),
            "workspaces/tune.yaml": TUNING,
        }
        self.source, self.cluster, self.cloud = FakeSource(files), FakeCluster(), FakeCloud()
        self.book, self.now, self._cell = FakeBook(), NOW, cell
        self.engine = self.new_engine()
        for _ in range(3):
            self.engine.run_pass()
        self.cluster.machines = tuple(machine(pool) for pool in self.cloud.seen.values())

    def new_engine(self) -> Engine:
        lore = Lore(load_catalog(), load_templates())
        doors = Doors(self.cluster, self.cloud, self.book)
        reading = Reading(self.source, self._cell, NoHub(), lore)
        return Engine(reading, lambda _fleet: doors, lambda: self.now)

    def has(self, ref: Ref, status: dict[str, Any], *pods: ObservedObject) -> None:
        """A workload comes to this status, and has these pods."""
        seen = self.cluster.seen[ref]
        document = {**seen.document, "status": {"observedGeneration": 1, **status}}
        changed = observed_object(document, digest=seen.digest, uid=seen.uid, resource_version="9999")
        self.cluster.seen[ref] = replace(changed, workspace=seen.workspace)
        self.cluster.running[WorkspaceName(ref.namespace, ref.name)] = pods

    def loads(self) -> None:
        self.has(SET, {"replicas": 1}, self.pod_of(SET))

    def serves(self) -> None:
        self.has(SET, {"replicas": 1, "readyReplicas": 1}, self.pod_of(SET, ready=self.now))

    def tunes(self) -> None:
        self.has(JOB, {"active": 1, "ready": 1}, self.pod_of(JOB))

    def pod_of(self, ref: Ref, uid: str = "", **how: Any) -> ObservedObject:
        name = "chat-0" if ref is SET else "tune-abcde"
        return pod(name, uid or f"{name}-uid", self.cluster.seen[ref].uid, **how)

    def passes(self, seconds: float = 15, chat: str | Fault = "", tune: str | Fault = "") -> Report:
        """Some time later the logs say this, and a pass comes by."""
        self.now = later(self.now, seconds)
        self.cluster.logs |= {("chat-0", "model"): chat, ("tune-abcde", "model"): tune}
        return self.engine.run_pass()

    def chat(self, log: str | Fault, seconds: float = 15) -> WorkspaceReport:
        return self.passes(seconds, chat=log).workspaces[CHAT]

    def tune(self, log: str | Fault, seconds: float = 15) -> WorkspaceReport:
        return self.passes(seconds, tune=log).workspaces[TUNE]

    def written(self) -> tuple[int, int]:
        return len(self.cluster.writes), len(self.book.messages)

    def told(self, name: str) -> dict[str, Any]:
        told: dict[str, Any] = yaml.safe_load(self.book.files[f"status/default/{name}.yaml"])
        return told


def machine(pool: ObservedPool) -> ObservedObject:
    """The Ready node of a pool, with the labels that were asked for."""
    node = observed_node(pool.name).document
    node["metadata"]["labels"] |= pool.properties["nodeLabels"]
    return observed_object(node, uid=pool.name)


@pytest.fixture
def world() -> Iterator[World]:
    with Cell() as cell:
        yield World(cell)


def test_a_model_that_loads_says_how_much_of_it_is_there(world: World) -> None:
    world.loads()
    report = world.chat(downloading(1_200_000_000, 7_100_000_000).replace(": 10}", ": 95000000}"))

    assert report.phase is Phase.PENDING
    assert report.message == "Waiting for the model to load: 1.2 of 7.1 GB at 95 MB/s"
    assert world.told("chat")["message"] == report.message


def test_what_did_not_move_is_neither_written_nor_committed(world: World) -> None:
    world.loads()
    world.chat(downloading(12))
    before = world.written()

    for done in (13, 14, 19):
        world.chat(downloading(done))
    assert world.written() == before
    world.chat(downloading(20))
    assert world.written() == (before[0] + 1, before[1] + 1)


def test_a_model_that_serves_is_measured_and_its_figures_are_told(world: World) -> None:
    world.serves()
    waiting = world.chat(downloading(100))
    assert (waiting.phase, waiting.awaiting, waiting.settled) == (Phase.READY, "the benchmark", False)
    assert waiting.message == "Serving phi-4-mini-instruct on 1× Standard_NC24ads_A100_v4"

    report = world.chat(MEASURED)
    assert report.telemetry.benchmark is not None
    assert (report.phase, report.awaiting, report.settled) == (Phase.READY, "", True)
    conditions = {each.type: (each.status, each.reason) for each in report.conditions}
    assert conditions["BenchmarkCompleted"] == ("True", "BenchmarkCompleted")
    metric = world.cluster.seen[CUSTOM].document["status"]["performance"]["metrics"]["peakTokensPerMinute"]
    assert (metric["value"], metric["unit"], metric["config"]) == (
        "106000.00",
        "tokens/min",
        {"maxConcurrency": "8"},
    )


def test_once_told_nothing_is_asked_written_or_forgotten(world: World) -> None:
    world.serves()
    world.chat(MEASURED)
    world.tunes()
    world.tune(training(400, "done"))
    world.has(JOB, COMPLETE, world.pod_of(JOB, terminated=ended()))
    world.passes(tune=training(400, "done"))
    asked, before = len(world.cluster.read), world.written()

    world.cluster.logs.clear()
    world.engine = world.new_engine()
    for _ in range(3):
        report = world.passes(60)
    assert len(world.cluster.read) == asked
    assert world.written() == before
    assert report.workspaces[CHAT].telemetry.benchmark is not None
    assert report.workspaces[TUNE].phase is Phase.SUCCEEDED


def test_a_benchmark_that_never_comes_is_not_waited_for_for_ever(world: World) -> None:
    world.serves()
    assert world.chat(downloading(100)).awaiting == "the benchmark"
    assert world.chat(downloading(100), LISTENING_SECONDS).awaiting == ""
    asked = len(world.cluster.read)
    world.chat("", 60)
    assert len(world.cluster.read) == asked


def test_a_benchmark_that_failed_says_why(world: World) -> None:
    world.serves()
    failed = MEASURED.replace('"tokensPerSecond"', '"error": "no answer in time", "tokensPerSecond"')
    report = world.chat(failed)

    (condition,) = (each for each in report.conditions if each.type == "BenchmarkCompleted")
    assert (condition.status, condition.reason) == ("False", "BenchmarkFailed")
    assert condition.message == "no answer in time"
    assert report.phase is Phase.READY
    assert "performance" not in world.cluster.seen[CUSTOM].document["status"]


def test_an_unchanged_pod_is_left_alone_for_a_while(world: World) -> None:
    world.tunes()
    world.tune(training(1))
    asked = len(world.cluster.read)
    world.tune(training(200), seconds=5)
    assert len(world.cluster.read) == asked
    world.tune(training(200), seconds=5)
    assert len(world.cluster.read) == asked + 1


def test_a_tuning_says_how_far_it_is_and_what_came_of_it(world: World) -> None:
    world.tunes()
    where = "phi-3-mini-128k-instruct on 1× Standard_NC24ads_A100_v4"
    assert world.tune("").message == f"Tuning {where}"
    running = world.tune(training(120, loss=1.234, etaSeconds=720, curve=[[120, 1.234, None]]))
    assert running.phase is Phase.RUNNING
    assert running.message == f"Tuning {where}: step 120 of 400, loss 1.23, 12 min left"
    assert running.is_busy

    over = world.pod_of(JOB, terminated=ended())
    world.has(JOB, COMPLETE, over)
    done = world.tune(training(400, "done", evalLoss=1.93, digest=DIGEST))
    assert done.phase is Phase.SUCCEEDED
    assert done.message == f"phi-3-mini-128k-instruct has been tuned: eval loss 1.93; adapter {DIGEST}"
    assert done.settled


BROKEN = {"type": "Failed", "status": "True", "reason": "PodFailurePolicy", "message": "Container failed"}
FAILED = {"conditions": [BROKEN]}
COMPLETE = {"conditions": [{"type": "Complete", "status": "True"}]}


def test_a_failed_tuning_tells_the_containers_own_reason(world: World) -> None:
    world.tunes()
    world.tune(training(3))
    world.has(JOB, FAILED, world.pod_of(JOB, terminated=ended(code=1)))
    report = world.tune(training(3, "failed", message="no row can be used: line 1 has no text."))

    assert report.phase is Phase.FAILED
    assert report.message == (
        "The tuning of phi-3-mini-128k-instruct has failed: no row can be used: line 1 has no text"
    )


@pytest.mark.parametrize("log", [Refused("the container is gone"), "rotated away\n"])
def test_where_the_log_is_gone_the_termination_message_tells(world: World, log: str | Fault) -> None:
    message = '{"state": "failed", "step": 3, "steps": 9, "message": "the disk is full"}'
    world.has(JOB, FAILED, world.pod_of(JOB, terminated=ended(message, 1)))

    assert world.tune(log).message.endswith("has failed: the disk is full")
    assert world.tune(log).telemetry.training is not None


LEFT = json.dumps({"state": "done", "step": 9, "steps": 9, "digest": DIGEST})


def test_a_tuning_whose_end_is_seen_before_it_is_heard_is_not_settled(world: World) -> None:
    world.tunes()
    world.tune(training(300))
    world.has(JOB, COMPLETE, world.pod_of(JOB))
    early = world.tune(training(390))
    assert (early.phase, early.awaiting, early.settled) == (Phase.SUCCEEDED, LAST_WORDS, False)

    world.has(JOB, COMPLETE, world.pod_of(JOB, terminated=ended(LEFT)))
    heard = world.tune(training(400, "done", digest=DIGEST))
    assert (heard.awaiting, heard.settled) == ("", True)


def test_a_tuning_whose_pod_is_gone_has_nothing_more_to_tell(world: World) -> None:
    world.tunes()
    world.tune(training(300))
    world.has(JOB, COMPLETE)

    assert world.tune("").settled


def test_where_the_log_never_comes_what_was_left_behind_tells_in_the_end(world: World) -> None:
    world.tunes()
    world.tune(training(300, curve=[[300, 1.5, None]]))
    world.has(JOB, COMPLETE, world.pod_of(JOB, terminated=ended(LEFT)))
    assert world.tune(Unreachable("x")).awaiting == LAST_WORDS

    done = world.tune(Unreachable("x"), LISTENING_SECONDS)
    assert (done.settled, done.message.endswith(f"adapter {DIGEST}")) == (True, True)
    assert done.telemetry.training is not None
    assert len(done.telemetry.training.curve) == 1


def test_who_may_not_read_logs_takes_what_was_left_behind(world: World) -> None:
    world.has(JOB, COMPLETE, world.pod_of(JOB, terminated=ended(LEFT)))

    assert world.tune(Forbidden("pods is forbidden")).message.endswith(f"adapter {DIGEST}")
    assert world.passes(tune=Forbidden("pods is forbidden")).problems == ()


def test_a_log_that_may_not_be_read_is_one_problem_and_no_end(world: World) -> None:
    world.serves()
    world.tunes()
    report = world.passes(chat=MEASURED, tune=Forbidden("pods is forbidden"))
    (problem,) = report.problems

    assert "pods/log" in problem
    assert report.workspaces[CHAT].telemetry.benchmark is not None
    for seconds in (1, 15, 15):
        assert world.passes(seconds, chat=MEASURED, tune=Forbidden("x")).problems == (problem,)
    assert world.passes(90, tune=training(5)).problems == ()


@pytest.mark.parametrize("fault", [Unreachable("x"), Throttled("x"), Broken("x")])
def test_a_log_that_cannot_be_had_now_is_no_word_worth(world: World, fault: Fault) -> None:
    world.serves()
    world.tunes()
    report = world.passes(chat=MEASURED, tune=fault)

    assert report.problems == ()
    assert report.workspaces[CHAT].telemetry.benchmark is not None
    assert world.tune(training(40), 90).telemetry.training is not None


def test_what_cannot_be_recorded_is_told_all_the_same_and_tried_again(world: World) -> None:
    world.tunes()
    world.cluster.faults[str(JOB)] = [Unreachable("x"), Unreachable("x")]
    assert world.tune(training(100)).telemetry.training is not None
    commits = len(world.book.messages)

    for _ in range(2):
        assert world.tune(training(101)).telemetry.training is not None
    assert len(world.book.messages) == commits
    assert ANNOTATION in world.cluster.seen[JOB].document["metadata"]["annotations"]


def test_looking_writes_nothing_down(world: World) -> None:
    world.tunes()
    world.now = later(world.now, 30)
    world.cluster.logs["tune-abcde", "model"] = training(100, loss=2.0)
    before = world.written()

    report = world.engine.look()

    assert "step 100 of 400" in report.workspaces[TUNE].message
    assert world.written() == before


def test_a_record_survives_our_own_apply_and_is_no_drift(world: World) -> None:
    world.tunes()
    world.tune(training(100))

    assert not world.engine.plan().plan.has_changes


def test_kaitos_containers_are_not_asked() -> None:
    with Cell() as cell:
        world = World(cell, runtime="kaito", imageRegistry="mcr.microsoft.com/aks/kaito")
        world.serves()
        world.tunes()
        report = world.passes(chat=MEASURED, tune=training(3))

    assert world.cluster.read == []
    assert report.workspaces[CHAT].settled
