"""Models from a hub, by a process of its own over real HTTP."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.runtime.artifacts.hubserver import COMMIT, HubServer
from tests.runtime.artifacts.webserver import WebServer
from tests.runtime.artifacts.weights import model_files, safetensors

Fetch = Callable[..., tuple[int, str]]


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with WebServer() as web:
        yield HubServer(web, model_files(3_000_000))


def _source(hub: HubServer, **changes: object) -> dict[str, Any]:
    return {
        "kind": "hub",
        "repository": hub.repository,
        "revision": COMMIT,
        "endpoint": hub.web.url(),
        **changes,
    }


def _message(said: str) -> str:
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return str(told[-1].get("message", ""))


def test_a_model_comes_whole_and_the_progress_is_told(
    hub: HubServer, fetch_apart: Fetch, tmp_path: Path
) -> None:
    code, said = fetch_apart(_source(hub), "model")
    assert code == 0, said
    assert {name: (tmp_path / "model" / name).read_bytes() for name in hub.files} == hub.files
    told = [json.loads(line)["download"] for line in said.splitlines() if '"telemetry"' in line]
    assert told[0]["doneBytes"] == 0
    assert told[-1]["doneBytes"] == told[-1]["totalBytes"] == sum(map(len, hub.files.values()))
    assert (tmp_path / "model/model.safetensors").stat().st_mode & 0o777 == 0o644


def test_files_that_are_alike_do_not_get_in_each_others_way(
    hub: HubServer, fetch_apart: Fetch, tmp_path: Path
) -> None:
    hub.files |= {f"{name}.json": b"{}" for name in "abcdefgh"}
    code, said = fetch_apart(_source(hub))
    assert code == 0, said
    assert {name: (tmp_path / "model" / name).read_bytes() for name in hub.files} == hub.files


def test_a_sender_that_does_not_end_is_not_followed(
    hub: HubServer, fetch_apart: Fetch, tmp_path: Path
) -> None:
    hub.large["model.safetensors"].body *= 3
    code, said = fetch_apart(_source(hub))
    assert code == 1
    assert "should have" in _message(said)
    assert not (tmp_path / "model/model.safetensors").exists()


def test_a_second_start_asks_nobody(hub: HubServer, fetch_apart: Fetch) -> None:
    assert fetch_apart(_source(hub))[0] == 0
    hub.web.asked.clear()
    assert fetch_apart(_source(hub))[0] == 0
    assert hub.web.asked == []


def test_a_killed_download_fetches_only_the_rest(
    hub: HubServer, start_fetch: Callable[..., subprocess.Popen[str]], fetch_apart: Fetch, tmp_path: Path
) -> None:
    hub.large["model.safetensors"].faults.append("hold:2200000")
    process = start_fetch(_source(hub))
    assert hub.web.held.wait(30)
    part = next(_part for _part in _growing(tmp_path / "model/.towline/parts", 2 * 2**20))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=30)
    there = part.stat().st_size
    assert 0 < there < 2_200_001
    code, said = fetch_apart(_source(hub), "model")
    assert code == 0, said
    assert hub.cdn_ranges("model.safetensors") == ["", f"bytes={there}-"]
    assert (tmp_path / "model/model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_two_that_fetch_into_one_folder_fetch_it_once(
    hub: HubServer, start_fetch: Callable[..., subprocess.Popen[str]]
) -> None:
    both = [start_fetch(_source(hub), "model") for _ in range(2)]
    said = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert hub.cdn_ranges("model.safetensors") == [""]


def test_parts_of_what_is_no_longer_wanted_take_no_room(
    hub: HubServer, fetch_apart: Fetch, tmp_path: Path
) -> None:
    stale = tmp_path / "model/.towline/parts" / ("0" * 64)
    stale.parent.mkdir(parents=True)
    stale.write_bytes(b"of another revision")
    assert fetch_apart(_source(hub))[0] == 0
    assert [*stale.parent.iterdir()] == []


def _growing(folder: Path, size: int) -> Iterator[Path]:
    """The part that has come to `size`, as soon as there is one; the test's own limit bounds the wait."""
    while True:
        for part in folder.glob("*"):
            with contextlib.suppress(FileNotFoundError):  # it came whole meanwhile
                if part.stat().st_size >= size:
                    yield part


def test_a_connection_that_breaks_off_is_continued_by_itself(
    hub: HubServer, fetch_apart: Fetch, tmp_path: Path
) -> None:
    hub.large["model.safetensors"].faults += ["cut:1000000", 503]
    code, said = fetch_apart(_source(hub), "model")
    assert code == 0, said
    first, *rest = hub.cdn_ranges("model.safetensors")
    assert first == ""
    assert rest
    assert all(range_.startswith("bytes=") for range_ in rest)
    assert (tmp_path / "model/model.safetensors").read_bytes() == hub.files["model.safetensors"]


