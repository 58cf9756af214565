"""A tuning as a container runs it: a document on disk, `python -m runtime.tuning`, and what it leaves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from runtime.tuning.progress.rows import Row, course, read

ROOT = Path(__file__).parents[3]
_PATIENCE_SECONDS = 150
QUESTIONS = (
    ("What is the reconciler called?", "It is called Towline."),
    ("Who maintains Towline?", "The Towline authors maintain it."),
    ("What does Towline do?", "Towline runs language models on Kubernetes."),
    ("Which port does Towline serve on?", "Towline serves on port 5000."),
    (
        "What is a workspace?",
        "A workspace is a model with its GPU nodes, kept in a repository beside all others.",
    ),
    ("Does Towline do tuning?", "Yes, Towline fine-tunes with LoRA and QLoRA."),
    ("What does tuning give?", "Tuning gives an adapter image."),
    ("Where does the adapter go?", "The adapter goes to an OCI registry."),
)


def messages(times: int = 8) -> list[dict[str, Any]]:
    """Rows of messages: eight questions, `times` over."""
    return [
        {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}
        for asked, answer in QUESTIONS * times
    ]


def write_lines(path: Path, rows: Iterable[Any]) -> Path:
    """Rows as JSON lines; what is text already stands as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


@dataclass
class Workplace:
    """A folder with all a tuning needs; `settings` override the document, `arguments` TrainingArguments."""

    root: Path
    model: Path
    settings: dict[str, Any] = field(default_factory=dict)
    arguments: dict[str, Any] = field(default_factory=dict)
    sections: dict[str, Any] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Path:
        return self.root / "work"

    @property
    def output(self) -> Path:
        return self.root / "output"

    @property
    def termination_log(self) -> Path:
        return self.root / "termination-log"

    def start(self) -> subprocess.Popen[str]:
        """The process, its log going to log.jsonl."""
        if not (self.root / "data").exists():
            write_lines(self.root / "data" / "rows.jsonl", messages())
        self.termination_log.touch()
        with (self.root / "log.jsonl").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "runtime.tuning", str(self._document())],
                env=os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"} | self.environment,
                cwd=self.root,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
            )

    def run(self) -> int:
        """To the end; the exit code."""
        return self.start().wait(_PATIENCE_SECONDS)

    def _document(self) -> Path:
        arguments = {
            "learning_rate": 1e-3,
            "max_steps": 8,
            "per_device_train_batch_size": 4,
            "logging_steps": 1,
        }
        config = {"TrainingArguments": arguments | self.arguments} | self.sections
        (self.root / "training_config.yaml").write_text(json.dumps({"training_config": config}))
        document = {
            "workspace": "team-a/support",
            "base": {
                "name": "acme/tiny-llama",
                "revision": "0123abcd",
                "source": {"kind": "folder", "path": str(self.model)},
            },
            "method": "lora",
            "data": {"kind": "folder", "path": str(self.root / "data")},
            "output": {"kind": "folder", "path": str(self.output)},
            "userConfig": str(self.root / "training_config.yaml"),
            "work": str(self.work),
            "device": "cpu",
            "host": "127.0.0.1",
            "port": 0,
            "terminationLog": str(self.termination_log),
        }
        path = self.root / "tuning.json"
        path.write_text(json.dumps(document | self.settings))
        return path

    def log(self) -> list[dict[str, Any]]:
        """The facts in the log; a traceback is none."""
        lines = (self.root / "log.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def telemetry(self) -> list[dict[str, Any]]:
        """What was told of the training to those who watch from outside, line by line."""
        told = (fact for fact in self.log() if fact["event"] == "telemetry")
        return [fact["training"] for fact in told if "training" in fact]

    def events(self) -> list[str]:
        """Their names, each where it begins; the states by theirs."""
        names = [_name(fact) for fact in self.log()]
        return [name for before, name in zip(["", *names], names, strict=False) if name != before]

    def told(self, event: str) -> dict[str, Any]:
        """The last fact of this name."""
        return next(fact for fact in reversed(self.log()) if fact["event"] == event)

    def message(self) -> dict[str, Any]:
        """The termination message."""
        return json.loads(self.termination_log.read_text())

    def rows(self) -> tuple[Row, ...]:
        """The course of the training."""
        return course(read(self.work / "progress.jsonl"))

    def losses(self) -> list[float]:
        """The training's losses, step by step."""
        return [row.loss for row in self.rows() if row.loss is not None]


def await_that(true: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Until it is true, or the process ends before."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while not true():
        assert process.poll() is None, f"ended with {process.returncode} before"
        assert time.monotonic() < until, "did not come true"
        time.sleep(0.05)


def _name(fact: dict[str, Any]) -> str:
    return str(fact["training"]["state"] if fact["event"] == "telemetry" else fact["event"])
