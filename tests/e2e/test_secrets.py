"""A canary that must not sing: gitops.md 4.4, items 27 and 28."""

import base64
import contextlib
import json
from pathlib import Path

from .stage import Stage, config_repo, workspace
from .typed import type_towline

CANARY = "hf_CanaryThatMustNeverSing0123456789"
PLAIN = "canary-that-must-never-sing"
CODED = base64.b64encode(PLAIN.encode()).decode()
SECRET = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\n"
LISTED = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": PLAIN}}
COMMITTED = {
    "data.yaml": f"{SECRET}data:\n  token: {CODED}\n",
    "string.yaml": f"{SECRET}stringData:\n  token: {PLAIN}\n",
    "typed.yaml": f"{SECRET}type: Opaque\nstringData: {PLAIN}\n",
    "broken.yaml": f"{SECRET}stringData: {{token: {PLAIN}\n",
    "misspelt.yaml": f"{SECRET}strngData:\n  token: {PLAIN}\n",
    "list.yaml": f"apiVersion: v1\nkind: List\nitems:\n- {json.dumps(LISTED)}\n",
}


def test_a_committed_secret_is_refused_and_its_value_said_nowhere(stage: Stage) -> None:
    stage.person.push(
        {**config_repo("good"), **{f"workspaces/{name}": text for name, text in COMMITTED.items()}}
    )
    with stage.daemon("--poll", "2") as daemon:
        stage.becomes_phase("good", "Ready", daemon)
        page = stage.person.page()
        log = daemon.said

    assert [name for name in COMMITTED if f"workspaces/{name}" not in page] == []
    said = everything_said(stage) | {"log": log}
    assert [name for name, text in said.items() if PLAIN in text or CODED in text] == []
    assert stage.outlook.ask("GET", "/api/v1/secrets")[1]["items"] == []


def test_a_token_in_the_environment_reaches_no_line_no_object_and_no_child(stage: Stage) -> None:
    stage.person.push(config_repo("good"))
    names = ("HF_TOKEN", "TOWLINE_GIT_TOKEN", "AZURE_CLIENT_SECRET", "GITHUB_TOKEN")
    stage.variables = dict.fromkeys(names, CANARY)
    with stage.daemon("--poll", "2") as daemon:
        stage.becomes_phase("good", "Ready", daemon)
        children = daemon.children()
        assert children
        assert [pid for pid in children if CANARY in environment_of(pid)] == []
        log = daemon.said

    said = everything_said(stage) | {"log": log}
    assert [name for name, text in said.items() if CANARY in text] == []


def test_a_token_written_into_a_manifest_is_not_repeated_in_what_is_said_of_it(stage: Stage) -> None:
    mistaken = workspace("mistaken").replace("preset:", f"presset:\n    token: {CANARY}\n  preset:")
    url = f"https://ann:{CANARY}@example.com/data.parquet?sig={CANARY}"
    tuning = workspace("tune").partition("inference:")[0] + (
        "tuning:\n  preset:\n    name: phi-3-mini-128k-instruct\n  method: qlora\n"
        f"  input:\n    urls: [{json.dumps(url)}]\n  output:\n    image: 'bad image {CANARY}'\n"
    )
    stage.person.push(
        {**config_repo("good"), "workspaces/mistaken.yaml": mistaken, "workspaces/tune.yaml": tuning}
    )
    with stage.daemon("--poll", "2") as daemon:
        stage.becomes_phase("good", "Ready", daemon)
        stage.becomes(lambda: "mistaken.yaml" in stage.person.page(), daemon)
        log = daemon.said

    said = everything_said(stage) | {"log": log}
    assert [name for name, text in said.items() if CANARY in text] == []


def test_credentials_in_the_url_appear_nowhere(stage: Stage) -> None:
    stage.person.push(config_repo("good"))
    for url in (f"http://ann:{PLAIN}@127.0.0.1:9/config.git", f"ht!tp://ann:{PLAIN}@[bad/config.git"):
        stage.url = url
        for verb in (("run", "--once"), ("plan", "-o", "json")):
            ended = stage.type(*verb)
            assert ended.returncode == 1
            assert PLAIN not in ended.stdout + ended.stderr
            assert "Traceback" not in ended.stderr


def environment_of(pid: int) -> str:
    """What a process was started with; nothing of one that has ended meanwhile."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    return ""


def everything_said(stage: Stage) -> dict[str, str]:
    """All that Towline wrote or says: status files, commit messages, objects, plans and findings."""
    kinds = ("ConfigMap", "Event", "Service", "StatefulSet", "Job", "Workspace", "Pod")
    typed = {verb: stage.type(verb, "-o", "json") for verb in ("plan", "get")}
    typed["check"] = type_towline(
        ("check", str(stage.person.work), "-o", "json"), {**stage.surroundings}, stage.folder
    )
    assert json.loads(typed["check"].stdout)["findings"] is not None
    return {
        "commits": "\n".join(stage.person.status_commits()),
        "objects": json.dumps([stage.outlook.all(kind) for kind in kinds]),
        **{verb: ended.stdout + ended.stderr for verb, ended in typed.items()},
        **stage.person.status_files(),
    }
