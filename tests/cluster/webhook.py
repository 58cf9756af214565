"""A mutating admission webhook for tests: it answers every object of one kind with the same JSON patch."""

from __future__ import annotations

import base64
import contextlib
import json
import ssl
import subprocess
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.cluster.control_plane import ControlPlane

_NAME = "towline-tests"
_PATH = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


@contextlib.contextmanager
def mutating_webhook(
    plane: ControlPlane, folder: Path, resource: str, labels: Mapping[str, str], patch: list[dict[str, Any]]
) -> Iterator[None]:
    """While the block lasts, whoever creates or updates one of `resource` (`apps/v1/statefulsets`) that
    carries these labels gets it changed by this JSON patch."""
    certificate = _certificate(folder)
    with _server(certificate, patch) as port:
        plane.ask("POST", _PATH, _configuration(labels, resource, port, certificate.read_bytes()))
        try:
            yield
        finally:
            plane.ask("DELETE", f"{_PATH}/{_NAME}")


def _certificate(folder: Path) -> Path:
    """A self-signed certificate of 127.0.0.1 and its key, in one file."""
    file = folder / "webhook.pem"
    words = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=hook")
    name = ("-addext", "subjectAltName=IP:127.0.0.1")
    out = ("-keyout", str(folder / "webhook.key"), "-out", str(file))
    subprocess.run((*words, *name, *out), check=True, capture_output=True, timeout=60)
    file.write_bytes(file.read_bytes() + (folder / "webhook.key").read_bytes())
    return file


@contextlib.contextmanager
def _server(certificate: Path, patch: list[dict[str, Any]]) -> Iterator[int]:
    encoded = base64.b64encode(json.dumps(patch).encode()).decode()

    class Hook(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            answer = {"uid": review["request"]["uid"], "allowed": True, "patchType": "JSONPatch"}
            review["response"] = {**answer, "patch": encoded}
            body = json.dumps(review).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
            """Say nothing."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def _configuration(labels: Mapping[str, str], resource: str, port: int, certificate: bytes) -> dict[str, Any]:
    group, version, plural = resource.split("/")
    hook = {
        "name": "hook.example.com",
        "clientConfig": {
            "url": f"https://127.0.0.1:{port}/",
            "caBundle": base64.b64encode(certificate.partition(b"-----BEGIN PRIVATE")[0]).decode(),
        },
        "rules": [
            {
                "apiGroups": [group],
                "apiVersions": [version],
                "resources": [plural],
                "operations": ["CREATE", "UPDATE"],
            }
        ],
        "objectSelector": {"matchLabels": dict(labels)},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": _NAME},
        "webhooks": [hook],
    }
