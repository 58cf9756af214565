"""One training process's story: load, find the batch that fits, train, save the adapter."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runtime.tuning.config.training_config import TrainingConfig
from runtime.tuning.data.checking import CheckedData
from runtime.tuning.faults import BadConfig, BadData, BadModel, Interrupted
from runtime.tuning.log import tell
from runtime.tuning.training.agreement import wait_for_all
from runtime.tuning.training.batch import Batch, first_that_fits, ways
from runtime.tuning.training.callbacks import CheckpointKeeper, ProgressTeller
from runtime.tuning.training.checkpoints import newest_whole
from runtime.tuning.training.choices import Choices, choose
from runtime.tuning.training.examples import load_examples, token_counts
from runtime.tuning.training.machine import Machine
from runtime.tuning.training.memory import probe_of
from runtime.tuning.training.model import load_model, load_tokenizer
from runtime.tuning.training.order import Order, Words
from runtime.tuning.training.settings import lora_settings, quantization_settings, sft_settings
from runtime.tuning.work_folder import WorkFolder


@dataclass(frozen=True)
class Task:
    """All that one process needs to know."""

    order: Order
    config: TrainingConfig
    method: str
    data: CheckedData
    folder: WorkFolder
    checkpoint_minutes: float
    machine: Machine


def train(task: Task) -> None:
    """Train to the last step and leave the adapter in the work folder. Raises Mistaken, or Interrupted once a
    checkpoint is saved."""
    choices = choose(task.config, task.method, task.machine)
    _tell(task, "chosen", because="; ".join(choices.because))
    trainer, batch = _trainer(task, choices)
    Words(task.folder.words).leave_rows(batch.rows)
    checkpoint = newest_whole(task.folder.checkpoints, task.order.course)
    keeper = CheckpointKeeper(task.order.course, task.checkpoint_minutes)
    trainer.add_callback(ProgressTeller(task.folder.progress))
    trainer.add_callback(keeper)
    keeper.listen()
    if checkpoint:
        trainer.args.eval_on_start = False
        _tell(task, "resuming", checkpoint=checkpoint.name)
    trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    if keeper.interrupted:
        raise Interrupted(f"told to end at step {trainer.state.global_step}; a checkpoint is saved")
    _save(task, trainer)


def _trainer(task: Task, choices: Choices) -> tuple[Any, Batch]:
    """The trainer, with a batch that was seen to fit. Settings are built first: a mistake in them is told
    before the model is loaded."""
    lora = lora_settings(task.config)
    quantization = quantization_settings(task.config.quantization, task.method)
    guess = next(ways(choices, longest=1, most_rows=task.order.most_rows))
    _settings(task, choices, guess)
    tokenizer = load_tokenizer(Path(task.order.weights), task.config.model, task.data.form)
    weights = Path(task.order.weights)
    model = load_model(weights, task.config.model, choices, task.machine, quantization)
    learnt, held_back = load_examples(task.data, task.config.dataset, task.folder.cache)
    trainer = _sft(task, choices, guess, (model, tokenizer), (learnt, held_back), lora)
    longest = _longest(task, trainer, len(learnt))
    fitting = ways(choices, longest, task.order.most_rows)
    batch = first_that_fits(fitting, probe_of(trainer, choices, task.machine, longest))
    _tell(
        task, "batch", rows=batch.rows, times=batch.times, longest=longest, checkpointing=batch.checkpointing
    )
    if batch != guess:
        prepared = (trainer.train_dataset, trainer.eval_dataset)
        trainer = _sft(task, choices, batch, (trainer.model, tokenizer), prepared, None)
    return trainer, batch


def _settings(task: Task, choices: Choices, batch: Batch) -> Any:
    evaluates = task.data.held_back > 0
    where = task.folder.checkpoints
    return sft_settings(task.config, choices, batch, task.machine, where, evaluates=evaluates)


def _sft(
    task: Task, choices: Choices, batch: Batch, model: tuple[Any, Any], data: tuple[Any, Any], lora: Any
) -> Any:
    """TRL's trainer. Without `lora` model and data are a former trainer's, prepared already."""
    from transformers import PrinterCallback
    from trl import SFTTrainer  # type: ignore[attr-defined]
    from trl.trainer.sft_trainer import DataCollatorForLanguageModeling

    settings = _settings(task, choices, batch)
    if lora is None:
        settings.dataset_kwargs = {"skip_prepare_dataset": True}
    collator = None
    if choices.end_to_end:
        pad = model[1].pad_token_id
        collator = DataCollatorForLanguageModeling(pad_token_id=pad, padding_free=True)
    try:
        trainer = SFTTrainer(
            model=model[0], args=settings, train_dataset=data[0], eval_dataset=data[1],
            processing_class=model[1], peft_config=lora, data_collator=collator,
        )  # fmt: skip
    except (ValueError, TypeError) as bad:
        raise BadModel(_refusal(bad, model[0])) from bad
    trainer.remove_callback(PrinterCallback)
    return trainer


def _refusal(bad: Exception, model: Any) -> str:
    """What peft or TRL does not take; of modules that are none also those there are."""
    said = " ".join(str(bad).split())[:400].rstrip(". ")
    if "arget modules" not in said:
        return f"the trainer refuses this configuration: {said}"
    kinds = {name.rpartition(".")[2] for name, part in model.named_modules() if _is_linear(part)}
    return f"LoraConfig.target_modules does not fit the model: {said}; it has {', '.join(sorted(kinds)[:20])}"


def _is_linear(part: Any) -> bool:
    return "linear" in type(part).__name__.lower()


def _longest(task: Task, trainer: Any, rows: int) -> int:
    """The longest row in tokens; rows that were cut, and those nothing is left of, are told."""
    lengths = token_counts(trainer.train_dataset)
    if not lengths:
        raise BadData("no row holds a token to learn from within TrainingArguments.max_length")
    most = trainer.args.max_length
    if most and not trainer.args.packing:
        cut = sum(length >= most for length in lengths)
        if cut:
            _tell(task, "cut", rows=cut, to_tokens=most, mend="raise TrainingArguments.max_length")
        if len(lengths) < rows:
            _tell(task, "emptied", rows=rows - len(lengths), why="nothing to learn is left within max_length")
    trained = sum(p.numel() for p in trainer.model.parameters() if p.requires_grad)
    if not trained:
        raise BadConfig("LoraConfig leaves nothing to train: its target_modules match no layer of the model")
    _tell(task, "loaded", rows=len(lengths), tokens=sum(lengths), trained_parameters=trained)
    return max(lengths)


def _save(task: Task, trainer: Any) -> None:
    """The adapter, from the first process; whole or not there."""
    if task.machine.is_first:
        draft = task.folder.adapter.with_suffix(".part")
        shutil.rmtree(draft, ignore_errors=True)
        trainer.accelerator.unwrap_model(trainer.model).save_pretrained(draft)
        shutil.rmtree(task.folder.adapter, ignore_errors=True)
        draft.rename(task.folder.adapter)
    wait_for_all()


def _tell(task: Task, fact: str, **known: object) -> None:
    if task.machine.is_first:
        tell(fact, **known)
