"""The daemon's manners: how it ends, how soon it hears, and what it does when Git is not there."""

import json
import time

from tests.gitserver import HANG, GitServer

from .stage import Stage, config_repo, fleet, workspace
from .typed import is_alive


def test_sigterm_ends_it_cleanly(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    with stage.daemon() as daemon:
        stage.becomes_phase("chat", "Ready", daemon)

        family = daemon.family()

        assert daemon.stop() == 0
        stage.becomes(lambda: not any(map(is_alive, family)), daemon, 10)
        assert "Traceback" not in daemon.said


def test_sigterm_ends_it_though_the_cloud_hangs(stage: Stage) -> None:
    stage.sandbox.ask("hanging-api@arm")
    stage.person.push(config_repo("chat"))
    with stage.daemon() as daemon:
        stage.becomes(lambda: "event=watching" in daemon.said, daemon)
        time.sleep(3)
        family = daemon.family()

        assert daemon.stop() == 0
        stage.becomes(lambda: not any(map(is_alive, family)), daemon, 10)


def test_a_push_to_a_local_repository_is_acted_on_long_before_the_next_poll(stage: Stage) -> None:
    stage.person.push(config_repo("first"))
    with stage.daemon("--poll", "3600") as daemon:
        stage.becomes_phase("first", "Ready", daemon)
        stage.person.push({"workspaces/second.yaml": workspace("second")})

        stage.becomes_phase("second", "Ready", daemon)


def test_a_push_to_a_server_is_seen_at_the_next_poll(stage: Stage) -> None:
    stage.person.push(config_repo("first"))
    with GitServer(stage.person.bare.parent) as server:
        stage.url = server.url(stage.person.bare.name)
        with stage.daemon("--poll", "1") as daemon:
            stage.becomes_phase("first", "Ready", daemon)
            stage.person.push({"workspaces/second.yaml": workspace("second")})

            stage.becomes_phase("second", "Ready", daemon)


def test_two_daemons_on_one_repository_and_one_world_make_one_of_each(stage: Stage) -> None:
    stage.person.push(config_repo("chat", "more"))
    with stage.daemon("--poll", "0.5") as one, stage.daemon("--poll", "0.5", "--branch", "main") as other:
        for name in ("chat", "more"):
            stage.becomes_phase(name, "Ready", one)
        stage.person.push({"workspaces/more.yaml": None, "workspaces/third.yaml": workspace("third")})
        stage.becomes_phase("third", "Ready", other)
        stage.becomes(lambda: not stage.person.told("more"), other)
        stage.becomes(lambda: len(stage.outlook.pools()) == 2, other)
        assert one.stop() == other.stop() == 0
        assert "Traceback" not in one.said + other.said

    asked = [each for each in stage.outlook.writes() if each.method == "PUT" and each.api == "arm"]
    assert {each["properties"]["count"] for each in stage.outlook.pools()} == {1}
    assert len([each for each in asked if each.status == 201]) == 3
    assert set(stage.outlook.inventory()) == {"default.chat", "default.third"}
    assert stage.person.remote("fsck", "--strict", "--no-dangling") == ""
    stage.settle()
    assert stage.type("plan").returncode == 0


def test_while_git_does_not_answer_the_last_commit_is_kept_up(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    with GitServer(stage.person.bare.parent) as server:
        stage.url = server.url(stage.person.bare.name)
        with stage.daemon("--poll", "1") as daemon:
            stage.becomes_phase("chat", "Ready", daemon)
            for mode in ("500", HANG):
                server.mode = mode
                stage.outlook.delete("Service", "chat")
                stage.becomes(lambda: stage.outlook.find("Service", "chat") is not None, daemon, 100)
                stage.becomes(lambda: "going on with commit" in daemon.said, daemon)
                server.mode = "ok"
            stage.person.push({"workspaces/more.yaml": workspace("more")})
            stage.becomes_phase("more", "Ready", daemon, 100)


def test_a_daemon_that_starts_before_its_git_server_waits_for_it(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    with GitServer(stage.person.bare.parent, mode="500") as server:
        stage.url = server.url(stage.person.bare.name)
        with stage.daemon("--poll", "1", "--branch", "main") as daemon:
            stage.becomes(lambda: "pass failed" in daemon.said, daemon)
            server.mode = "ok"
            stage.becomes_phase("chat", "Ready", daemon)


def test_one_pass_ends_with_0_when_it_came_through_and_1_when_it_did_not(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))
    assert stage.type("run", "--once").returncode == 0

    stage.person.push({"towline.yaml": "kind: ["})
    ended = stage.type("run", "--once")
    assert ended.returncode == 1
    assert "towline.yaml" in ended.stderr


def test_a_plan_tells_by_its_exit_code_and_its_json_what_would_be_done(stage: Stage) -> None:
    stage.person.push(config_repo("chat"))

    before = stage.type("plan", "-o", "json")
    stage.settle()
    after = stage.type("plan", "-o", "json")

    assert (before.returncode, after.returncode) == (2, 0)
    plan = json.loads(before.stdout)
    assert {"hash", "steps", "workspaces"} <= set(plan)
    pool = next(step for step in plan["steps"] if step["kind"] == "AgentPool")
    assert pool["action"] == "create"
    assert pool["because"]
    assert pool["workspace"] == "default/chat"
    assert {"action", "kind", "name", "workspace", "because"} <= set(pool)
    (change,) = plan["workspaces"]
    assert (change["nodes_before"], change["nodes_after"]) == (0, 1)
    assert change["dollars_per_hour_before"] == 0
    assert change["dollars_per_hour_after"] > 3
    assert json.loads(after.stdout)["steps"] == []

    stage.person.push({"towline.yaml": fleet("  nonsense: [")})
    broken = stage.type("plan", "-o", "json")
    assert broken.returncode == 1
    assert broken.stdout == ""


def test_get_tells_a_machine_what_the_status_branch_tells_people(stage: Stage) -> None:
    stage.person.push(config_repo("chat", "more"))
    stage.settle()

    every = json.loads(stage.type("get", "-o", "json").stdout)["workspaces"]
    one = json.loads(stage.type("get", "chat", "-o", "json").stdout)["workspaces"]
    nobody = stage.type("get", "nobody")

    assert [(each["namespace"], each["name"]) for each in every] == [("default", "chat"), ("default", "more")]
    assert one == every[:1]
    assert one[0]["phase"] == "Ready"
    assert nobody.returncode == 1
    assert "no workspace nobody" in nobody.stderr
