"""What is told of figures, and the guards that make a comparison fair: pure, and over a real socket."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.bench_runtime.asking import Address, ask
from tests.bench_runtime.figure import Figure, last_line, table
from tests.bench_runtime.group import Start
from tests.bench_runtime.python_docs import pairs, questions
from tests.bench_runtime.training import training

SPEED = Figure("speed", "1/s", ((10.0, 10.0), (4.0, 2.0), (9.0, 6.0)), "a peer")


def test_the_ratio_is_the_median_of_the_pairs_not_of_the_sides() -> None:
    assert (SPEED.value, SPEED.peer) == (9.0, 6.0)
    assert SPEED.ratio == 1.5
    assert SPEED.spread == (1.25, 1.75)


def test_a_single_pair_has_no_spread() -> None:
    once = Figure("loss", "nats", ((2.0, 4.0),), "a peer")
    assert once.spread == (once.ratio, once.ratio) == (0.5, 0.5)


def test_the_last_line_says_figures_machine_and_what_was_left_out() -> None:
    told = json.loads(last_line([SPEED], {"device": "one"}, {"serve": "vllm not installed"}))
    figure = {"value": 9.0, "unit": "1/s", "peer": 6.0, "ratio": 1.5, "spread": [1.25, 1.75]}
    assert told == {"machine": {"device": "one"}, "skipped": {"serve": "vllm not installed"}, "speed": figure}
    assert "a peer" in table([SPEED])


def test_clients_and_rounds_never_ask_the_same_question() -> None:
    asked = [question for seed in range(50) for question in questions(seed, 4)]
    assert len(set(asked)) == len(asked)


def test_there_is_enough_to_learn_from_and_of_uneven_length() -> None:
    lengths = {len(answer) for _, answer in pairs()}
    assert len(pairs()) >= 400
    assert min(lengths) < 50 < 600 < max(lengths)


@pytest.mark.parametrize(
    ("status", "lines", "why"),
    [
        (200, ['{"choices": [{"delta": {"content": "a"}}], "usage": {"completion_tokens": 3}}'], "3 written"),
        (200, ['{"choices": [], "usage": {"completion_tokens": 4}}'], "4 written"),
        (200, ['{"error": "no memory"}'], "no memory"),
        (503, [], "refused with 503"),
    ],
)
def test_an_answer_that_is_not_whole_is_no_measurement(status: int, lines: list[str], why: str) -> None:
    with _answering(status, lines) as port, pytest.raises(RuntimeError, match=why):
        ask(Address(port, "any", {}), "Why?", 4)


def test_a_training_is_held_at_its_step_and_goes_on_to_its_end(tmp_path: Path) -> None:
    progress = tmp_path / "progress.jsonl"
    with training(_counting(tmp_path, progress), progress) as counting:
        assert counting.go_on_to(2).wall > 0
        while _state(tmp_path) != "T":  # stopped by a signal, as proc(5) says it
            time.sleep(0.01)
        (tmp_path / "enough").touch()
        assert counting.finish() == counting.rows()[-1].step > 2
        assert counting.tokens_at(2) == 20


def test_a_training_that_fails_is_told_with_the_end_of_its_log(tmp_path: Path) -> None:
    progress = tmp_path / "progress.jsonl"
    (tmp_path / "enough").touch()
    with (
        training(_counting(tmp_path, progress, exits=3), progress) as counting,
        pytest.raises(RuntimeError, match="the end of the log"),
    ):
        counting.go_on_to(2)


def _counting(folder: Path, progress: Path, exits: int = 0) -> Start:
    """A process that tells steps until it is enough."""
    program = f"""
import itertools, json, os, pathlib, sys, time
folder = pathlib.Path({str(folder)!r})
(folder / "pid").write_text(str(os.getpid()))
for step in itertools.count(1):
    with open({str(progress)!r}, "a") as lines:
        lines.write(json.dumps({{"step": step, "loss": float(step), "tokens": step * 10}}) + "\\n")
    if (folder / "enough").exists():
        break
    time.sleep(0.02)
print("the end of the log", flush=True)
sys.exit({exits})
"""
    return Start((sys.executable, "-c", program), folder / "log")


def _state(folder: Path) -> str:
    stat = Path("/proc", (folder / "pid").read_text(), "stat").read_text()
    return stat.rpartition(")")[2].split()[0]


@contextmanager
def _answering(status: int, lines: list[str]) -> Iterator[int]:
    """A server that gives every question this answer; its port."""

    class Answerer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.end_headers()
            self.wfile.write("".join(f"data: {line}\n\n" for line in lines).encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the library's name
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answerer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()
