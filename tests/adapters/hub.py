"""A Hub on loopback: what each path answers is a table, and what was asked is written down."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "max_position_embeddings": 8192,
    "hidden_size": 2048,
    "num_hidden_layers": 16,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
}


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def answer(value: Any, **headers: str) -> Answer:
    return Answer(
        200, json.dumps(value).encode(), {name.replace("_", "-"): text for name, text in headers.items()}
    )


class Hub:
    """`with Hub() as hub`: `hub.answers[path]` may be changed; `hub.asked` has (path, authorization)."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.drips: set[str] = set()
        self._closing = threading.Event()
        self.asked: list[tuple[str, str | None]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._face())
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def holds(
        self, repo: str, config: dict[str, Any] | None = None, config_name: str = "config.json"
    ) -> None:
        """A repository with two pages of files, whose config lies behind a redirect as on the real Hub."""
        tree = f"/api/models/{repo}/tree/{COMMIT}?recursive=true"
        about = {"id": repo, "sha": COMMIT, "gated": "manual", "cardData": {"license": "mit"}}
        self.answers |= {
            f"/api/models/{repo}/revision/main": answer(about),
            tree: answer(
                [{"type": "directory", "path": "x"}, {"type": "file", "path": config_name, "size": 700}],
                Link=f'<{self.url}{tree}&cursor=2>; rel="next"',
            ),
            f"{tree}&cursor=2": answer([{"type": "file", "path": "model.safetensors", "size": 5 * 2**30}]),
            f"/{repo}/resolve/{COMMIT}/{config_name}": Answer(307, b"", {"Location": f"/cache/{repo}"}),
            f"/cache/{repo}": answer(config or CONFIG),
        }

    def drip(self, write: Callable[[bytes], object], body: bytes) -> None:
        """A byte now and then, until the client or this Hub has had enough."""
        for byte in body * 10:
            if self._closing.wait(0.02):
                return
            try:
                write(bytes([byte]))
            except OSError:
                return

    def __enter__(self) -> "Hub":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()

    def _face(self) -> type[BaseHTTPRequestHandler]:
        hub = self

        class Face(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub.asked.append((self.path, self.headers.get("Authorization")))
                found = hub.answers.get(self.path, Answer(404, b"{}"))
                self.send_response(found.status)
                for name, text in {"Content-Length": str(len(found.body)), **found.headers}.items():
                    self.send_header(name, text)
                self.end_headers()
                if self.path in hub.drips:
                    hub.drip(self.wfile.write, found.body)
                else:
                    self.wfile.write(found.body)

            def log_message(self, *words: Any) -> None:
                """Quiet."""

        return Face
