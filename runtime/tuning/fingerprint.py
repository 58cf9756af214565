"""What makes two tunings the same one: what was asked for, and what is trained."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from runtime.tuning.config.training_config import TrainingConfig
from runtime.tuning.document import TuningConfig


def asked(document: TuningConfig, config_text: str) -> str:
    """All that decides the adapter, before anything is fetched; not where it goes or how it is told."""
    return _digest(
        [
            document.base.model_dump(exclude={"folder"}),
            document.method,
            document.data.model_dump(),
            config_text,
        ]
    )


def course(document: TuningConfig, config: TrainingConfig, data_digest: str) -> str:
    """All that decides each step: a checkpoint of another course is not resumed from."""
    base = (document.base.name, document.base.revision)
    return _digest([base, document.method, config.model_dump(), data_digest, document.processes])


def _digest(value: Any) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()
