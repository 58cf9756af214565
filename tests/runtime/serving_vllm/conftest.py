"""What the tests of vLLM share: its own parser, adapters of the tiny model, and served processes."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.serving.vllm.options import Option, known_options

ROOT = Path(__file__).resolve().parents[3]
JSON = {"content-type": "application/json"}
READY_SECONDS = 420.0
"""vLLM imports for seconds in three processes one after another; a busy machine takes minutes."""


@pytest.fixture(scope="session")
def known() -> Mapping[str, Option]:
    """The options of the installed vLLM."""
    pytest.importorskip("vllm")
    from runtime.serving.vllm.launch import _parser

    return known_options(_parser())


@dataclass
class Served:
    """One process that serves, or tried to."""

    process: subprocess.Popen[bytes]
    address: str
    log: Path
    ready_seconds: float = 0.0

    def text(self) -> str:
        """Its log so far."""
        return self.log.read_text("utf-8", errors="replace")

    def wait_ready(self) -> None:
        """Return once /health is 200; fail with the log where it ends instead."""
        began = time.monotonic()
        while not self._is_ready():
            if self.process.poll() is not None or time.monotonic() - began > READY_SECONDS:
                pytest.fail(f"not ready; exit code {self.process.returncode}:\n{self.text()[-6000:]}")
            time.sleep(0.1)
        self.ready_seconds = time.monotonic() - began

    def ask(self, path: str, body: object = None, method: str = "") -> tuple[int, bytes, Mapping[str, str]]:
        """One request: status, body, headers."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self.address + path, raw, JSON)  # noqa: S310  our own server
        if method:
            request.method = method
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(), error.headers

    def end(self) -> int:
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(120)

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.address + "/health", timeout=5) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except OSError:
            return False


Serve = Callable[[Mapping[str, Any]], Served]


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def config_for(model: Path, **fields: Any) -> dict[str, Any]:
    """A ServingConfig of that model, small enough for a laptop, on a free port of this machine."""
    document = {
        "model": {"servedName": "tiny", "source": {"kind": "folder", "path": str(model)}},
        "engine": {"kind": "vllm", "arguments": {"max-num-seqs": 4}},
        "benchmark": {"seconds": 0},
        "host": "127.0.0.1",
        "port": free_port(),
        "drainSeconds": 30,
        "adapters": {"folder": "/nonexistent"},
    }
    return document | fields


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Start a process for a document; every one is gone when the module is done."""
    pytest.importorskip("vllm")
    started: list[subprocess.Popen[bytes]] = []

    def start(document: Mapping[str, Any]) -> Served:
        folder = tmp_path_factory.mktemp("served")
        (folder / "config.json").write_text(json.dumps(document))
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "runtime.serving", str(folder / "config.json")],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd=folder,
                start_new_session=True,
            )
        started.append(process)
        return Served(process, f"http://127.0.0.1:{document['port']}", folder / "log")

    yield start
    for process in started:
        with contextlib.suppress(ProcessLookupError):  # the whole session of it: vLLM has children
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(30)


@pytest.fixture(scope="session")
def tiny_adapter(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LoRA adapter of rank 8 for the tiny model, made by peft, with an effect that can be seen."""
    peft = pytest.importorskip("peft")
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(1)
    base = AutoModelForCausalLM.from_pretrained(tiny_model)
    shape = peft.LoraConfig(r=8, lora_alpha=64, target_modules=["q_proj", "v_proj"], init_lora_weights=False)
    folder = tmp_path_factory.mktemp("adapter") / "support"
    peft.get_peft_model(base, shape).save_pretrained(folder)
    return folder
