"""Hostile input through the front door: gitops.md 4.4, items 1 to 6, 12 to 18. One good workspace lies
beside it all and is served, and nothing that was there goes."""

import json

import pytest

from .person import Files
from .poison import FILES, ODD_NAMES, TEMPLATES, TRAPPED_FIELDS, trap
from .stage import Stage, config_repo, workspace
from .test_whose import pools

MOST_MIB = 700


def test_hostile_files_are_each_told_and_the_good_one_is_served(stage: Stage) -> None:
    (stage.folder / "outside.yaml").write_text(workspace("outside"))
    stage.person.push(config_repo("good", "was-here"))
    with stage.daemon("--poll", "2") as daemon:
        for name in ("good", "was-here"):
            stage.becomes_phase(name, "Ready", daemon)
        before = pools(stage)
        bad: Files = {f"workspaces/{name}": content for name, (content, _) in FILES.items()}
        commit = stage.person.push({**bad, "workspaces/was-here.yaml": None}, "Everything at once")
        stage.becomes(lambda: commit[:12] in stage.person.page(), daemon, 120)

        page = stage.person.page().replace("\\", "")
        assert [name for name, (_, word) in FILES.items() if not is_told(page, name, word)] == [], page
        assert stage.person.phase("good") == "Ready"
        assert stage.person.told("was-here")
        assert before <= pools(stage)
        assert [each for each in stage.outlook.writes() if each.method == "DELETE"] == []
        assert daemon.peak_mib() < MOST_MIB
        assert daemon.stop() == 0
        assert "Traceback" not in daemon.said
    assert not list(stage.folder.rglob("pwned"))
    assert not stage.person.told("outside")


def is_told(page: str, name: str, word: str) -> bool:
    """Whether a line of the page speaks of this file with this word, beyond the file's name."""
    lines = (line.partition(f"workspaces/{name}") for line in page.splitlines())
    return any(found and word.lower() in rest.lower() for _, found, rest in lines)


def test_a_good_workspace_beside_hostile_files_comes_up_from_nothing(stage: Stage) -> None:
    bad: Files = {f"workspaces/{name}": content for name, (content, _) in FILES.items()}
    stage.person.push({**config_repo("good"), **bad})

    ended = stage.settle()

    assert stage.person.phase("good") == "Ready"
    assert "Traceback" not in ended.stderr
    assert len(stage.outlook.pools()) == 1


def test_odd_file_names_are_read_or_refused_and_never_lead_anywhere(stage: Stage) -> None:
    names: Files = {f"workspaces/{name}": workspace(f"odd-{index}") for index, name in enumerate(ODD_NAMES)}
    commit = stage.person.push({**config_repo("good"), **names})
    with stage.daemon("--poll", "2") as daemon:
        stage.becomes_phase("good", "Ready", daemon, 120)
        told = {path for path in stage.person.status_files() if path.startswith("status/")}
        page = stage.person.page()

        served = [index for index in range(len(ODD_NAMES)) if f"status/default/odd-{index}.yaml" in told]
        assert all(stage.person.told(f"odd-{index}")["source"]["commit"] == commit for index in served)
        assert len(served) >= 12
        assert page.count("name holds a control character") + page.count("foreign paths") == 2
        assert len(served) == len(ODD_NAMES) - 2
        assert "](javascript:" not in page
        assert "<script>" not in page
        assert "\u202e" not in page
        assert daemon.is_running()


@pytest.mark.parametrize("field", TRAPPED_FIELDS)
def test_what_looks_like_a_template_is_text(stage: Stage, field: str) -> None:
    traps: Files = {
        f"workspaces/t{index}.yaml": trap(field, text, f"t{index}") for index, text in enumerate(TEMPLATES)
    }
    stage.person.push({**config_repo("good"), **traps})
    with stage.daemon("--poll", "2") as daemon:
        stage.becomes_phase("good", "Ready", daemon, 100)

        written = json.dumps(stage.outlook.portrait()) + "".join(stage.person.status_files().values())
        for sign in (
            "root:x:0:0",
            "<class 'object'>",
            "<function",
            '"49"',
            "__builtins__",
            "aaaaaaaaaaaaaaaa",
        ):
            assert sign not in written + daemon.said
        assert stage.outlook.ask("GET", "/api/v1/secrets")[1]["items"] == []
        assert daemon.peak_mib() < MOST_MIB
        assert daemon.is_running()
        assert "Traceback" not in daemon.said
    assert not list(stage.folder.rglob("pwned"))


@pytest.mark.timeout(600)
def test_a_blob_of_a_gigabyte_is_not_taken_in(stage: Stage) -> None:
    stage.person.push(config_repo("good"))
    with stage.daemon("--poll", "2") as daemon:
        stage.becomes_phase("good", "Ready", daemon)
        huge = stage.person.work / "workspaces" / "huge.yaml"
        with huge.open("wb") as file:
            file.truncate(1024**3)
        commit = stage.person.commit_there("A gigabyte of nothing")

        stage.becomes(lambda: commit[:12] in stage.person.page(), daemon, 240)
        assert "workspaces/huge.yaml" in stage.person.page()
        assert stage.person.phase("good") == "Ready"
        assert daemon.peak_mib() < MOST_MIB
        files = (path for path in (stage.state / "repositories").rglob("*") if path.is_file())
        assert sum(path.stat().st_size for path in files) < 256 * 1024**2


def test_a_submodule_is_not_fetched(stage: Stage) -> None:
    stage.person.push(config_repo("good"))
    modules = '[submodule "x"]\n\tpath = workspaces/x\n\turl = --upload-pack=touch pwned\n'
    stage.person.write({".gitmodules": modules})
    stage.person.git("update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},workspaces/x")
    stage.person.git("add", ".gitmodules")
    stage.person.git("commit", "-q", "-m", "A submodule")
    stage.person.git("push", "-q", "origin", "HEAD:refs/heads/main")

    stage.settle()

    assert "submodule" in stage.person.page()
    assert stage.person.phase("good") == "Ready"
    assert not list(stage.folder.rglob("pwned"))
