"""The checked examples as datasets: those trained on, and those held back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from runtime.tuning.config.training_config import DatasetConfig
from runtime.tuning.data.checking import CheckedData


def load_examples(data: CheckedData, config: DatasetConfig, cache: Path) -> tuple[Any, Any]:
    """Shuffled and split by the person's seed; the second is None where nothing is held back."""
    from accelerate import PartialState  # type: ignore[import-untyped]
    from datasets import load_dataset  # type: ignore[import-untyped]

    with PartialState().main_process_first():
        rows = load_dataset("json", data_files=data.path, split="train", cache_dir=str(cache / "datasets"))
    if not data.held_back:
        return (rows.shuffle(seed=config.shuffle_seed) if config.shuffle_dataset else rows), None
    parts = rows.train_test_split(
        train_size=data.training,
        test_size=data.held_back,
        shuffle=config.shuffle_dataset,
        seed=config.shuffle_seed if config.shuffle_dataset else None,
    )
    return parts["train"], parts["test"]


def token_counts(prepared: Any) -> list[int]:
    """How many tokens each row has, counted where they lie."""
    import pyarrow.compute as pc  # type: ignore[import-untyped]

    counts: list[int] = []
    for table in prepared.with_format("arrow").iter(batch_size=1000):
        counts += pc.list_value_length(table["input_ids"]).to_pylist()
    return counts
