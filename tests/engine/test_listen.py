"""The house seen from outside, asked over HTTP."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from reconciler.faults import Refused
from reconciler.listen.address import listens_at, open_door
from reconciler.listen.pulse import Pulse
from reconciler.listen.routes import routes
from reconciler.listen.server import serving
from tests.e2e.stage import config_repo, staged
from tests.engine.outside import Outside, ask, listened_to, of, samples
from tests.gitserver import until


@pytest.fixture
def outside() -> Iterator[Outside]:
    with listened_to() as asker:
        yield asker


@pytest.mark.parametrize("path", ["/", "/metrics/", "/debug", "/../etc/passwd", "*"])
def test_there_is_nothing_else(outside: Outside, path: str) -> None:
    assert outside.ask(path)[0].status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_it_can_only_be_read(outside: Outside, method: str) -> None:
    answer, _ = outside.ask("/metrics", method)

    assert answer.status == 405
    assert answer.getheader("Allow") == "GET, HEAD"


def test_head_is_get_without_the_body(outside: Outside) -> None:
    head, nothing = outside.ask("/metrics?x=1", "HEAD")
    plain, text = outside.ask("/metrics")

    assert nothing == ""
    assert (
        head.getheader("Content-Type")
        == plain.getheader("Content-Type")
        == "text/plain; version=0.0.4; charset=utf-8"
    )
    assert plain.getheader("Server") == "towline"
    assert int(plain.getheader("Content-Length") or 0) == len(text)


@pytest.mark.parametrize(
    "said",
    [
        b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"\r\n\r\n",
        b"GET\r\n\r\n",
    ],
)
def test_nonsense_is_not_served_and_harms_nobody(outside: Outside, said: bytes) -> None:
    assert b"200 OK" not in told_back(outside.address, said)

    assert outside.ask("/healthz")[0].status == 200


def told_back(address: str, said: bytes) -> bytes:
    """What comes back for these bytes until the other side ends it."""
    host, _, port = address.rpartition(":")
    heard = b""
    with socket.create_connection((host, int(port)), timeout=30) as line:
        try:
            line.sendall(said)
            while more := line.recv(65536):
                heard += more
        except (ConnectionResetError, BrokenPipeError):
            pass
    return heard


def test_who_holds_lines_and_says_nothing_is_not_given_more_of_them(outside: Outside) -> None:
    host, _, port = outside.address.rpartition(":")
    with ExitStack() as held:
        connect = partial(socket.create_connection, (host, int(port)), timeout=30)
        lines = [held.enter_context(connect()) for _ in range(40)]

        assert until(lambda: len(select.select(lines, (), (), 0)[0]) == 8, 30)

    assert until(lambda: _answers(outside), 30)


def _answers(outside: Outside) -> bool:
    try:
        return outside.ask("/healthz")[0].status == 200
    except ConnectionError:
        return False


def test_a_port_that_is_taken_is_said_to_be(outside: Outside) -> None:
    with pytest.raises(Refused, match=f"--listen {outside.address}: somebody listens there already"):
        open_door(outside.address)


def test_when_it_ends_the_port_is_free_at_once() -> None:
    door = open_door("127.0.0.1:0")
    address = listens_at(door)
    with serving(door, routes(Pulse(), tuple)):
        assert ask(address, "/healthz")[0].status == 200

    with open_door(address) as again:
        assert listens_at(again) == address


@pytest.mark.parametrize(
    "listen", ["8080", "localhost", "h:", "h:port", "h:70000", "h:-1", "::1:80", "[]:80", ":٣"]
)
def test_an_address_that_is_none_is_said_to_be_none(listen: str) -> None:
    with pytest.raises(Refused, match=r"write HOST:PORT, \[::1\]:PORT or :PORT"):
        open_door(listen)


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        ("192.0.2.1:0", "that is no address of this machine"),
        ("nobody.invalid:0", "no machine is called nobody.invalid"),
    ],
)
def test_an_address_of_another_machine_is_said_to_be(listen: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        open_door(listen)


def test_without_a_host_it_listens_everywhere_and_with_one_only_there() -> None:
    with open_door(":0") as everywhere, open_door("127.0.0.1:0") as here:
        assert re.fullmatch(r"(\[::\]|0\.0\.0\.0):\d+", listens_at(everywhere))
        assert listens_at(here).startswith("127.0.0.1:")
        port = everywhere.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            pass


def test_a_daemon_in_the_sandbox_is_scraped_and_ends_cleanly(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        stage.person.push(config_repo("chat"))
        with stage.daemon("--listen", "127.0.0.1:0", "--poll", "1") as daemon:
            stage.becomes(lambda: "event=listening" in daemon.said, daemon)
            address = re.findall(r"event=listening address=(\S+)", daemon.said)[0]
            stage.becomes_phase("chat", "Ready", daemon)
            stage.becomes(_is_told_ready(address), daemon)
            _, text = ask(address, "/metrics")
            health = ask(address, "/healthz"), ask(address, "/readyz")

            taken = stage.type("run", "--once", "--listen", address)
            assert daemon.stop() == 0

    found = samples(text)
    assert [(answer.status, said) for answer, said in health] == [
        (200, "the loop turns\n"),
        (200, "a pass came through\n"),
    ]
    assert of(found, "towline_passes_total", result="ok") > 1
    here = {"fleet": "demo", "namespace": "default"}
    assert of(found, "towline_nodes_ready", **here) == of(found, "towline_nodes_wanted", **here) == 1
    assert sum(value for (name, _), value in found.items() if name == "towline_attempts") == 1
    assert of(found, "towline_dollars_per_hour", **here) > 1
    assert of(found, "towline_git_lag_seconds") == 0
    assert of(found, "towline_status_commits_total", result="pushed") >= 1
    assert 0 < of(found, "towline_seconds_since_git_look") < 60
    assert of(found, "towline_azure_requests_total", call="change pool") >= 1
    assert 0 <= of(found, "towline_azure_bucket_tokens", call="change pool") <= 20
    assert taken.returncode == 1
    assert f"--listen {address}: somebody listens there already" in taken.stderr
    assert "Traceback" not in daemon.said


def _is_told_ready(address: str) -> Callable[[], bool]:
    def told() -> bool:
        found = samples(ask(address, "/metrics")[1])
        return (
            found.get(
                (
                    "towline_workspace_ready",
                    frozenset({"fleet": "demo", "namespace": "default", "name": "chat"}.items()),
                )
            )
            == 1
        )

    return told
