"""The cell: a parser that may be killed, and is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.faults import Broken

FAULTY = """
import os, signal, sys, time
def receive():
    return sys.stdin.buffer.read(int.from_bytes(sys.stdin.buffer.read(4), "big"))
def send(content):
    sys.stdout.buffer.write(len(content).to_bytes(4, "big") + content)
    sys.stdout.buffer.flush()
send(b"")
while count := receive():
    blobs = [receive() for _ in range(int.from_bytes(count, "big"))]
    for blob in blobs:
        if blob == b"crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if blob == b"hang":
            time.sleep(600)
        if blob == b"flood":
            sys.stdout.buffer.write(b"\\xff\\xff\\xff\\xff" + b"x" * 1000)
            sys.stdout.buffer.flush()
            time.sleep(600)
        send(b'[[[1, {"read": "' + blob + b'"}, [1, 1]]], []]')
"""


def faulty(tmp_path: Path, seconds: float) -> Cell:
    """A cell whose parser really crashes, hangs and floods when told to."""
    script = tmp_path / "parser.py"
    script.write_text(FAULTY)
    return Cell(seconds=seconds, command=(sys.executable, str(script)))


@pytest.mark.parametrize(
    ("trouble", "said"), [("crash", "signal 11"), ("hang", "too long"), ("flood", "too much")]
)
def test_a_blob_that_silences_the_parser_costs_only_itself(tmp_path: Path, trouble: str, said: str) -> None:
    with faulty(tmp_path, 2.0) as cell:
        parsed = cell.parse(
            {"a": b"one", "b": trouble.encode(), "c": b"three", "d": trouble.encode(), "e": b"five"}
        )
        read = {
            blob: [document.value["read"] for document in each.documents] for blob, each in parsed.items()
        }
    assert read == {"a": ["one"], "b": [], "c": ["three"], "d": [], "e": ["five"]}
    for blob in ("b", "d"):
        (finding,) = parsed[blob].findings
        assert said in finding.message
        assert finding.mend


def test_a_parser_that_died_between_two_calls_is_replaced_and_no_blob_is_blamed(tmp_path: Path) -> None:
    with Cell() as cell:
        cell.parse({"a": b"a: 1"})
        for child in children(os.getpid()):
            os.kill(child, signal.SIGKILL)
        parsed = cell.parse({"b": b"b: 2"})
    assert parsed["b"].findings == ()
    assert parsed["b"].documents[0].value == {"b": 2}


def test_a_blob_read_before_is_not_read_again() -> None:
    with Cell() as cell:
        cell.parse({"a": b"a: 1"})
        parsed = cell.parse({"a": b"an id stands for one content: this is not looked at", "b": b"b: 2"})
    assert [parsed[blob].documents[0].value for blob in ("a", "b")] == [{"a": 1}, {"b": 2}]


def test_closing_ends_the_process_and_parsing_again_starts_another() -> None:
    cell = Cell()
    cell.parse({"a": b"a: 1"})
    assert children(os.getpid())
    cell.close()
    assert not children(os.getpid())
    assert cell.parse({"b": b"b: 1"})["b"].documents
    cell.close()


def test_a_parser_that_does_not_start_is_the_worlds_fault() -> None:
    with Cell(command=(sys.executable, "-c", "raise SystemExit(3)")) as cell, pytest.raises(Broken):
        cell.parse({"a": b"a: 1"})


def test_the_process_knows_nothing_of_us_and_may_do_little() -> None:
    os.environ["TOWLINE_CANARY"] = "seen"
    try:
        with Cell() as cell:
            cell.parse({"a": b"a: 1"})
            (child,) = children(os.getpid())
            environment = Path(f"/proc/{child}/environ").read_bytes()
            limits = Path(f"/proc/{child}/limits").read_text()
    finally:
        del os.environ["TOWLINE_CANARY"]
    assert b"CANARY" not in environment
    assert b"PATH" not in environment
    rows = {line[:26].strip(): line[26:].split()[0] for line in limits.splitlines()[1:]}
    assert rows["Max address space"] == str(1024**3)
    assert rows["Max file size"] == "0"
    assert rows["Max core file size"] == "0"
    assert rows["Max open files"] == "16"
    assert int(rows["Max cpu time"]) < 120


def children(pid: int) -> list[int]:
    """Our child processes that run the parser."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return [int(line.split()[0]) for line in listed.splitlines() if "cell.child" in line]
