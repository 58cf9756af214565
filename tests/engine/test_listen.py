"""The house seen from outside, asked over HTTP."""

from __future__ import annotations

import re
import select
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.daemon import Ending, Rhythm, Trigger, keep_reconciling
from reconciler.domain.cloud import Option
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.provisioning import Kind, Move, NodeChoice, Orphan, Setback, Spending
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import Cost
from reconciler.faults import Fault, Refused, Throttled, Unreachable
from reconciler.listen.address import listens_at, open_door
from reconciler.listen.fleet import MOST_NAMED
from reconciler.listen.pulse import Pulse
from reconciler.listen.routes import routes
from reconciler.listen.server import serving
from tests.builders import A100
from tests.e2e.stage import config_repo, staged
from tests.gitserver import until

PHI = "default/phi"
Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Outside:
    """A pulse that is listened to, and somebody who asks."""

    def __init__(self, address: str, pulse: Pulse, clock: Clock) -> None:
        self.address = address
        self.pulse = pulse
        self.clock = clock
        self.meters: dict[str, float] = {}

    def ask(self, path: str, method: str = "GET") -> tuple[HTTPResponse, str]:
        return ask(self.address, path, method)

    def scrape(self) -> Samples:
        answer, text = self.ask("/metrics")
        assert answer.status == 200
        return samples(text)

    def passes(self, *answers: Report | Fault, seconds: float = 0.25, interval: float = 30) -> None:
        for answer in answers:
            self.pulse.begin(interval)
            self.clock.now += seconds
            self.pulse.end(answer)


@pytest.fixture
def outside() -> Iterator[Outside]:
    clock = Clock()
    door = open_door("127.0.0.1:0")
    asker = Outside(listens_at(door), Pulse(clock), clock)
    with serving(door, routes(asker.pulse, lambda: asker.meters)):
        yield asker


