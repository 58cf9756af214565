"""What an adapter was made of and how well it learnt: the facts its card tells, kept beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.tuning.config.section import Section
from runtime.tuning.config.training_config import TrainingConfig
from runtime.tuning.data.checking import CheckedData
from runtime.tuning.document import TuningConfig
from runtime.tuning.progress.rows import Row


@dataclass(frozen=True)
class Trained:
    """`asked` is what was asked for, as a fingerprint. Losses are nats a token; None: there was none."""

    asked: str
    workspace: str
    base: str
    revision: str
    method: str
    data_digest: str
    form: str
    rows_trained: int
    rows_held_back: int
    rows_unusable: int
    said: dict[str, dict[str, object]]
    steps: int
    epochs: float
    first_loss: float | None
    loss: float | None
    first_eval_loss: float | None
    eval_loss: float | None


def describe(
    asked: str, document: TuningConfig, config: TrainingConfig, data: CheckedData, rows: Iterable[Row]
) -> Trained:
    """The facts, from all that is known at the end."""
    known = tuple(rows)
    losses = [row.loss for row in known if row.loss is not None]
    held = [row.eval_loss for row in known if row.eval_loss is not None]
    last = known[-1] if known else Row(0, 0, 0.0)
    return Trained(
        asked=asked,
        workspace=document.workspace,
        base=document.base.name,
        revision=document.base.revision,
        method=document.method,
        data_digest=data.digest,
        form=data.form,
        rows_trained=data.training,
        rows_held_back=data.held_back,
        rows_unusable=data.unusable,
        said={name: said for name, section in _sections(config) if (said := section.said())},
        steps=last.step,
        epochs=last.epoch,
        first_loss=losses[0] if losses else None,
        loss=losses[-1] if losses else None,
        first_eval_loss=held[0] if held else None,
        eval_loss=held[-1] if held else None,
    )


def remember(trained: Trained, path: Path) -> None:
    """Whole or not at all: from here on the adapter is never trained again, only delivered."""
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(asdict(trained), indent=2, default=str), encoding="utf-8")
    draft.replace(path)


def recall(path: Path) -> Trained | None:
    """What `remember` wrote; None where nothing was."""
    return Trained(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def _sections(config: TrainingConfig) -> Iterable[tuple[str, Section]]:
    return (
        ("QuantizationConfig", config.quantization),
        ("LoraConfig", config.lora),
        ("TrainingArguments", config.arguments),
        ("DatasetConfig", config.dataset),
    )
