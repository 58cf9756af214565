"""example-repo through the CLI to the end, over every transport a config repository may lie behind."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.gitserver import GitServer
from tests.sshserver import NO_SSH, ssh_server

from .person import Person
from .stage import Stage, example

PASSWORD = "correct-horse-battery"
TRANSPORTS = [
    "path",
    "file",
    "http",
    pytest.param("ssh", marks=pytest.mark.skipif(bool(NO_SSH), reason=NO_SSH)),
]


@contextmanager
def transport(stage: Stage, name: str) -> Iterator[None]:
    """The repository behind this transport; `stage` is told its address."""
    bare = stage.person.bare
    match name:
        case "path":
            yield
        case "file":
            stage.url = f"file://{bare}"
            yield
        case "http":
            with GitServer(bare.parent, username="ann", password=PASSWORD) as server:
                stage.url = server.url(bare.name, f"ann:{PASSWORD}")
                yield
        case "ssh":
            with ssh_server(stage.folder) as server:
                stage.url = server.url(bare)
                stage.variables = {
                    "TOWLINE_GIT_SSH_KEY": str(server.credentials.ssh_key),
                    "TOWLINE_GIT_KNOWN_HOSTS": str(server.credentials.known_hosts),
                }
                yield


@pytest.mark.parametrize("name", TRANSPORTS)
def test_the_example_becomes_a_served_model_and_says_so_in_git(stage: Stage, name: str) -> None:
    commit = stage.person.push(example(), "Start a fleet")
    with transport(stage, name):
        ended = stage.settle()

    assert_told(stage.person, commit)
    assert_badges(stage.person)
    assert PASSWORD not in ended.stderr + ended.stdout
    if shutil.which("kubectl"):
        assert_kubectl_shows(stage)


def assert_told(person: Person, commit: str) -> None:
    """The status branch tells of both workspaces, of the commit they come from, and starts no CI."""
    chat, tuning = person.told("phi-4-chat"), person.told("phi-3-support-tuning")
    page = person.page()
    assert (chat["phase"], tuning["phase"]) == ("Ready", "Succeeded")
    assert chat["source"] == {"commit": commit, "file": "workspaces/phi-4-chat.yaml"}
    assert chat["endpoint"] == "http://phi-4-chat.default.svc.cluster.local"
    assert len(chat["nodes"]["ready"]) == chat["nodes"]["wanted"] == 1
    assert {each["status"] for each in chat["conditions"]} == {"True"}
    assert "2 of 2 ready" in page
    assert commit[:12] in page
    messages = person.status_commits()
    sentence = "default/phi-4-chat: Ready, Serving phi-4-mini-instruct on 1× Standard_NC24ads_A100_v4"
    assert any(sentence in message for message in messages)
    assert all("[skip ci]" in message for message in messages)
    assert person.git("rev-parse", "HEAD") == person.remote("rev-parse", "main") == commit


def assert_badges(person: Person) -> None:
    """Every badge is well-formed SVG with text for who cannot see it, beside its endpoint document."""
    files = person.status_files()
    badges = [path for path in files if path.endswith(".svg")]
    assert sorted(badges) == [
        "badges/default/phi-3-support-tuning.svg",
        "badges/default/phi-4-chat.svg",
        "badges/fleet.svg",
    ]
    for path in badges:
        root = ElementTree.fromstring(files[path])
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        assert root.get("aria-label")
        assert float(root.get("width", "0")) > 0
        told = json.loads(files[path.removesuffix(".svg") + ".json"])
        assert told["schemaVersion"] == 1
        assert {"label", "message", "color"} <= set(told)


def assert_kubectl_shows(stage: Stage) -> None:
    shown = subprocess.run(
        ("kubectl", "--kubeconfig", str(stage.sandbox.kubeconfig), "get", "workspace"),
        env={"PATH": os.environ["PATH"], "HOME": str(stage.folder)},
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout
    head, *rows = shown.splitlines()
    row = next(row for row in rows if row.startswith("phi-4-chat "))
    cells = {word: row[head.index(word) :].split(maxsplit=1)[0] for word in head.split()[1:]}
    assert cells["INSTANCE"] == "Standard_NC24ads_A100_v4"
    assert {cells[word] for word in ("RESOURCEREADY", "INFERENCEREADY", "WORKSPACEREADY")} == {"True"}
    assert cells["AGE"]


def test_a_wrong_password_is_said_without_the_password(stage: Stage) -> None:
    stage.person.push(example())
    with GitServer(stage.person.bare.parent, username="ann", password=PASSWORD) as server:
        stage.url = server.url(stage.person.bare.name, "ann:not-the-password")
        ended = stage.type("run", "--once")
        planned = stage.type("plan")

    assert ended.returncode == 1
    assert planned.returncode == 1
    for said in (ended.stderr, planned.stderr):
        assert "these credentials may not read it" in said
        assert "Traceback" not in said
    assert "not-the-password" not in ended.stderr + ended.stdout + planned.stderr + planned.stdout
    assert stage.outlook.writes() == []


def test_a_repository_that_is_not_there_is_said_in_a_sentence(stage: Stage) -> None:
    stage.url = str(Path(stage.url).with_name("nothing.git"))

    for verb in (("run", "--once"), ("plan",), ("get",)):
        ended = stage.type(*verb)
        assert ended.returncode == 1
        assert "Traceback" not in ended.stderr
        assert "nothing.git" in ended.stderr
