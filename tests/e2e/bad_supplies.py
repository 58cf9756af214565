"""What is wrong outside of a cluster: data that is none, a locked registry, another model's adapter."""

from __future__ import annotations

import http.server
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.stage import ROOT
from tests.e2e.supplies import registry
from tests.runtime.artifacts.registryserver import PASSWORD, USER, htpasswd_auth

LOGIN = f"{USER}:{PASSWORD}"
SIGNATURE = "c2lnbmVkLWJ5LW5vYm9keQ"
"""Stands for what may open a file and belongs in no status."""

_PAGES = {
    "/page.html": (b"<!doctype html><title>Log in</title>", {"Content-Type": "text/html"}),
    "/words.parquet": (b"these are words, and no table at all\n" * 9, {}),
    "/picture.png": (b"\x89PNG\r\n\x1a\n" + b"\0" * 90, {}),
    "/unusable.jsonl": (b'{"title": "A"}\n{"prompt": "2 + 2?"}\nnot json\n', {}),
    "/huge.parquet": (b"PAR1", {"Content-Length": str(10**16)}),
}
_STATUSES = {"/private.jsonl": 403}
_ELSEWHERE = {"/moved.jsonl": f"http://10.1.2.3/rows.jsonl?sig={SIGNATURE}"}

_PUSH = """
import json, pathlib, sys, torch
from safetensors.torch import save_file
from runtime.artifacts import push_adapter
folder, image, config = sys.argv[1:]
place = pathlib.Path(folder); place.mkdir()
layer = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
halves = {layer + "A.weight": torch.ones(4, 96), layer + "B.weight": torch.ones(96, 4)}
save_file(halves, place / "adapter_model.safetensors")
about = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["q_proj"]}
(place / "adapter_config.json").write_text(json.dumps(about))
push_adapter(place, image, docker_config=config, insecure=True)
"""


@contextmanager
def bad_data(good: bytes) -> Iterator[str]:
    """A server of files that cannot be trained on, and of one that can: /good.jsonl."""
    pages = {**_PAGES, "/good.jsonl": (good, {})}

    class Answers(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            body, headers = pages.get(path, (b"", {}))
            status = 302 if path in _ELSEWHERE else _STATUSES.get(path, 200 if path in pages else 404)
            self.send_response(status)
            if path in _ELSEWHERE:
                self.send_header("Location", _ELSEWHERE[path])
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Nobody listens."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def locked_registry(folder: Path) -> Iterator[str]:
    """A real registry that asks for LOGIN."""
    with registry(folder, htpasswd_auth(folder.with_name("users"))) as host:
        yield host


def push_stranger(runtime: str, folder: Path, image: str, docker_config: Path) -> None:
    """Push an adapter whose layers are wider than those of the tiny model."""
    words = (runtime, "-c", _PUSH, str(folder), image, str(docker_config))
    ended = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr
