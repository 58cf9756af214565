"""What leaves, what stays, and what comes back, through the daemon: gitops.md 4.4, items 18 to 25."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .person import Files
from .stage import Stage, config_repo, fleet, workspace
from .typed import Daemon


@contextmanager
def serving(stage: Stage, *names: str, towline: str = "") -> Iterator[Daemon]:
    """A daemon under which these workspaces are Ready."""
    stage.person.push(config_repo(*names, towline=towline))
    with stage.daemon("--poll", "2") as daemon:
        for name in names:
            stage.becomes_phase(name, "Ready", daemon)
        yield daemon


def identities(stage: Stage) -> dict[str, str]:
    """Every object of ours by its UID, and the pools by name."""
    kinds = ("Workspace", "StatefulSet", "Service")
    found = {
        f"{kind}/{each['metadata']['name']}": str(each["metadata"]["uid"])
        for kind in kinds
        for each in stage.outlook.all(kind)
        if "towline.dev/fleet" in each["metadata"].get("labels", {})
    }
    return found | {f"pool/{pool['name']}": "" for pool in stage.outlook.pools()}


def test_a_workspace_removed_from_git_goes_and_the_other_stays(stage: Stage) -> None:
    with serving(stage, "chat", "stays") as daemon:
        before = identities(stage)
        stage.person.push({"workspaces/chat.yaml": None}, "Retire chat")

        stage.becomes(lambda: not stage.person.told("chat") and len(stage.outlook.pools()) == 1, daemon)

        left = identities(stage)
        assert left == {name: uid for name, uid in before.items() if name in left}
        assert not [name for name in left if name.split("/")[1].startswith("chat")]
        stage.becomes(lambda: set(stage.outlook.inventory()) == {"default.stays"}, daemon)
        assert not [path for path in stage.person.status_files() if "/chat." in path]
        assert any("chat is gone" in message for message in stage.person.status_commits())


UNREADABLE = {
    "a file that cannot be parsed": (
        {"workspaces/stays.yaml": "a: [1, 2", "workspaces/chat.yaml": None},
        "workspaces/stays.yaml",
    ),
    "the folder vanished": (
        {"workspaces/chat.yaml": None, "workspaces/stays.yaml": None},
        "there is no such folder",
    ),
    "another folder is asked for": ({"towline.yaml": fleet(workspaces="[worksapces]")}, "worksapces"),
    "towline.yaml deleted": ({"towline.yaml": None, "workspaces/chat.yaml": None}, "towline.yaml"),
    "towline.yaml broken": ({"towline.yaml": "kind: [", "workspaces/chat.yaml": None}, "towline.yaml"),
    "towline.yaml mistaken": (
        {"towline.yaml": fleet(namespace="default"), "workspaces/chat.yaml": None},
        "towline.yaml",
    ),
    "a file in place of the folder": ({"workspaces": "elsewhere"}, "there is no such folder"),
    "a link in place of the folder": ({"workspaces": Path("elsewhere")}, "symbolic link"),
}


@pytest.mark.parametrize(("change", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read_is_not_deleted_and_the_page_says_why(
    stage: Stage, change: Files, said: str
) -> None:
    with serving(stage, "chat", "stays") as daemon:
        before = identities(stage)
        if "workspaces" in change:
            stage.person.git("rm", "-rq", "workspaces")
        stage.person.push(change, "A mishap")

        stage.becomes(lambda: said in stage.person.page().replace("\\", ""), daemon)
        assert identities(stage) == before
        assert [each for each in stage.outlook.writes() if each.method == "DELETE"] == []
        assert stage.person.told("chat")


def test_an_emptied_repository_prunes_nothing(stage: Stage) -> None:
    with serving(stage, "chat", "stays") as daemon:
        before = identities(stage)
        stage.person.git("rm", "-rq", ".")
        stage.person.push({}, "Remove everything")

        stage.becomes(lambda: "towline.yaml" in stage.person.page(), daemon)
        assert identities(stage) == before


def test_a_rewritten_branch_prunes_nothing_until_a_person_says_so(stage: Stage) -> None:
    with serving(stage, "chat", "stays") as daemon:
        before = identities(stage)
        stage.person.git("checkout", "-q", "--orphan", "fresh")
        stage.person.write({"towline.yaml": fleet(), "workspaces/stays.yaml": workspace("stays")})
        (stage.person.work / "workspaces/chat.yaml").unlink()
        stage.person.git("add", "-A")
        stage.person.git("commit", "-q", "-m", "Another history")
        stage.person.git("push", "-q", "--force", "origin", "HEAD:main")

        stage.becomes(lambda: "rewritten" in stage.person.page(), daemon)
        assert identities(stage) == before


def test_a_deleted_branch_prunes_nothing_and_its_return_is_followed(stage: Stage) -> None:
    with serving(stage, "chat") as daemon:
        before = identities(stage)
        stage.person.remote("update-ref", "-d", "refs/heads/main")
        stage.becomes(lambda: "main" in stage.person.page().partition("Problems")[2], daemon)
        assert identities(stage) == before

        stage.person.push({"workspaces/more.yaml": workspace("more")})
        stage.becomes_phase("more", "Ready", daemon)
        assert before.items() <= identities(stage).items()


def test_more_removals_than_the_threshold_wait_for_the_hash_of_the_page(stage: Stage) -> None:
    few = "  prune:\n    maxWorkspaces: 1\n"
    with serving(stage, "one", "two", "stays", towline=fleet(few)) as daemon:
        before = identities(stage)
        stage.person.push({"workspaces/one.yaml": None, "workspaces/two.yaml": None}, "Retire two")
        stage.becomes(lambda: "wait for approval" in stage.person.page(), daemon)
        assert identities(stage) == before
        assert stage.person.phase("one") == "Held"
        approval = stage.person.page().partition("add `")[2].partition("`")[0]

        stage.person.push({"towline.yaml": fleet(f"{few}  approved: ['{approval}']\n")}, "Approve")
        stage.becomes(lambda: len(stage.outlook.pools()) == 1, daemon)
        stage.becomes(lambda: not stage.person.told("one") and not stage.person.told("two"), daemon)
        assert {name for name in identities(stage) if "stays" in name} == {
            name for name in before if "stays" in name
        }


def test_a_renamed_file_is_neither_a_delete_nor_a_create(stage: Stage) -> None:
    with serving(stage, "chat") as daemon:
        before = identities(stage)
        stage.person.git("mv", "workspaces/chat.yaml", "workspaces/renamed.yaml")
        stage.person.push({}, "Rename a file")

        stage.becomes(
            lambda: stage.person.told("chat").get("source", {}).get("file") == "workspaces/renamed.yaml",
            daemon,
        )
        assert identities(stage) == before
        assert stage.person.phase("chat") == "Ready"
        assert [each for each in stage.outlook.writes() if each.method == "DELETE"] == []
