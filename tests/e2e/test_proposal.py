"""From a push of a tuning to a branch that serves its adapter, and from its merge to the model that does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.sandbox.world.processes import LocalImage
from tests.e2e.stage import Stage, fleet, staged, workspace
from tests.e2e.test_heard import REGISTRY, TUNING, serving, tuning
from tests.planner.hear.telling import DIGEST

BRANCH = "towline/adapter/tune"
NOTE = "  annotations:\n    towline.dev/propose-to: chat\n"
ASKING = TUNING.replace("  name: tune\n", f"  name: tune\n{NOTE}", 1)
CHAT = workspace("chat", "phi-3-mini-128k-instruct")


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    images = (
        LocalImage(f"{REGISTRY}/towline-serving", serving),
        LocalImage(f"{REGISTRY}/towline-tuning", tuning),
    )
    login = {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "{}"}}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry-login"}, **login}
    with staged(tmp_path, local_images=images) as world:
        world.outlook.ask("POST", "/api/v1/namespaces/default/secrets", secret)
        world.person.push(
            {
                "towline.yaml": fleet(runtime="towline", imageRegistry=REGISTRY),
                "workspaces/chat.yaml": f"# Ours.\n{CHAT}",
                "workspaces/tune.yaml": ASKING,
            }
        )
        yield world


def proposed(stage: Stage) -> str:
    return stage.person.remote("for-each-ref", "--format=%(objectname)", f"refs/heads/{BRANCH}")


def proposal_told(stage: Stage) -> str:
    return str(stage.person.told("tune").get("proposal", ""))


def proposes(stage: Stage) -> str:
    """Let Towline run until it has proposed and said so; the proposal's commit."""
    with stage.daemon() as daemon:
        stage.becomes(lambda: "merge it" in proposal_told(stage), daemon)
    return proposed(stage)


def document(stage: Stage) -> str:
    """What the model's container is told."""
    return yaml.safe_dump(stage.outlook.find("ConfigMap", "chat-serving"))


def test_a_finished_tuning_is_proposed_merged_and_served(stage: Stage) -> None:
    commit = proposes(stage)
    assert f"proposed to default/chat on branch {BRANCH}" in proposal_told(stage)
    assert stage.person.remote("diff", "--name-only", "main", commit) == "workspaces/chat.yaml"
    text = stage.person.remote("show", f"{commit}:workspaces/chat.yaml")
    assert text.startswith(f"# Ours.\n{CHAT.rstrip()}")
    message = stage.person.remote("log", "-1", "--format=%B", commit)
    assert message.startswith("Serve chat with the adapter of tune")
    assert "90 trained on, 8 held back, 2 unusable" in message

    stage.person.git("fetch", "-q", "origin", BRANCH)
    stage.person.git("merge", "-q", "--ff-only", "FETCH_HEAD")
    stage.person.push({}, "merged")
    stage.person.remote("update-ref", "-d", f"refs/heads/{BRANCH}")
    with stage.daemon() as daemon:
        stage.becomes(lambda: proposal_told(stage) == "accepted by default/chat", daemon)
        stage.becomes(lambda: DIGEST.rpartition("@")[2] in document(stage), daemon)
    assert proposed(stage) == ""


def test_what_was_declined_is_not_proposed_again_and_a_settled_fleet_pushes_nothing(stage: Stage) -> None:
    proposes(stage)
    stage.person.remote("update-ref", "-d", f"refs/heads/{BRANCH}")
    stage.settle()
    commits = stage.person.status_commits()
    stage.settle()
    assert proposed(stage) == ""
    assert stage.person.status_commits() == commits
