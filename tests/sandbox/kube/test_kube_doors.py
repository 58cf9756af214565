from __future__ import annotations

import contextlib
import http.client
import http.server
import socket
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse

import pytest

from reconciler.sandbox.kube.face import LogRequest, Trouble
from tests.sandbox.kube.served import (
    Served,
    pod,
    service,
)

SPACE = "/api/v1/namespaces/default"
CONFIG_MAPS = f"{SPACE}/configmaps"


def test_what_needs_a_kubelet_is_not_implemented(api: Served) -> None:
    api.call("POST", f"{SPACE}/pods", pod())
    assert api.call("POST", f"{SPACE}/pods/p/exec").code == 501
    assert api.call("POST", f"{SPACE}/pods/p/portforward").code == 501


def test_a_pods_log_comes_from_the_source(api: Served) -> None:
    api.call("POST", f"{SPACE}/pods", pod())
    assert api.call("GET", f"{SPACE}/pods/p/log").code == 204
    api.inside(lambda store: store.patch("Pod", "default", "p", {"spec": {"nodeName": "n"}}))
    waiting = {"containerStatuses": [{"name": "main", "state": {"waiting": {"reason": "ContainerCreating"}}}]}
    api.inside(lambda store: store.patch("Pod", "default", "p", {"status": waiting}, subresource="status"))
    refused = api.call("GET", f"{SPACE}/pods/p/log")
    assert (refused.code, refused.body["message"]) == (
        400,
        'container "main" in pod "p" is waiting to start: ContainerCreating',
    )
    running = {"containerStatuses": [{"name": "main", "state": {"running": {}}}]}
    api.inside(lambda store: store.patch("Pod", "default", "p", {"status": running}, subresource="status"))
    assert api.call("GET", f"{SPACE}/pods/p/log?tailLines=1&follow=true").body == "line 4 of p\n"
    assert api.logs == [LogRequest(follow=True, tail_lines=1)]


def test_only_who_has_the_token_is_answered() -> None:
    with Served(token="secret") as api:
        assert api.call("GET", CONFIG_MAPS).code == 200
        refused = api.call("GET", CONFIG_MAPS, Authorization="Bearer wrong")
        assert (refused.code, refused.body["reason"]) == (401, "Unauthorized")
        assert api.call("GET", "/readyz", Authorization="").body == "ok"


def test_every_request_is_told(api: Served) -> None:
    api.call("GET", f"{CONFIG_MAPS}?limit=5", **{"User-Agent": "towline"})
    line = api.lines[-1]
    assert (line.method, line.path, line.query) == ("GET", CONFIG_MAPS, "limit=5")
    assert (line.user_agent, line.status) == ("towline", 200)


def test_trouble_comes_as_it_is_asked_for(api: Served) -> None:
    api.troubles["GET", CONFIG_MAPS] = Trouble(429, "TooManyRequests", "slow down", retry_after=3)
    throttled = api.call("GET", CONFIG_MAPS)
    assert (throttled.code, throttled.headers["Retry-After"]) == (429, "3")
    api.troubles["GET", CONFIG_MAPS] = Trouble(403, "Forbidden", "no")
    assert api.call("GET", CONFIG_MAPS).body["message"] == "no"
    api.troubles["GET", CONFIG_MAPS] = Trouble(cut=True)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        api.call("GET", CONFIG_MAPS)
    assert api.lines[-1].status == 0
    api.troubles.clear()
    assert api.call("GET", CONFIG_MAPS).code == 200


def test_a_hanging_api_says_nothing(api: Served) -> None:
    api.troubles["GET", CONFIG_MAPS] = Trouble(hang=True)
    address = urlparse(api.url)
    with socket.create_connection((address.hostname, address.port), timeout=0.5) as line:
        line.sendall(f"GET {CONFIG_MAPS} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with pytest.raises(TimeoutError):
            line.recv(1)


class _Backend(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("X-Path", self.path)
        self.end_headers()
        self.wfile.write(b"got " + body)

    def log_message(self, *_: Any) -> None:
        return


@contextlib.contextmanager
def listening() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Backend)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def test_a_services_proxy_reaches_the_process_behind_a_ready_pod(api: Served) -> None:
    path = f"{SPACE}/services/s:80/proxy/v1/chat?x=1"
    api.call("POST", f"{SPACE}/services", service())
    assert api.call("POST", path, b"hello").code == 503
    with listening() as address:
        annotations = {"sandbox.towline.dev/listen": address}
        api.call("POST", f"{SPACE}/pods", pod(labels={"app": "s"}, annotations=annotations))
        assert api.call("POST", path, b"hello").code == 503
        ready = {"conditions": [{"type": "Ready", "status": "True"}]}
        api.inside(lambda store: store.patch("Pod", "default", "p", {"status": ready}, subresource="status"))
        answer = api.call("POST", path, b"hello")
    assert (answer.code, answer.body, answer.headers["X-Path"]) == (201, "got hello", "/v1/chat?x=1")
