"""Whom to listen to, and for how long."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.config import Config
from reconciler.domain.moment import later
from reconciler.domain.state import ObservedObject
from reconciler.domain.telemetry import Benchmark, Download, Telemetry, Training
from reconciler.domain.workspace import Workspace
from reconciler.planner.hear.ears import Ear, Memo, ears
from reconciler.planner.hear.record import Record
from reconciler.planner.hear.speaker import LISTENING_SECONDS
from tests.builders import NAME, config, declared, manifest, observed_state

from .telling import NOW, ended, pod, serving_set, training, tuning_job, workload

LONG_AGO = later(NOW, -LISTENING_SECONDS - 1)
MEASURED = Telemetry("pod-1", benchmark=Benchmark(100.0))
DONE = Telemetry("job-pod", training=Training("done"))


def asked(tuning: bool = False, **annotations: str) -> Config:
    document = manifest(metadata={"name": "phi", "annotations": annotations})
    if tuning:
        section = {"preset": {"name": "phi-3-mini-128k-instruct"}, "input": {}, "output": {}}
        document = {**document, "tuning": section, "inference": None}
    of = replace(declared(), manifest=Workspace.model_validate(document))
    return replace(config(NAME), workspaces={NAME: of})


def ear_of(seen: ObservedObject, *pods: ObservedObject, **annotations: str) -> Ear | None:
    state = replace(observed_state(seen), pods={NAME: pods} if pods else {})
    return next(ears(asked(seen.ref.kind == "Job", **annotations), state, {}), None)


def listened(
    seen: ObservedObject, *pods: ObservedObject, now: str = NOW, **annotations: str
) -> tuple[str, ...]:
    """The containers of the pod that is asked, after its name; empty where nobody is."""
    ear = ear_of(seen, *pods, **annotations)
    if ear is None or ear.speaker is None or not ear.listens(now):
        return ()
    return (ear.speaker.pod.ref.name, *ear.speaker.containers)


def recorded(telemetry: Telemetry, of: str = "set-1", revision: str = "phi-1") -> Record:
    return Record(of, NOW, telemetry, revision)


def job_pod(name: str = "phi-a", uid: str = "job-pod", **more: Any) -> ObservedObject:
    return pod(name, uid, "job-1", **more)


def test_of_a_model_that_loads_the_containers_that_run_are_heard() -> None:
    fetching = pod(init={"running": {}}, waiting={"reason": "PodInitializing"})

    assert listened(serving_set(), pod()) == ("phi-0", "model")
    assert listened(serving_set(), fetching) == ("phi-0", "fetch")
    assert listened(serving_set(), pod(init={"terminated": {"exitCode": 0}})) == ("phi-0", "model")


def test_where_nothing_has_started_nothing_is_asked() -> None:
    assert listened(serving_set()) == ()
    assert listened(serving_set(), pod(waiting={"reason": "CrashLoopBackOff"})) == ()
    assert listened(tuning_job(), job_pod(waiting={"reason": "ContainerCreating"})) == ()
    assert listened(serving_set(), replace(pod(), deleting=True)) == ()
    assert listened(replace(serving_set(), deleting=True), pod()) == ()


def test_a_model_that_serves_is_heard_until_its_benchmark_is_recorded() -> None:
    ready = pod(ready=NOW)

    assert listened(serving_set(), ready) == ("phi-0", "model")
    assert listened(serving_set(record=recorded(MEASURED)), ready) == ()
    assert listened(serving_set(record=recorded(MEASURED)), pod(uid="pod-2", ready=NOW)) == ("phi-0", "model")


def test_a_benchmark_that_does_not_come_is_not_waited_for_for_ever() -> None:
    ready = pod(ready=NOW)

    assert listened(serving_set(), ready, now=later(NOW, LISTENING_SECONDS - 1))
    assert not listened(serving_set(), ready, now=later(NOW, LISTENING_SECONDS + 1))
    assert not listened(serving_set(), pod(ready=LONG_AGO))
    assert not listened(serving_set(), pod(ready="some time ago"))


def test_no_benchmark_is_waited_for_where_the_person_wants_none() -> None:
    assert not listened(serving_set(), pod(ready=NOW), **{"kaito.sh/disable-benchmark": "True"})
    assert listened(serving_set(), pod(), **{"kaito.sh/disable-benchmark": "True"})


def test_a_benchmark_is_expected_only_while_it_may_come() -> None:
    spoken = serving_set(record=recorded(Telemetry("pod-1", Download("weights", 5, 5))))

    def measures(seen: ObservedObject, running: ObservedObject, now: str = NOW) -> bool:
        ear = ear_of(seen, running)
        assert ear is not None
        return ear.is_expecting(now)

    assert measures(spoken, pod(ready=NOW))
    assert not measures(spoken, pod(ready=NOW), later(NOW, LISTENING_SECONDS + 1))
    assert not measures(spoken, pod())
    assert not measures(serving_set(record=recorded(MEASURED)), pod(ready=NOW))


def test_of_a_pod_that_never_said_a_word_no_benchmark_is_waited_for() -> None:
    elsewhere = serving_set(record=recorded(Telemetry("earlier", Download("weights", 5, 5))))

    for seen in (serving_set(), elsewhere):
        ear = ear_of(seen, pod(ready=NOW))
        assert ear is not None
        assert (ear.listens(NOW), ear.is_expecting(NOW)) == (True, False)


def test_of_several_pods_the_first_one_serves() -> None:
    assert listened(serving_set(), pod("phi-1", "pod-2"), pod()) == ("phi-0", "model")
    assert listened(serving_set(), pod("phi-1", "pod-2")) == ()


def test_of_a_tuning_the_newest_pod_is_heard_for_as_long_as_it_runs() -> None:
    first = job_pod(born="2026-11-22T11:00:00Z", terminated=ended(code=75))
    second = job_pod("phi-b", "job-pod-2")

    assert listened(tuning_job(), first, second) == ("phi-b", "model")
    assert listened(tuning_job(), second, now=later(NOW, 10**6)) == ("phi-b", "model")


def test_the_end_of_a_tuning_is_heard_once() -> None:
    over = job_pod(terminated=ended())

    assert listened(tuning_job(), over) == ("phi-a", "model")
    assert listened(tuning_job(record=recorded(DONE, "job-1")), over) == ()
    assert listened(tuning_job(), over, now=later(NOW, LISTENING_SECONDS + 1)) == ()


LEFT = '{"state": "done", "step": 9, "steps": 9}'


def test_a_tunings_end_is_expected_until_it_is_recorded_or_may_come_no_more() -> None:
    training = Telemetry("job-pod", training=Training("training", 3, 9))
    known, ended_pod = recorded(training, "job-1"), job_pod(terminated=ended(LEFT))

    def is_expected(record: Record | None, *pods: ObservedObject, now: str = NOW) -> bool:
        ear = ear_of(tuning_job(record=record), *pods)
        return ear is not None and ear.is_expecting(now)

    assert is_expected(known, job_pod())
    assert is_expected(known, job_pod(terminated=ended()))
    assert is_expected(None, ended_pod)
    assert not is_expected(None, job_pod(terminated=ended()))
    assert not is_expected(known)
    assert not is_expected(recorded(DONE, "job-1"), ended_pod)
    assert not is_expected(known, ended_pod, now=later(NOW, LISTENING_SECONDS + 1))


def test_only_what_was_left_behind_is_taken_once_the_log_was_waited_for_long_enough() -> None:
    ear = ear_of(tuning_job(), job_pod(terminated=ended(LEFT)))
    assert ear is not None

    assert not ear.is_left_with_last_words(NOW)
    assert ear.is_left_with_last_words(later(NOW, LISTENING_SECONDS + 1))


def test_an_end_told_by_another_pod_is_not_the_end_of_this_one() -> None:
    failed = Telemetry("earlier", training=Training("failed"))

    assert listened(tuning_job(record=recorded(failed, "job-1")), job_pod(terminated=ended()))


def test_pods_of_another_workload_of_that_name_are_not_heard() -> None:
    assert listened(tuning_job("job-2"), job_pod(terminated=ended())) == ()
    assert listened(serving_set("set-2"), pod()) == ()


@pytest.mark.parametrize("module", ["vllm.entrypoints.api_server", "http.server"])
def test_containers_of_kaito_and_of_people_are_not_listened_to(module: str) -> None:
    theirs = workload("apps/v1", "StatefulSet", module, "set-1", {})

    assert listened(theirs, pod()) == ()
    assert listened(theirs, pod(ready=NOW)) == ()


def test_what_did_not_change_is_not_looked_at_again() -> None:
    seen, running = serving_set(), pod()
    memo: Memo = {}
    state = replace(observed_state(seen), pods={NAME: (running,)})
    (first,) = ears(asked(), state, memo)
    (again,) = ears(asked(), replace(state, pods={NAME: (running,)}), memo)
    (other,) = ears(asked(), replace(state, pods={NAME: (pod(ready=NOW),)}), memo)

    assert again is first
    assert other is not first
    assert list(ears(config(), state, memo)) == []
    assert memo == {}


def test_the_last_words_of_a_pod_are_read_from_its_termination_message() -> None:
    message = '{"state": "failed", "step": 3, "steps": 9, "eval_loss": 2.5, "message": "no room"}'
    ear = ear_of(tuning_job(), job_pod(terminated=ended(message, 1)))

    assert ear is not None
    assert ear.speaker is not None
    assert ear.speaker.last_words == Training("failed", 3, 9, eval_loss=2.5, message="no room")


@pytest.mark.parametrize("message", ["", "Traceback ...", "{", "[1]", '{"state": 1}', training(1)])
def test_a_termination_message_of_another_kind_says_nothing(message: str) -> None:
    ear = ear_of(tuning_job(), job_pod(terminated=ended(message, 1)))

    assert ear is not None
    assert ear.speaker is not None
    assert ear.speaker.last_words is None
