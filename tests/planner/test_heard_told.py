"""What containers say of themselves, in the sentences and conditions of a workspace's report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.domain.finding import Finding
from reconciler.domain.report import Phase, WorkspaceReport
from reconciler.domain.state import ObservedState
from reconciler.domain.telemetry import Benchmark, Download, Telemetry, Training
from reconciler.planner.assess.assess import Assessor, assess, workspace_statuses
from tests.builders import NAME, observed_pool
from tests.planner.scenes import (
    NO_PLAN,
    asked,
    context,
    custom,
    desired,
    gpu_node,
    job,
    pod,
    running_set,
    seen,
    up,
    world,
)

POD = "Pod-phi-0"
HALF = Download("weights", 1_200_000_000, 7_100_000_000, 95e6)
WHERE = "microsoft/phi-4-mini-instruct on 1× Standard_NC24ads_A100_v4"


def heard(observed: ObservedState, *, expecting: bool = False, **telemetry: Any) -> ObservedState:
    said = Telemetry(**{"pod": POD, **telemetry})
    return replace(observed, telemetry={NAME: said}, expecting=frozenset({NAME} if expecting else ()))


def report_of(observed: ObservedState, *, tuning: bool = False) -> WorkspaceReport:
    return assess(desired(asked(tuning)), observed, NO_PLAN, (), context(NAME)).workspaces[NAME]


def loading(**state: Any) -> ObservedState:
    return world(running_set(0), pool=observed_pool(), nodes=(gpu_node(),), pods=(pod(**state),))


def tuning(status: dict[str, Any], *pods: dict[str, Any]) -> ObservedState:
    return world(job(status), pool=observed_pool(), nodes=(gpu_node(),), pods=pods or (pod(),))


RUNNING = {"active": 1, "ready": 1}


def test_a_model_on_its_way_says_how_much_of_it_is_there() -> None:
    whole = replace(HALF, done_bytes=HALF.total_bytes)
    unknown = replace(HALF, total_bytes=0, bytes_per_second=0.0)

    def awaited(download: Download | None) -> str:
        return report_of(heard(loading(), download=download)).awaiting

    assert awaited(HALF) == "the model to load: 1.2 of 7.1 GB at 95 MB/s"
    assert awaited(unknown) == "the model to load: 1.2 GB so far"
    assert awaited(whole) == awaited(None) == "the model to load: 0 of 1 pods Ready"


def test_what_an_earlier_pod_fetched_says_nothing_of_this_one() -> None:
    earlier = heard(loading(), pod="another", download=HALF)

    assert report_of(earlier).awaiting == "the model to load: 0 of 1 pods Ready"


def test_what_is_broken_counts_more_than_what_has_come() -> None:
    crashing = heard(loading(waiting="CrashLoopBackOff"), download=HALF)

    assert "crashed" in report_of(crashing).message


def test_a_model_that_serves_waits_for_its_benchmark_and_serves_all_the_same() -> None:
    report = report_of(heard(up(), expecting=True))

    assert (report.phase, report.awaiting) == (Phase.READY, "the benchmark")
    assert report.message == f"Serving {WHERE}"
    assert report.is_busy
    assert not report_of(heard(up())).is_busy


def test_a_tuning_that_succeeded_is_not_settled_before_its_last_words() -> None:
    over = tuning({"conditions": [{"type": "Complete", "status": "True"}]})
    report = report_of(heard(over, expecting=True, training=Training("training", 3, 9)), tuning=True)

    assert (report.phase, report.awaiting) == (Phase.SUCCEEDED, "its container's last words")
    assert (report.settled, report.is_busy) == (False, True)
    assert report_of(heard(over, training=Training("done")), tuning=True).settled


BENCHMARKS = [
    (Benchmark(197.0, 106000.0), "True", "BenchmarkCompleted", "benchmark result has been recorded"),
    (Benchmark(error="no answer in time"), "False", "BenchmarkFailed", "no answer in time"),
]


@pytest.mark.parametrize(("benchmark", "status", "reason", "message"), BENCHMARKS)
def test_a_benchmark_is_one_of_kaitos_conditions(
    benchmark: Benchmark, status: str, reason: str, message: str
) -> None:
    report = report_of(heard(up(), benchmark=benchmark))
    conditions = {each.type: each for each in report.conditions}

    said = conditions["BenchmarkCompleted"]
    assert (said.status, said.reason, said.message) == (status, reason, message)
    assert conditions["WorkspaceSucceeded"].status == "True"
    assert report.telemetry.benchmark == benchmark


def test_the_custom_resource_bears_the_figure_as_text_and_gives_it_up() -> None:
    assessor = Assessor()

    def fresh(observed: ObservedState) -> Any:
        return assessor.assess(desired(asked()), observed, NO_PLAN, (), context(NAME))

    measured = fresh(heard(up(), benchmark=Benchmark(197.0, 106000.5, clients=4)))
    ((ref, status),) = workspace_statuses(measured, up())
    metric = status["performance"]["metrics"]["peakTokensPerMinute"]
    assert (metric["value"], metric["unit"], metric["config"]) == (
        "106000.50",
        "tokens/min",
        {"maxConcurrency": "4"},
    )
    told = replace(up(), objects={ref: seen({**custom(), "status": status})})
    assert list(workspace_statuses(measured, told)) == []
    ((_, after),) = workspace_statuses(fresh(up()), told)
    assert "performance" not in after
    theirs = {"metrics": {"peakTokensPerMinute": {"value": "5", "description": "of another controller"}}}
    others = replace(up(), objects={ref: seen({**custom(), "status": {**after, "performance": theirs}})})
    assert list(workspace_statuses(fresh(up()), others)) == []


TUNINGS = [
    (None, ""),
    (Training("starting"), ": starting"),
    (Training("loading"), ": loading the model"),
    (
        Training("training", 120, 400, loss=1.234, eta_seconds=730.0),
        ": step 120 of 400, loss 1.23, 12 min left",
    ),
    (
        Training("delivering", 400, 400, message="the registry does not answer"),
        ": delivering the adapter (the registry does not answer)",
    ),
]


@pytest.mark.parametrize(("training", "told"), TUNINGS)
def test_a_running_tuning_says_what_it_is_at(training: Training | None, told: str) -> None:
    report = report_of(heard(tuning(RUNNING), training=training), tuning=True)

    assert (report.phase, report.message) == (Phase.RUNNING, f"Tuning {WHERE}{told}")
    assert report.is_busy


def test_a_tuning_that_fetches_says_how_much_has_come() -> None:
    fetching = heard(tuning(RUNNING), training=Training("starting"), download=HALF)
    under_way = heard(tuning(RUNNING), training=Training("training", 1, 4, loss=2.0), download=HALF)

    assert report_of(fetching, tuning=True).message.endswith(": starting, 1.2 of 7.1 GB at 95 MB/s")
    assert report_of(under_way, tuning=True).message.endswith(": step 1 of 4, loss 2.00")


def test_a_tuning_that_succeeded_says_what_came_of_it() -> None:
    complete = {"conditions": [{"type": "Complete", "status": "True"}]}
    done = Training("done", 400, 400, loss=1.5, eval_loss=1.934, digest="sha256:abc")
    no_eval = replace(done, eval_loss=None, digest="")

    def told(training: Training | None) -> str:
        return report_of(heard(tuning(complete), training=training), tuning=True).message

    assert told(done).endswith("has been tuned: eval loss 1.93; adapter sha256:abc")
    assert told(no_eval).endswith("has been tuned: loss 1.50")
    assert told(None).endswith("has been tuned")


def failed(reason: str) -> dict[str, Any]:
    told = {"type": "Failed", "status": "True", "reason": reason, "message": "the Job says so"}
    return {"conditions": [told]}


FAILURES = [
    ("PodFailurePolicy", Training("failed", message="no row can be used."), POD, "no row can be used"),
    ("BackoffLimitExceeded", Training("failed", message="no row can be used."), POD, "no row can be used"),
    ("DeadlineExceeded", Training("failed", message="no row can be used."), POD, "the Job says so"),
    ("PodFailurePolicy", Training("training", message="hm"), POD, "the Job says so"),
    ("PodFailurePolicy", Training("failed"), POD, "the Job says so"),
    ("PodFailurePolicy", Training("failed", message="of before"), "an earlier pod", "the Job says so"),
]


@pytest.mark.parametrize(("reason", "training", "of", "told"), FAILURES)
def test_a_failed_tuning_says_why_as_far_as_anybody_knows(
    reason: str, training: Training, of: str, told: str
) -> None:
    report = report_of(heard(tuning(failed(reason)), pod=of, training=training), tuning=True)

    assert report.phase is Phase.FAILED
    assert report.message.startswith(f"The tuning of microsoft/phi-4-mini-instruct has failed: {told}")


def test_what_is_held_back_keeps_what_it_said() -> None:
    mistake = Finding("workspaces/phi.yaml", 1, 1, "inference", "is not so", "mend it")
    observed = heard(up(), benchmark=Benchmark(197.0, 106000.0))
    held = desired(held={NAME: (mistake,)})
    report = assess(held, observed, NO_PLAN, (), context(NAME)).workspaces[NAME]

    assert report.phase is Phase.HELD
    assert report.telemetry.benchmark is not None
