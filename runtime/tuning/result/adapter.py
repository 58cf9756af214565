"""The adapter's folder as it leaves: no path of this machine, the same bytes for the same training, readable
by whoever serves it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runtime.tuning.faults import Crashed
from runtime.tuning.progress.loss_curve import loss_curve
from runtime.tuning.progress.rows import Row
from runtime.tuning.result.card import model_card
from runtime.tuning.result.trained import Trained

CONFIG, WEIGHTS, CARD, CURVE = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "README.md",
    "loss-curve.svg",
)
_KEPT = (CONFIG, WEIGHTS, CARD, CURVE)


def finish_adapter(folder: Path, trained: Trained, rows: tuple[Row, ...]) -> None:
    """Rewrite what PEFT saved, write card and curve, take away the rest, and open the files to be read."""
    if not (folder / CONFIG).is_file() or not (folder / WEIGHTS).is_file():
        raise Crashed("the training ended and left no adapter")
    settings = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    _write(folder / CONFIG, json.dumps(public(settings, trained), indent=2, sort_keys=True) + "\n")
    _write(folder / CARD, model_card(trained))
    _write(folder / CURVE, loss_curve(rows, trained.workspace))
    for path in folder.iterdir():
        if path.name in _KEPT:
            path.chmod(0o644)
        elif path.is_file():
            path.unlink()
    folder.chmod(0o755)


def public(settings: dict[str, Any], trained: Trained) -> dict[str, Any]:
    """PEFT's settings with the base's public name, and its sets in the order of the alphabet."""
    sets = ("target_modules", "exclude_modules", "modules_to_save")
    ordered = {name: sorted(settings[name]) for name in sets if isinstance(settings.get(name), list)}
    named = {"base_model_name_or_path": trained.base, "revision": trained.revision or None}
    return settings | ordered | named


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
