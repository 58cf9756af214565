"""What of a report becomes a Kubernetes Event, and what does not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.domain.event import Event
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.plan import Action, Outcome
from reconciler.domain.report import Condition, Phase
from reconciler.domain.state import ObservedState
from reconciler.domain.telemetry import Benchmark, Telemetry, Training
from reconciler.planner.decide.inventory import inventory_objects
from reconciler.planner.tell.events import MOST, Account, compose_events
from tests.builders import (
    NOW,
    observed_object,
    observed_state,
    stateful_set,
)
from tests.planner.accounts import CUSTOM, WORKLOAD, account, done, refused, told, workspace


def test_an_unchanged_world_tells_nothing() -> None:
    before = account(workspace(phase=Phase.FAILED), done=(refused(),))
    assert told(before, before) == []


@pytest.mark.parametrize(
    ("phase", "kind"),
    [
        (Phase.READY, "Normal"),
        (Phase.SUCCEEDED, "Normal"),
        (Phase.DELETING, "Normal"),
        (Phase.NOT_READY, "Warning"),
        (Phase.FAILED, "Warning"),
        (Phase.HELD, "Warning"),
    ],
)
def test_a_phase_is_told_when_it_comes(phase: Phase, kind: str) -> None:
    after = workspace(phase=phase, message="As it is")

    assert told(account(workspace()), account(after)) == [(kind, str(phase), "As it is")]


def test_what_is_said_beside_a_phase_that_stands_is_no_news_of_it() -> None:
    before, after = (
        workspace(phase=Phase.READY, message=text) for text in ("Serving", "Serving; a field is")
    )

    assert told(account(before), account(after)) == []


def test_a_wait_is_no_news() -> None:
    assert told(account(), account(workspace())) == []


def test_a_mistake_is_told_with_its_place_and_how_to_mend_it() -> None:
    wrong = Finding(
        "w/phi.yaml", 7, 3, "inference.preset.name", "there is no preset phi-5", "Did you mean phi-4?"
    )
    other = replace(wrong, line=9)
    odd = replace(wrong, severity=Severity.WARNING)
    after = workspace(phase=Phase.INVALID, message="Not applied: there is no", findings=(odd, wrong, other))

    assert told(account(), account(after)) == [
        (
            "Warning",
            "Invalid",
            "Not applied: w/phi.yaml:7:3: error: inference.preset.name: there is no preset phi-5. "
            "Did you mean phi-4? (and 1 more)",
        )
    ]


def test_an_approval_that_is_needed_is_told_as_such() -> None:
    message = "Removal waits: 9 workspaces would be removed at once; to delete it all the same, add abc"
    after = workspace(phase=Phase.HELD, message=message, awaiting="a person's approval")

    assert told(account(), account(after)) == [("Warning", "ApprovalRequired", message)]


def test_what_a_pod_fails_by_is_told_by_kubernetes_own_word() -> None:
    calm = Condition("InferenceReady", "False", "WorkspaceInferenceStatusPending", "not ready", NOW)
    pull = replace(calm, reason="ImagePullError", message="image x cannot be pulled")

    assert told(account(workspace(conditions=(calm,))), account(workspace(conditions=(pull,)))) == [
        ("Warning", "ImagePullError", "Image x cannot be pulled")
    ]


def test_the_turns_of_a_training_are_told_and_not_its_steps() -> None:
    def at(state: str, step: int = 0) -> Account:
        training = Training(state, step=step, steps=400)
        message = f"Tuning phi-4: step {step} of 400, {400 - step} min left"
        running = workspace(phase=Phase.RUNNING, message=message, telemetry=Telemetry("p", training=training))
        return account(running)

    assert told(at("loading"), at("training")) == [("Normal", "TrainingStarted", "Training, 400 steps")]
    assert told(at("training"), at("training", 120)) == []
    assert told(at("training", 120), at("interrupted", 120)) == [
        ("Warning", "TrainingInterrupted", "Interrupted at step 120 of 400")
    ]
    assert told(at("training", 400), at("delivering", 400)) == [
        ("Normal", "DeliveringAdapter", "Trained; delivering the adapter")
    ]


def test_a_benchmark_is_told_by_kaitos_name() -> None:
    before = workspace(phase=Phase.READY)
    good = replace(before, telemetry=Telemetry(benchmark=Benchmark(tokens_per_second=197, ttft_seconds=0.18)))
    bad = replace(before, telemetry=Telemetry(benchmark=Benchmark(error="it never answered")))

    assert told(account(before), account(good)) == [
        ("Normal", "BenchmarkCompleted", "197 tokens/s, first token after 0.18 s")
    ]
    assert told(account(before), account(bad)) == [
        ("Warning", "BenchmarkFailed", "No benchmark: it never answered")
    ]


def test_after_a_start_only_what_is_wrong_is_told() -> None:
    well = workspace(WorkspaceName("lab", "well"), phase=Phase.READY, nodes_ready=("n",))
    ill = workspace(WorkspaceName("lab", "ill"), phase=Phase.FAILED, message="It has failed")

    assert told(None, account(well, ill)) == [("Warning", "Failed", "It has failed")]


def test_an_event_is_about_the_workspace_else_about_what_runs_for_it_else_about_its_name() -> None:
    def about(observed: ObservedState, *outcomes: Outcome) -> tuple[Ref, str]:
        after = account(workspace(phase=Phase.FAILED), done=outcomes)
        event = compose_events(account(), after, observed)[0]
        return event.regarding, event.uid

    custom = {
        "apiVersion": CUSTOM.api_version,
        "kind": "Workspace",
        "metadata": {"name": "phi", "namespace": "default"},
    }
    both = observed_state(observed_object(custom, uid="uid-c"), observed_object(stateful_set(), uid="uid-w"))
    assert about(both) == (CUSTOM, "uid-c")
    assert about(observed_state(observed_object(stateful_set(), uid="uid-w"))) == (WORKLOAD, "uid-w")
    made = done(Action.CREATE), done(Action.CREATE, "Workspace")
    assert about(observed_state(), *made) == (CUSTOM, "uid-Workspace")
    assert about(observed_state(), *made[:1]) == (WORKLOAD, "uid-StatefulSet")
    assert about(observed_state()) == (CUSTOM, "")


def test_a_pass_over_ten_thousand_tells_fifty_events_what_is_wrong_first() -> None:
    names = [WorkspaceName("lab", f"w{number:05}") for number in range(10_000)]
    before = account(*(workspace(name) for name in names))
    after = account(
        *(
            workspace(name, phase=Phase.FAILED if n % 500 == 7 else Phase.READY)
            for n, name in enumerate(names)
        )
    )
    inventory = inventory_objects({}, "towline")
    observed = observed_state(*(observed_object(each.document, uid="uid-i") for each in inventory))

    events = compose_events(before, after, observed)

    assert len(events) == MOST
    assert sum(each.reason == "Failed" for each in events) == 20
    assert [each.regarding.name for each in events[:-1]] == sorted(
        each.regarding.name for each in events[:-1]
    )
    last = events[-1]
    assert (last.reason, last.type) == ("ManyChanges", "Normal")
    assert last.note == "9951 more, told on the status branch: 9951 Ready"
    assert last.regarding == Ref("v1", "ConfigMap", "towline-system", "inventory-towline")


def test_a_note_is_one_line_within_kubernetes_limit_and_without_credentials() -> None:
    message = "cannot fetch https://ann:hunter2@example.com/x?sig=abcdef\n\x1b[31m" + "x" * 5000
    after = account(workspace(phase=Phase.FAILED, message=message))

    note = compose_events(account(), after, observed_state())[0].note

    assert len(note) == 1024
    assert note.isprintable()
    assert not [secret for secret in ("hunter2", "abcdef") if secret in note]


def test_two_events_are_the_same_but_for_numbers_and_not_but_for_names() -> None:
    def event(note: str, reason: str = "Failed") -> Event:
        return Event(CUSTOM, "u", "Warning", reason, note, NOW)

    assert event("tried 3 times, again at 12:05 UTC").gist == event("tried 14 times, again at 13:10 UTC").gist
    assert event("1× Standard_NC24ads_A100_v4").gist != event("1× Standard_NC48ads_A100_v4").gist
    assert event("x").gist != event("x", "Ready").gist
