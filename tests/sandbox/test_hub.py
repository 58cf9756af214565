"""The sandbox's own hub, asked as those ask who fetch weights from Hugging Face."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import urllib3

from reconciler.sandbox.containers.runtime import Runtime

from .conftest import Build

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(256)) * 40


@pytest.fixture
def hub(build: Build, tmp_path: Path) -> str:
    """The address of a hub with one model, acme/tiny."""
    model = tmp_path / "models" / "acme" / "tiny"
    (model / "part").mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(WEIGHTS)
    (model / "part" / "notes.txt").write_text("words")
    (tmp_path / "models" / "secret").write_text("not a model")
    runtime = Runtime(Path(sys.executable), Path.cwd(), tmp_path / "cache", tmp_path / "models")
    house = build(state=tmp_path / "state", runtime=runtime)
    return house.sandbox.hub_url


def ask(url: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request(method, url, headers=headers, redirect=False, timeout=10, retries=False)


def test_any_revision_is_there_and_a_commit_stays_what_it_is(hub: str) -> None:
    told = ask(f"{hub}/api/models/acme/tiny/revision/{COMMIT}").json()
    branch = ask(f"{hub}/api/models/acme/tiny/revision/main").json()
    assert (told["id"], told["sha"]) == ("acme/tiny", COMMIT)
    assert len(branch["sha"]) == 40
    assert branch["sha"] == ask(f"{hub}/api/models/acme/tiny").json()["sha"]


def test_the_files_are_told_with_their_digests(hub: str) -> None:
    listed = {each["path"]: each for each in ask(f"{hub}/api/models/acme/tiny/tree/{COMMIT}").json()}
    assert set(listed) == {"config.json", "model.safetensors", "part/notes.txt"}
    assert listed["model.safetensors"]["lfs"]["oid"] == hashlib.sha256(WEIGHTS).hexdigest()
    assert listed["model.safetensors"]["size"] == len(WEIGHTS)
    assert listed["config.json"]["oid"] == "9e26dfeeb6e641a33dae4961196235bdb965b21b"  # git hash-object of {}
    assert "lfs" not in listed["config.json"]


def test_a_file_is_given_whole_and_from_an_offset_on(hub: str) -> None:
    url = f"{hub}/acme/tiny/resolve/{COMMIT}/model.safetensors"
    rest = ask(url, Range="bytes=10000-")
    assert ask(url).data == WEIGHTS
    assert (rest.status, rest.data, rest.headers["Content-Range"]) == (
        206,
        WEIGHTS[10000:],
        "bytes 10000-10239/10240",
    )
    assert ask(url, "HEAD").headers["X-Repo-Commit"] == COMMIT
    assert ask(url, Range="bytes=10240-").status == 416


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/models/acme/other/revision/main", "RepoNotFound"),
        ("/api/models/HuggingFaceTB/SmolLM2-135M-Instruct/tree/main", "RepoNotFound"),
        (f"/acme/tiny/resolve/{COMMIT}/absent.json", "EntryNotFound"),
        (f"/acme/tiny/resolve/{COMMIT}/%2e%2e/%2e%2e/secret", "EntryNotFound"),
        (f"/acme/%2e%2e/resolve/{COMMIT}/secret", "RepoNotFound"),
    ],
)
def test_what_is_not_there_is_refused_as_the_hub_does(hub: str, path: str, code: str) -> None:
    pool = urllib3.PoolManager()
    answer = pool.urlopen("GET", hub + path, redirect=False, timeout=10, retries=False)
    assert (answer.status, answer.headers.get("X-Error-Code")) == (404, code)
