"""What nodes cost, from the world to the words: counted while they run, kept when they go, told daily."""

from __future__ import annotations

import json
from typing import Any

from .stage import Stage, config_repo
from .test_prune import serving


def cost(stage: Stage, *words: str) -> dict[str, Any]:
    """`towline cost` as a program reads it."""
    typed = stage.type("cost", "-o", "json", *words)
    assert typed.returncode == 0, typed.stderr
    told: dict[str, Any] = json.loads(typed.stdout)
    return told


def logbooks(stage: Stage) -> list[tuple[str, str]]:
    """Name and version of every logbook in the cluster."""
    found = (each["metadata"] for each in stage.outlook.all("ConfigMap"))
    return [(each["name"], each["resourceVersion"]) for each in found if each["name"].startswith("nodes-")]


def test_nothing_runs_and_nothing_costs_before_the_first_pass(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))

    told = cost(stage)

    assert [(each["nodes"], each["nodes_wanted"]) for each in told["workspaces"]] == [(0, 1)]
    assert (told["fleet"]["dollars_per_hour"], told["fleet"]["so_far"]) == (0.0, 0.0)
    assert logbooks(stage) == []


def test_what_runs_is_counted_and_what_has_gone_is_not_forgotten(stage: Stage) -> None:
    with serving(stage, "chat", "stays") as daemon:
        both = cost(stage)
        assert [each["nodes"] for each in both["workspaces"]] == [1, 1]
        assert both["fleet"]["dollars_per_hour"] == sum(
            each["dollars_per_hour"] for each in both["workspaces"]
        )
        assert both["fleet"]["so_far"] > 0
        (written,) = logbooks(stage)

        alone = cost(stage, "chat")
        assert [each["workspace"] for each in alone["workspaces"]] == ["default/chat"]
        assert logbooks(stage) == [written]

        stage.person.push({"workspaces/chat.yaml": None}, "Retire chat")
        stage.becomes(lambda: set(stage.outlook.inventory()) == {"default.stays"}, daemon)
        stage.becomes(lambda: cost(stage)["former"]["so_far"] > 0, daemon)

    left = cost(stage)
    assert [each["workspace"] for each in left["workspaces"]] == ["default/stays"]
    assert left["fleet"]["so_far"] > both["fleet"]["so_far"]
    assert "former workspaces" in stage.type("cost").stdout


def test_a_daemon_that_has_nothing_to_do_writes_no_logbook_and_tells_no_cents(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    stage.settle()
    stage.settle()
    written, told = logbooks(stage), stage.person.status_commits()

    stage.settle()
    stage.type("run", "--once")

    assert logbooks(stage) == written
    assert stage.person.status_commits() == told


def test_a_workspace_that_is_not_there_is_said_not_to_be(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))

    typed = stage.type("cost", "chta")

    assert typed.returncode == 1
    assert "no workspace chta in" in typed.stderr
