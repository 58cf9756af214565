"""Towline's own containers on a machine without their mounts and GPUs: what is made to fit, and how."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.sandbox.containers.documents import Fit, fitted, repositories
from reconciler.sandbox.containers.hub import Hub
from reconciler.sandbox.containers.own_images import OwnImages
from reconciler.sandbox.containers.places import Places
from reconciler.sandbox.containers.runtime import Runtime
from reconciler.sandbox.containers.surroundings import surroundings
from reconciler.sandbox.trouble import Troubles

HERE = Path("/state/pods/1")
PLACES = Places({"/mnt": HERE / "image", "/mnt/data": HERE / "data", "/etc/towline": HERE / "documents"})
FIT = Fit(PLACES, 4321, "/state/message", "http://127.0.0.1:99")
RUNTIME = Runtime(Path("/venv/bin/python"), Path("/code"), Path("/cache"))
FETCH = ["python", "-m", "runtime.artifacts"]
SERVING: dict[str, Any] = {
    "kind": "ServingConfig",
    "model": {"servedName": "m", "source": {"kind": "hub", "repository": "o/n", "revision": "r"}},
    "engine": {
        "kind": "vllm",
        "arguments": {"max-model-len": 512, "gpu-memory-utilization": 0.8, "dtype": "bfloat16"},
        "spread": {"tensor": 8},
    },
    "adapters": {"folder": "/mnt/adapter"},
    "benchmark": {"seconds": 60, "promptTokens": 2048, "answerTokens": 256},
    "port": 5000,
}


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/mnt/data", "/state/pods/1/data"),
        ("/mnt/data/a b.jsonl", "/state/pods/1/data/a b.jsonl"),
        ("/mnt/database", "/state/pods/1/image/database"),
        ("/mntx", "/mntx"),
        ("mnt/data", "mnt/data"),
        ("/etc/towline/serving.yaml", "/state/pods/1/documents/serving.yaml"),
        ("", ""),
    ],
)
def test_a_path_lies_at_the_longest_mount_that_holds_it(path: str, place: str) -> None:
    assert PLACES.place(path) == place


def test_every_path_of_a_document_is_put_in_its_place_and_nothing_else() -> None:
    given = {"a": ["/mnt/data", 3, None, True], "b": {"c": "https://host/mnt/data/x"}, "/mnt/data": 1.5}
    moved = {
        "a": [str(HERE / "data"), 3, None, True],
        "b": {"c": "https://host/mnt/data/x"},
        "/mnt/data": 1.5,
    }
    assert PLACES.moved(given) == moved


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        ("template: /mnt/data/t.jinja\n", "template: /state/pods/1/data/t.jinja\n"),
        ('a: "/mnt/data"', 'a: "/state/pods/1/data"'),
        ("a: /mnt/database", "a: /state/pods/1/image/database"),
        ("url: https://host/mnt/data/x", "url: https://host/mnt/data/x"),
        ("a: x/mnt/data", "a: x/mnt/data"),
        ("[broken: /mnt/data, {", "[broken: /state/pods/1/data, {"),
    ],
)
def test_a_persons_settings_keep_their_words_but_for_paths(text: str, moved: str) -> None:
    assert PLACES.moved_text(text) == moved


def test_where_vllm_was_to_serve_on_gpus_the_small_engine_does() -> None:
    here, note = fitted(SERVING, FIT)
    assert here["engine"] == {
        "kind": "small", "device": "cpu", "dtype": "auto", "mostTokens": 2048, "blocks": 64,
        "batchTokens": 256, "mostRunning": 4,
    }  # fmt: skip
    assert (here["host"], here["port"], here["terminationLog"]) == ("127.0.0.1", 4321, "/state/message")
    assert here["model"]["source"]["endpoint"] == "http://127.0.0.1:99"
    assert here["adapters"]["folder"] == "/state/pods/1/image/adapter"
    assert here["benchmark"]["seconds"] < 10
    assert note == "sandbox: no GPU is used on this machine: the small engine serves in vLLM's place"
    assert SERVING["port"] == 5000


def test_vllm_stays_where_it_is_asked_for_in_one_process_without_a_gpus_options() -> None:
    here, note = fitted(SERVING, Fit(PLACES, 1, "m", "h", keeps_vllm=True))
    assert here["engine"]["arguments"] == {
        "max-model-len": 512, "dtype": "bfloat16", "enforce-eager": True, "max-num-seqs": 16,
    }  # fmt: skip
    assert "spread" not in here["engine"]
    assert "vLLM serves on its CPU" in note


def test_what_needs_no_gpu_is_left_as_it_is() -> None:
    engine = {"kind": "small", "device": "cpu", "mostTokens": 100}
    here, note = fitted({**SERVING, "engine": engine, "benchmark": {"seconds": 0}}, FIT)
    assert (here["engine"], here["benchmark"], note) == (engine, {"seconds": 0}, "")


def test_a_tuning_for_many_gpus_becomes_one_process_on_the_cpu() -> None:
    document = {"kind": "TuningConfig", "device": "cuda", "processes": 8, "work": "/mnt/data/w"}
    here, note = fitted(document, FIT)
    assert (here["device"], here["processes"], here["work"]) == ("cpu", 1, "/state/pods/1/data/w")
    assert "it is tuned on its CPU" in note


def test_a_source_is_asked_for_at_the_hub_here_unless_it_names_its_own() -> None:
    own = {"kind": "hub", "repository": "o/n", "endpoint": "https://example.com"}
    assert fitted({"kind": "hub", "repository": "o/n"}, FIT)[0]["endpoint"] == "http://127.0.0.1:99"
    assert fitted(own, FIT)[0]["endpoint"] == "https://example.com"
    assert list(repositories({"base": {"source": own}})) == ["o/n"]


def test_what_is_written_wrongly_is_left_for_the_container_to_say() -> None:
    wrong = {"kind": "ServingConfig", "engine": "fast", "benchmark": [1], "model": None}
    here, note = fitted(wrong, FIT)
    assert (here["engine"], here["benchmark"], here["model"], note) == ("fast", [1], None, "")


@pytest.mark.parametrize(
    ("container", "runs"),
    [
        ({"image": "registry.example.com:5000/a/towline-serving:0.1.0"}, True),
        ({"image": "towline-tuning@sha256:0123"}, True),
        (
            {
                "image": "r/towline-serving",
                "command": ["python", "-m", "runtime.artifacts"],
                "args": ["d", "f"],
            },
            True,
        ),
        ({"image": "r/towline-serving", "command": ["bash", "-c", "sleep 1"]}, False),
        ({"image": "r/towline-serving", "command": ["python", "-m", "http.server", "80"]}, False),
        ({"image": "r/not-towline-serving:1"}, False),
        ({"image": "mcr.microsoft.com/aks/kaito/kaito-base:1"}, False),
        ({}, False),
    ],
)
def test_only_our_programs_in_our_images_run_here(container: dict[str, Any], runs: bool) -> None:
    assert OwnImages(RUNTIME, Hub(RUNTIME, Troubles())).runs(container) is runs


def test_a_container_is_shown_no_login_of_the_house_and_no_home_of_its_person() -> None:
    given = {
        "PATH": "/bin", "HOME": "/home/ann", "TOWLINE_GIT_TOKEN": "secret", "HF_TOKEN": "secret",
        "https_proxy": "http://proxy:1", "LANG": "C.UTF-8",
    }  # fmt: skip
    shown = surroundings(RUNTIME, given, HERE)
    assert "secret" not in shown.values()
    assert shown["HOME"] == str(HERE)
    assert shown["PATH"] == "/venv/bin:/bin"
    assert shown["HTTPS_PROXY"] == "http://proxy:1"
    assert shown["NO_PROXY"] == "127.0.0.1,localhost"
