"""What lies where in the work folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

MARKER = "fine_tuning_completed.txt"  # KAITO's: its pusher waits for it


@dataclass(frozen=True)
class WorkFolder:
    """The folder named by `TuningConfig.work`; the paths in it."""

    root: Path

    @property
    def data(self) -> Path:
        """Data as fetched."""
        return self.root / "data"

    @property
    def examples(self) -> Path:
        """The usable rows, in the one form."""
        return self.root / "checked" / "examples.jsonl"

    @property
    def checked(self) -> Path:
        """What was found in the data."""
        return self.root / "checked" / "data.json"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints, one folder each."""
        return self.root / "checkpoints"

    @property
    def progress(self) -> Path:
        """A row a logged step."""
        return self.root / "progress.jsonl"

    @property
    def adapter(self) -> Path:
        """The trained adapter, whole or not there."""
        return self.root / "adapter"

    @property
    def trained(self) -> Path:
        """What the adapter was made of; written once the adapter is whole."""
        return self.root / "trained.json"

    @property
    def delivered(self) -> Path:
        """Where the adapter went."""
        return self.root / "delivered.json"

    @property
    def words(self) -> Path:
        """What the training processes leave for the one that watches them: faults, and the batch that ran."""
        return self.root / "words"

    @property
    def cache(self) -> Path:
        """What the libraries keep between runs."""
        return self.root / "cache"

    @property
    def marker(self) -> Path:
        """KAITO's sign that the fine-tuning is complete."""
        return self.root / MARKER
