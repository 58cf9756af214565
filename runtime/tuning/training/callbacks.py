"""What is done beside the training at every step: tell of it, and keep checkpoints whole and fresh."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from runtime.tuning.progress.rows import Row, append
from runtime.tuning.training.agreement import agree, wait_for_all
from runtime.tuning.training.checkpoints import mark_whole


class ProgressTeller(TrainerCallback):
    """Appends a row whenever the trainer logs. Seconds are those spent in steps: evaluations and checkpoints
    are not the training's speed."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock = path, clock
        self._begun = self._seconds = 0.0
        self._steps = self._tokens = 0
        self._logged = (0.0, 0)

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """A row without a loss: from which step this run goes on, and how many there will be."""
        if state.is_world_process_zero:
            append(Row(state.global_step, state.max_steps, state.epoch or 0.0), self._path)

    def on_step_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The watch runs."""
        self._begun = self._clock()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """The watch stops."""
        self._seconds += self._clock() - self._begun
        self._steps += 1

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """A row of what was logged; the trainer's closing summary is none."""
        if state.is_world_process_zero and logs and ("loss" in logs or "eval_loss" in logs):
            append(self._row(state, logs), self._path)

    def _row(self, state: TrainerState, logs: dict[str, float]) -> Row:
        epoch = round(state.epoch or 0.0, 4)
        if "eval_loss" in logs:
            return Row(state.global_step, state.max_steps, epoch, eval_loss=round(logs["eval_loss"], 6))
        tokens = int(logs.get("num_tokens", 0))
        then, before = self._logged
        speed = (tokens - before) / (self._seconds - then) if self._seconds > then else None
        self._logged = (self._seconds, tokens)
        left = (state.max_steps - state.global_step) * self._seconds / max(1, self._steps)
        return Row(
            step=state.global_step,
            steps=state.max_steps,
            epoch=epoch,
            loss=round(logs["loss"], 6),
            learning_rate=logs.get("learning_rate"),
            grad_norm=round(logs.get("grad_norm", 0.0), 6),
            tokens=tokens,
            tokens_per_second=round(speed, 1) if speed else None,
            eta_seconds=round(left, 1),
        )


class CheckpointKeeper(TrainerCallback):
    """Marks checkpoints whole, asks for one every `minutes`, and at SIGTERM asks for the last one and ends.

    All processes must save and stop at the same step: they agree on it after each.
    """

    def __init__(self, of: str, minutes: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._of, self._minutes, self._clock = of, minutes, clock
        self._saved = clock()
        self._told_to_end = False
        self.interrupted = False

    def listen(self) -> None:
        """From now on SIGTERM and SIGINT are heeded at the end of a step."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._hear)

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> TrainerControl:
        """Whether to save, and whether to end here."""
        late = bool(self._minutes) and self._clock() - self._saved >= self._minutes * 60
        end, save = agree((self._told_to_end, late), args.device)
        last = state.global_step >= state.max_steps
        if end and not last:
            control.should_training_stop = self.interrupted = True
        if (end or save) and not last:
            control.should_save = True
        return control

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        """Once every process has written its part, the first marks the whole."""
        self._saved = self._clock()
        wait_for_all()
        if state.is_world_process_zero:
            mark_whole(Path(str(args.output_dir)) / f"checkpoint-{state.global_step}", self._of)

    def _hear(self, *_: object) -> None:
        self._told_to_end = True
