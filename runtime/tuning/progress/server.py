"""The door through which progress is asked for: /metrics, /health, /progress and /loss-curve.svg."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from runtime.tuning.progress.loss_curve import loss_curve
from runtime.tuning.progress.metrics import registry_of
from runtime.tuning.progress.rows import course, read
from runtime.tuning.progress.standing import Standing


def serve_progress(host: str, port: int, standing: Callable[[], Standing], rows: Path) -> ThreadingHTTPServer:
    """Answer on `host`:`port` (0: any free one) in a thread of its own until shut down."""
    registry = registry_of(standing)
    pages: dict[str, tuple[str, Callable[[], bytes]]] = {
        "/metrics": (CONTENT_TYPE_LATEST, lambda: generate_latest(registry)),
        "/health": ("application/json", lambda: json.dumps(asdict(standing())).encode()),
        "/progress": ("application/jsonl", lambda: rows.read_bytes() if rows.exists() else b""),
        "/loss-curve.svg": ("image/svg+xml", lambda: loss_curve(course(read(rows))).encode()),
    }

    class Answer(BaseHTTPRequestHandler):
        """One request."""

        def do_GET(self) -> None:
            """The page asked for, or 404."""
            page = pages.get(self.path.partition("?")[0])
            kind, body = (page[0], page[1]()) if page else ("text/plain", b"there is no such page\n")
            self.send_response(HTTPStatus.OK if page else HTTPStatus.NOT_FOUND)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name it has there
            """Scrapes are not told: the log is for the training."""

    server = ThreadingHTTPServer((host, port), Answer)
    Thread(target=server.serve_forever, daemon=True).start()
    return server
