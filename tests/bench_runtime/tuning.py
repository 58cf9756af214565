"""Our tuning and a plain TRL script, trained in turn: the same model, data, order, seed and settings.

Both are started and train a step; from then on one of them is held while the other goes on for a few steps,
so that both meet the same noise. What is measured is when a step's line is there, from outside.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench_runtime.figure import Figure
from tests.bench_runtime.group import Start
from tests.bench_runtime.plan import Course, Plan
from tests.bench_runtime.python_docs import pairs
from tests.bench_runtime.training import Spent, Training, training

PEER = "a plain TRL script, the same data, seed and settings"
LORA = {"r": 8, "lora_alpha": 16, "lora_dropout": 0.0, "target_modules": "all-linear"}
ROWS = 400
ARGUMENTS = {
    "learning_rate": 2e-4,
    "lr_scheduler_type": "constant",
    "logging_steps": 1,
    "save_strategy": "no",
    "seed": 7,
}


def tuning_figures(plan: Plan, folder: Path) -> Iterator[Figure]:
    """Speed, final loss, and how long it takes until the training has begun."""
    data = folder / "data" / "rows.jsonl"
    data.parent.mkdir()
    data.write_text("".join(json.dumps(_row(*pair)) + "\n" for pair in pairs()[:ROWS]))
    with training(*_plain(plan, folder, data)) as theirs:
        other = theirs.load()
        with training(*_ours(plan, folder, data)) as ours:
            yield Figure("tune_start_to_first_step_s", "s", ((ours.load(), other),), PEER)
            turns = list(_turns(ours, theirs, plan.course))
            speeds = tuple((each.tokens / each.ours.wall, each.tokens / each.theirs.wall) for each in turns)
            yield Figure("tune_tokens_per_s", "1/s", speeds, PEER)
            cpu = tuple((each.ours.cpu / each.tokens, each.theirs.cpu / each.tokens) for each in turns)
            yield Figure("tune_token_cpu_s", "CPU s", cpu, PEER)
            last = (ours.finish(), theirs.finish())
            yield Figure("tune_final_loss", "nats", (last,), f"{PEER}; step {plan.course.steps}")


@dataclass(frozen=True, slots=True)
class _Turn:
    tokens: int
    ours: Spent
    theirs: Spent


def _turns(ours: Training, theirs: Training, course: Course) -> Iterator[_Turn]:
    """A few steps of one and the same of the other. They must have had the same work."""
    before = 1
    for turn, step in enumerate(range(course.stride, course.steps + 1, course.stride)):
        if turn % 2:
            mine, other = ours.go_on_to(step), theirs.go_on_to(step)
        else:
            other, mine = theirs.go_on_to(step), ours.go_on_to(step)
        tokens = ours.tokens_at(step) - ours.tokens_at(before)
        if tokens != (given := theirs.tokens_at(step) - theirs.tokens_at(before)):
            raise RuntimeError(f"steps {before} to {step}: {tokens} tokens here, {given} there")
        yield _Turn(tokens, mine, other)
        before = step


def _ours(plan: Plan, folder: Path, data: Path) -> tuple[Start, Path]:
    config = {
        "TrainingArguments": _arguments(plan.course),
        "LoraConfig": LORA,
        "DatasetConfig": {"shuffle_dataset": False, "train_test_split": 1},
        "ModelConfig": {"dtype": plan.dtype},
    }
    user_config = folder / "training_config.yaml"
    user_config.write_text(json.dumps({"training_config": config}))
    document = {
        "workspace": "bench/tuning",
        "base": {"name": plan.model.name, "source": {"kind": "folder", "path": str(plan.model)}},
        "method": "lora",
        "data": {"kind": "folder", "path": str(data.parent)},
        "output": {"kind": "folder", "path": str(folder / "adapter")},
        "userConfig": str(user_config),
        "work": str(folder / "work"),
        "device": plan.device,
        "port": 0,
        "terminationLog": str(folder / "tuning.end"),
    }
    path = folder / "tuning.json"
    path.write_text(json.dumps(document))
    argv = (sys.executable, "-m", "runtime.tuning", str(path))
    return Start(argv, folder / "tuning.log"), folder / "work" / "progress.jsonl"


def _plain(plan: Plan, folder: Path, data: Path) -> tuple[Start, Path]:
    """Settings a person gives who has the machine in mind: nothing is imitated, nothing is computed twice."""
    on_gpu = plan.device == "cuda"
    machine: dict[str, Any] = {"bf16": on_gpu, "use_cpu": not on_gpu, "gradient_checkpointing": False}
    order = {
        "model": str(plan.model),
        "data": str(data),
        "output": str(folder / "plain"),
        "progress": str(folder / "plain.jsonl"),
        "arguments": _arguments(plan.course) | machine | {"report_to": "none"},
        "lora": LORA,
        "dtype": plan.dtype,
    }
    path = folder / "plain.json"
    path.write_text(json.dumps(order))
    argv = (sys.executable, "-m", "tests.bench_runtime.plain_trl", str(path))
    return Start(argv, folder / "plain.log"), folder / "plain.jsonl"


def _arguments(course: Course) -> dict[str, Any]:
    sizes = {"per_device_train_batch_size": course.rows, "max_length": course.longest}
    return {**ARGUMENTS, **sizes, "max_steps": course.steps}


def _row(question: str, answer: str) -> dict[str, Any]:
    said = (("user", question), ("assistant", answer))
    return {"messages": [{"role": role, "content": text} for role, text in said]}
