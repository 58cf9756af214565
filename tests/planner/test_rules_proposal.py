"""Whom an adapter may be proposed to, and what is said of a name that nobody has."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.workspace import Workspace
from reconciler.planner.read.config import all_findings
from reconciler.planner.rules.proposal import targets
from tests.builders import manifest
from tests.planner.judged import tuned
from tests.planner.repository import read, text_of

FLEET: dict[str, Any] = {"apiVersion": "towline.dev/v1alpha1", "kind": "Fleet"}
OURS = {"runtime": "towline", "imageRegistry": "registry.example.com/towline"}
PRESET = {"preset": {"name": "phi-3-mini-128k-instruct"}}


def tune(to: str, name: str = "tune", **tuning: Any) -> dict[str, Any]:
    metadata = {"name": name, "annotations": {"towline.dev/propose-to": to}}
    return {**tuned(**tuning), "metadata": metadata}


def chat(name: str = "chat", **inference: Any) -> dict[str, Any]:
    return manifest(name, inference={**PRESET, **inference})


def said(*documents: dict[str, Any], **spec: Any) -> list[tuple[str, str]]:
    """Severity and message of everything said of the annotation."""
    fleet = {**FLEET, "spec": {**OURS, **spec}}
    config = read({"towline.yaml": fleet, "workspaces/all.yaml": text_of(*documents)})
    told = [each for each in all_findings(config) if "propose-to" in each.field]
    return [(each.severity.value, f"{each.message}: {each.mend}") for each in told]


def test_a_workspace_that_serves_the_same_model_may_be_proposed_to() -> None:
    assert said(tune("chat"), chat()) == []
    assert said(tune("default/chat, chat-2"), chat(), chat("chat-2")) == []


def test_the_same_model_by_another_name_is_the_same() -> None:
    other = chat(preset={"name": "microsoft/Phi-3-mini-128k-instruct"})
    assert said(tune("chat"), other) == []


def test_a_name_that_nobody_has_is_a_warning_with_the_nearest() -> None:
    ((severity, text),) = said(tune("chatt"), chat())
    assert severity == "warning"
    assert "there is no workspace default/chatt: did you mean default/chat?" in text
    ((severity, text),) = said(tune("elsewhere/assistant"), chat())
    assert (severity, "did you mean" in text) == ("warning", False)


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("tune", "is this tuning itself"),
        ("other", "tunes as well"),
        ("big", "serves microsoft/phi-4-mini-instruct, and an adapter of microsoft/Phi-3-mini-128k-instruct"),
        ("own", "serves a template of its own"),
    ],
)
def test_who_cannot_serve_it_is_an_error(to: str, words: str) -> None:
    own = manifest("own", inference={"template": {"spec": {"containers": [{"name": "a", "image": "i"}]}}})
    others = (tune("chat", "other"), manifest("big"), own, chat())
    errors = [text for severity, text in said(tune(to), *others) if severity == "error"]
    assert len(errors) == 1
    assert words.lower() in errors[0].lower()


def test_without_an_image_or_a_digest_there_is_nothing_to_pin() -> None:
    volume = {"volumeSource": {"persistentVolumeClaim": {"claimName": "c"}}}
    ((severity, text),) = said(tune("chat", output=volume), chat())
    assert severity == "warning"
    assert "there is no image to pin" in text
    ((severity, text),) = said(tune("chat"), chat(), runtime="kaito")
    assert severity == "warning"
    assert "do not say which digest" in text


def test_only_what_is_tuned_is_proposed_and_only_to_somebody() -> None:
    serving = {**chat(), "metadata": {"name": "chat", "annotations": {"towline.dev/propose-to": "tune"}}}
    assert [severity for severity, _ in said(serving)] == ["warning"]
    assert "it names nobody" in said(tune(" , "), chat())[0][1]


def test_a_target_that_comes_or_goes_is_seen_though_the_tuning_did_not_change() -> None:
    memo: dict[Any, Any] = {}
    fleet = {**FLEET, "spec": OURS}
    files = {"towline.yaml": fleet, "workspaces/tune.yaml": tune("chat")}
    alone = read(files, memo=memo).workspaces[WorkspaceName("default", "tune")]
    both = read({**files, "workspaces/chat.yaml": chat()}, memo=memo)
    assert [each.severity for each in alone.findings if "propose" in each.field] == [Severity.WARNING]
    findings = both.workspaces[WorkspaceName("default", "tune")].findings
    assert [each for each in findings if "propose" in each.field] == []


def test_names_are_read_once_each_in_their_order() -> None:
    workspace = Workspace.model_validate(tune("b, a ,other/a,,b"), strict=False)
    names = targets(WorkspaceName("team", "tune"), workspace)
    assert [str(name) for name in names] == ["team/b", "team/a", "other/a"]