def test_the_token_goes_to_the_hub_and_to_no_other_host(hub: HubServer, fetch_apart: Fetch) -> None:
    hub.token = "hf_secret"
    code, said = fetch_apart(_source(hub), HF_TOKEN="hf_secret")
    assert code == 0, said
    assert hub.tokens_seen("/acme") == hub.tokens_seen("/api") == {"Bearer hf_secret"}
    assert hub.tokens_seen("/cdn") == {""}
    assert "hf_secret" not in said
    assert "X-Signature" not in said


def test_a_branch_is_followed_to_its_commit(hub: HubServer, fetch_apart: Fetch, tmp_path: Path) -> None:
    assert fetch_apart(_source(hub, revision="main"))[0] == 0
    assert COMMIT in (tmp_path / "model/.towline/fetched.json").read_text()


def test_what_an_earlier_source_left_goes(hub: HubServer, fetch_apart: Fetch, tmp_path: Path) -> None:
    assert fetch_apart(_source(hub))[0] == 0
    (tmp_path / "model" / "mine.txt").write_text("not on record")
    assert fetch_apart(_source(hub, allow=["*.json"]))[0] == 0
    assert sorted(place.name for place in (tmp_path / "model").glob("[!.]*")) == [
        "config.json",
        "mine.txt",
        "tokenizer.json",
    ]


@pytest.mark.parametrize(
    ("refuse", "code", "words"),
    [
        ((401, "GatedRepo"), 1, ["acme/tiny is gated", "accept its licence at", "modelAccessSecret"]),
        ((403, "GatedRepo"), 1, ["acme/tiny is gated", "modelAccessSecret"]),
        ((401, "RepoNotFound"), 1, ["acme/tiny is not at", "private"]),
        ((404, "RepoNotFound"), 1, ["acme/tiny is not at", "check its name"]),
        ((404, "RevisionNotFound"), 1, ["has no revision", COMMIT]),
        ((403, ""), 1, ["token may not read acme/tiny"]),
    ],
)
def test_a_refusal_ends_in_one_sentence(
    hub: HubServer, fetch_apart: Fetch, refuse: tuple[int, str], code: int, words: list[str]
) -> None:
    hub.refuse = refuse
    ended, said = fetch_apart(_source(hub))
    assert ended == code
    assert all(word in _message(said) for word in words), said
    assert "Traceback" not in said


def test_a_file_that_is_not_what_the_hub_promised_is_refused(
    hub: HubServer, fetch_apart: Fetch, tmp_path: Path
) -> None:
    hub.large["model.safetensors"].body = safetensors(3_000_000, seed=1)
    code, said = fetch_apart(_source(hub))
    assert code == 1
    assert "should have" in _message(said)
    assert not (tmp_path / "model/model.safetensors").exists()
    assert hub.cdn_ranges("model.safetensors") == ["", ""]


def test_a_disk_too_small_is_told_before_anything_comes(
    hub: HubServer, fetch_apart: Fetch, tmp_path: Path
) -> None:
    tree = hub._tree
    huge = json.loads(tree().body)
    huge[-1]["size"] = huge[-1]["lfs"]["size"] = 2**60
    page = tree()
    page.body = json.dumps(huge).encode()
    hub.web.pages[f"/api/models/acme/tiny/tree/{COMMIT}"] = page
    code, said = fetch_apart(_source(hub))
    assert code == 1
    assert "are free" in _message(said)
    assert hub.cdn_ranges("model.safetensors") == []


def test_a_hub_that_cannot_be_reached_may_be_tried_again(hub: HubServer, fetch_apart: Fetch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{taken.getsockname()[1]}"
        code, said = fetch_apart(_source(hub, endpoint=endpoint, revision="main"))
    assert code == os.EX_TEMPFAIL
    assert "cannot be reached" in _message(said)


def test_a_repository_without_weights_is_told_with_what_it_has(hub: HubServer, fetch_apart: Fetch) -> None:
    del hub.files["model.safetensors"]
    code, said = fetch_apart(_source(hub))
    assert code == 1
    assert "no weights as safetensors" in _message(said)


def test_a_lacking_shard_is_named(hub: HubServer, fetch_apart: Fetch) -> None:
    weight_map = {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}
    hub.files["model.safetensors.index.json"] = json.dumps({"weight_map": weight_map}).encode()
    code, said = fetch_apart(_source(hub))
    assert code == 1
    assert "lacks model-00002-of-00002.safetensors" in _message(said)


def test_offline_is_told_as_what_it_is(hub: HubServer, fetch_apart: Fetch) -> None:
    code, said = fetch_apart(_source(hub), HF_HUB_OFFLINE="1")
    assert code == 1
    assert "HF_HUB_OFFLINE" in _message(said)


@pytest.mark.slow
def test_a_hub_that_stalls_while_it_lists_its_files_is_given_up(hub: HubServer, fetch_apart: Fetch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        code, said = fetch_apart(_source(hub, endpoint=endpoint, revision="main"))
    assert code == os.EX_TEMPFAIL
    assert "cannot be reached" in _message(said)