def ask(address: str, path: str, method: str = "GET") -> tuple[HTTPResponse, str]:
    connection = HTTPConnection(address, timeout=20)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer, answer.read().decode()
    finally:
        connection.close()


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def of(found: Samples, name: str, /, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def workspace(name: str = PHI, phase: Phase = Phase.READY, **more: object) -> WorkspaceReport:
    cost = Cost(3.67, "2026-06-18", "eastus")
    named = WorkspaceName(*name.split("/"))
    bare = WorkspaceReport(named, phase, "", "", "c", "f", "m", A100, 1, ("n1",), "", cost, gpus_per_node=1)
    return replace(bare, **more)  # type: ignore[arg-type]


def report(*workspaces: WorkspaceReport, **more: object) -> Report:
    bare = Report("towline", "c0ffee", "Add phi", {each.name: each for each in workspaces})
    return replace(bare, **more)  # type: ignore[arg-type]


def test_a_scrape_before_the_first_pass_tells_of_no_fleet(outside: Outside) -> None:
    found = outside.scrape()

    assert of(found, "towline_passes_total", result="ok") == 0
    assert not [name for name, _ in found if name.startswith("towline_workspace")]


def test_passes_are_counted_by_how_they_ended(outside: Outside) -> None:
    bad = report(problems=("the status branch could not be written",))
    outside.passes(report(), report(), bad, Unreachable("no answer"), Throttled("slower", retry_after=9))

    found = outside.scrape()

    results = {"ok": 2, "problems": 1, "unreachable": 1, "throttled": 1}
    assert {each: of(found, "towline_passes_total", result=each) for each in results} == results
    assert of(found, "controller_runtime_reconcile_total", controller="fleet", result="success") == 2
    assert of(found, "controller_runtime_reconcile_total", controller="fleet", result="error") == 3
    assert of(found, "towline_problems") == 1


def test_how_long_passes_took_is_a_histogram_under_our_name_and_under_that_of_flux(outside: Outside) -> None:
    outside.passes(report(), seconds=0.02)
    outside.passes(report(), seconds=4)
    outside.passes(report(), seconds=5000)

    found = outside.scrape()

    flux = {"kind": "Fleet", "name": "towline", "namespace": ""}
    for name, labels in (("towline_pass", {}), ("gotk_reconcile", flux)):
        bounds = {"0.01": 0, "0.025": 1, "2.5": 1, "5.0": 2, "1800.0": 2, "+Inf": 3}
        told = {le: of(found, f"{name}_duration_seconds_bucket", le=le, **labels) for le in bounds}
        assert told == bounds
        assert of(found, f"{name}_duration_seconds_count", **labels) == 3
        assert of(found, f"{name}_duration_seconds_sum", **labels) == pytest.approx(5004.02)


def test_a_fleet_is_told_in_figures(outside: Outside) -> None:
    warning = Finding("f.yaml", 1, 1, "x", "odd", "", Severity.WARNING)
    error = Finding("g.yaml", 1, 1, "x", "wrong", "")
    outside.passes(
        report(
            workspace(nodes_wanted=2, gpus_per_node=4, findings=(warning,)),
            workspace("default/tuned", Phase.SUCCEEDED, nodes_wanted=1, nodes_ready=()),
            workspace("lab/llama", Phase.PENDING, nodes_ready=(), cost=Cost(None, "", "")),
            workspace("lab/typo", Phase.INVALID, nodes_ready=(), findings=(error,)),
            findings=(warning,),
            awaiting_approval="abc",
        )
    )

    found = outside.scrape()

    phases = {str(phase): of(found, "towline_workspaces", phase=phase) for phase in Phase}
    assert {phase: count for phase, count in phases.items() if count} == {
        "Ready": 1, "Succeeded": 1, "Pending": 1, "Invalid": 1,
    }  # fmt: skip
    figures = {
        "nodes_wanted": 4,
        "nodes_ready": 1,
        "gpus_wanted": 10,
        "gpus_ready": 4,
        "dollars_per_hour": pytest.approx(7.34),
        "workspaces_of_unknown_price": 1,
        "awaiting_approval": 1,
    }
    assert {name: of(found, f"towline_{name}") for name in figures} == figures
    assert of(found, "towline_findings", severity="error") == 1
    assert of(found, "towline_findings", severity="warning") == 1
    ready = {"phi": ("default", 1), "tuned": ("default", 1), "llama": ("lab", 0), "typo": ("lab", 0)}
    for name, (namespace, value) in ready.items():
        assert of(found, "towline_workspace_ready", namespace=namespace, name=name) == value


def test_attempts_that_wait_and_that_need_a_person_are_told_apart(outside: Outside) -> None:
    full = Setback(Kind.CAPACITY, "AllocationFailed", "there are no such machines now")
    quota = Setback(Kind.PERMANENT, "QuotaExceeded", "the quota is used up")
    waits = NodeChoice(Option(A100), Move.WAIT, setback=full, until="2026-11-22T12:05:00Z")
    parked = NodeChoice(Option(A100), Move.WAIT, setback=quota)
    choices = (NodeChoice(Option(A100), Move.GO), waits, waits, parked)
    outside.passes(report(*(workspace(f"lab/w{n}", choice=each) for n, each in enumerate(choices))))

    found = outside.scrape()

    moves = {"go": 1, "again": 0, "anew": 0, "abort": 0, "wait": 2, "parked": 1}
    assert {move: of(found, "towline_attempts", move=move) for move in moves} == moves
    kinds = {"capacity": 2, "permanent": 1, "transient": 0, "recreate": 0}
    assert {kind: of(found, "towline_setbacks", kind=kind) for kind in kinds} == kinds


def test_orphans_are_told_with_what_they_cost(outside: Outside) -> None:
    spending = Spending(12.0, "2026-11-22T10:00:00Z", "2026-11-22T12:00:00Z")
    orphan = Orphan("wabc", "lab/gone", A100, 1, spending.since, spending.at, spending, 3.67)
    outside.passes(report(orphans=(orphan, replace(orphan, pool="wdef", dollars_per_hour=None))))

    found = outside.scrape()

    assert of(found, "towline_orphans") == 2
    assert of(found, "towline_orphans_dollars_per_hour") == 3.67


def test_only_so_many_workspaces_are_named(outside: Outside) -> None:
    outside.passes(report(*(workspace(f"lab/w{number:05}") for number in range(MOST_NAMED + 500))))

    found = outside.scrape()

    named = sorted(dict(labels)["name"] for name, labels in found if name == "towline_workspace_ready")
    assert named == [f"w{number:05}" for number in range(MOST_NAMED)]
    assert of(found, "towline_workspaces", phase="Ready") == MOST_NAMED + 500


def test_what_azure_was_asked_is_told_at_the_moment_of_the_scrape(outside: Outside) -> None:
    assert not [name for name, _ in outside.scrape() if "azure" in name]
    outside.meters = {"change_pool_left": 18.5, "change_pool_requests": 2, "change_pool_throttled": 1}

    found = outside.scrape()

    assert of(found, "towline_azure_bucket_tokens", call="change pool") == 18.5
    assert of(found, "towline_azure_requests_total", call="change pool") == 2
    assert of(found, "towline_azure_throttled_total", call="change pool") == 1


def test_after_a_fault_the_last_report_stands_and_grows_old(outside: Outside) -> None:
    outside.passes(report(workspace()), Unreachable("no answer"), seconds=2)
    outside.clock.now += 40

    found = outside.scrape()

    assert of(found, "towline_seconds_since_pass") == 40
    assert of(found, "towline_seconds_since_good_pass") == 42
    assert of(found, "towline_workspaces", phase="Ready") == 1


def test_the_process_itself_is_told(outside: Outside) -> None:
    assert of(outside.scrape(), "process_resident_memory_bytes") > 1_000_000


@pytest.mark.parametrize(("interval", "patience"), [(30.0, 600), (300.0, 1500)])
def test_it_is_healthy_until_no_pass_ends_for_too_long(
    outside: Outside, interval: float, patience: int
) -> None:
    outside.passes(Unreachable("no answer"), interval=interval)
    outside.clock.now += patience
    assert outside.ask("/healthz")[0].status == 200
    outside.clock.now += 1

    answer, said = outside.ask("/healthz")

    assert answer.status == 503
    assert said == f"no pass ended for {patience + 1} seconds, and at most {patience} are expected\n"


def test_a_loop_that_never_ended_a_pass_is_not_healthy_for_ever(outside: Outside) -> None:
    assert outside.ask("/healthz")[0].status == 200
    outside.clock.now += 601
    assert outside.ask("/healthz")[0].status == 503


def test_it_is_ready_once_a_pass_came_through(outside: Outside) -> None:
    outside.passes(Unreachable("no answer"))
    answer, said = outside.ask("/readyz")
    assert (answer.status, said) == (503, "no pass came through yet\n")

    outside.passes(report(), Unreachable("no answer"))

    assert outside.ask("/readyz")[0].status == 200


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


def test_a_real_loop_is_felt(outside: Outside) -> None:
    class Passes:
        def run_pass(self) -> Report:
            outside.pulse.begin(30)
            return report(workspace())

    keep_reconciling(Passes(), Trigger(), Rhythm, Ending(settled=True), outside.pulse.end)

    assert of(outside.scrape(), "towline_passes_total", result="ok") == 1


def test_a_port_that_is_taken_is_said_to_be(outside: Outside) -> None:
    with pytest.raises(Refused, match=f"--listen {outside.address}: somebody listens there already"):
        open_door(outside.address)


def test_when_it_ends_the_port_is_free_at_once() -> None:
    door = open_door("127.0.0.1:0")
    address = listens_at(door)
    with serving(door, routes(Pulse(), dict)):
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
    assert of(found, "towline_nodes_ready") == of(found, "towline_nodes_wanted") == 1
    assert sum(value for (name, _), value in found.items() if name == "towline_attempts") == 1
    assert of(found, "towline_dollars_per_hour") > 1
    assert of(found, "towline_azure_requests_total", call="change pool") >= 1
    assert 0 <= of(found, "towline_azure_bucket_tokens", call="change pool") <= 20
    assert taken.returncode == 1
    assert f"--listen {address}: somebody listens there already" in taken.stderr
    assert "Traceback" not in daemon.said


def _is_told_ready(address: str) -> Callable[[], bool]:
    def told() -> bool:
        found = samples(ask(address, "/metrics")[1])
        return (
            found.get(("towline_workspace_ready", frozenset({("namespace", "default"), ("name", "chat")})))
            == 1
        )

    return told
