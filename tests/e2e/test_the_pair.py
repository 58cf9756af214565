"""The first of the pair every change must keep: a pass over an unchanged world writes nothing, anywhere.
The second, kill -9 at every step, is in test_killed.py."""

import threading

from .stage import Stage, example
from .typed import Daemon


def test_a_second_pass_over_an_unchanged_world_writes_nothing_and_commits_nothing(stage: Stage) -> None:
    stage.person.push(example())
    stage.settle()
    writes, status = len(stage.outlook.writes()), stage.person.remote("rev-parse", "towline/status")
    world = stage.outlook.portrait()

    for _ in range(2):
        ended = stage.type("run", "--once")
        assert ended.returncode == 0, ended.stderr

    assert stage.outlook.writes()[writes:] == []
    assert stage.person.remote("rev-parse", "towline/status") == status
    assert stage.outlook.portrait() == world


def test_the_passes_of_a_running_daemon_write_nothing_once_all_stands(stage: Stage) -> None:
    stage.person.push(example())
    with stage.daemon("--poll", "0.2") as daemon:
        stage.becomes_phase("phi-4-chat", "Ready", daemon)
        stage.becomes_phase("phi-3-support-tuning", "Succeeded", daemon)
        more_passes(stage, daemon, 3)
        writes, status = len(stage.outlook.writes()), stage.person.remote("rev-parse", "towline/status")

        more_passes(stage, daemon, 10)

        assert stage.outlook.writes()[writes:] == []
        assert stage.person.remote("rev-parse", "towline/status") == status
        assert daemon.stop() == 0


def test_asking_what_would_be_done_writes_nothing(stage: Stage) -> None:
    stage.person.push(example())

    assert stage.type("plan").returncode == 2
    assert stage.type("get").returncode == 0
    assert stage.outlook.writes() == []
    assert not stage.person.has_status()

    stage.settle()
    assert stage.type("plan").returncode == 0


def test_a_commit_that_changes_no_workspace_touches_the_page_and_nothing_else(stage: Stage) -> None:
    stage.person.push(example())
    stage.settle()
    writes = len(stage.outlook.writes())
    files = stage.person.status_files()

    commit = stage.person.push({"NOTES.md": "hello"}, "Write a note")
    stage.settle()

    assert stage.outlook.writes()[writes:] == []
    now = stage.person.status_files()
    assert commit[:12] in now["README.md"]
    assert {path for path in files if files[path] != now[path]} == {"README.md"}


def more_passes(stage: Stage, daemon: Daemon, count: int) -> None:
    """Wait until the daemon has asked the cloud so many times more: each pass does it once at least."""
    enough = threading.Event()
    left = [count]

    def hear(asked: object) -> None:
        if getattr(asked, "api", "") == "arm":
            left[0] -= 1
            if left[0] <= 0:
                enough.set()

    stage.sandbox.requests.listen(hear)
    stage.becomes(lambda: enough.wait(1), daemon, 60)
