"""A tuning's story: fetched → checked → loading → training → delivering → done.

Each part leaves what it made in the work folder; a run that finds it there goes on from it. Nothing here
imports a library of the GPU: the process that watches outlives the ones that train.
"""

from __future__ import annotations

import shutil
import signal
from dataclasses import asdict, replace
from pathlib import Path

from runtime.artifacts import fetch
from runtime.artifacts.document import Source
from runtime.telemetry import Downloads
from runtime.tuning import fingerprint
from runtime.tuning.config.training_config import TrainingConfig
from runtime.tuning.data.checking import CheckedData, NothingUsable, check_data
from runtime.tuning.data.checking import recall as recall_data
from runtime.tuning.data.checking import remember as remember_data
from runtime.tuning.document import TuningConfig
from runtime.tuning.document_file import read_training_config
from runtime.tuning.faults import Crashed, Failed, Interrupted, ToldToEnd, TooLarge
from runtime.tuning.log import tell
from runtime.tuning.narrator import Narrator
from runtime.tuning.progress.rows import course, read
from runtime.tuning.ranks import Ranks
from runtime.tuning.result.adapter import finish_adapter
from runtime.tuning.result.delivery import Waiting, deliver, foresee
from runtime.tuning.result.trained import Trained, describe, recall, remember
from runtime.tuning.training.order import INTERRUPTED, MISTAKEN, OUT_OF_MEMORY, Order, Words
from runtime.tuning.work_folder import WorkFolder

_KILLED = -9  # by the kernel, where the host's memory is full


class Tuning:
    """One run of one document."""

    def __init__(self, document: TuningConfig, path: str, narrator: Narrator) -> None:
        self._document, self._path, self._narrator = document, path, narrator
        self._folder = WorkFolder(Path(document.work))
        self._ranks: Ranks | None = None
        self._told_to_end = False

    def run(self) -> str:
        """To the end; the digest of the image, or empty for a folder. Raises Mistaken or Passing."""
        self._narrator.enter("starting")
        parsed, text = read_training_config(self._document.user_config)
        for note in parsed.notes:
            tell("note", of=note)
        asked = fingerprint.asked(self._document, text)
        trained = recall(self._folder.trained)
        if trained is None or trained.asked != asked:
            trained = self._tune(parsed.config, asked)
        self._narrator.judged(recall_data(self._folder.checked))
        self._narrator.enter("delivering")
        seconds = self._document.delivery_hours * 3600
        waiting = Waiting(seconds, lambda why: self._narrator.enter("delivering", why))
        return deliver(self._document, self._folder, trained, waiting)

    def end(self) -> None:
        """The machine is taken away: the training saves a checkpoint first, everything else ends at once."""
        self._told_to_end = True
        if not self._ranks:
            raise ToldToEnd("told to end; what was done stays, and the next run goes on from it")
        self._ranks.end()

    def _tune(self, config: TrainingConfig, asked: str) -> Trained:
        """Train what was asked for, going on from what an earlier run of the same left."""
        folder = self._folder
        begin(folder, asked)
        self._narrator.begin()
        if unsure := foresee(self._document):
            tell("note", of=f"{unsure} It is needed at the end, not before.")
        data = self._data(config)
        weights = self._fetch("weights", self._document.base.source, Path(self._document.base.folder))
        of = fingerprint.course(self._document, config, data.digest)
        self._train(Order(self._path, str(weights), of))
        rows = course(read(folder.progress))
        trained = describe(asked, self._document, config, data, rows)
        finish_adapter(folder.adapter, trained, rows)
        remember(trained, folder.trained)
        shutil.rmtree(folder.checkpoints, ignore_errors=True)
        return trained

    def _data(self, config: TrainingConfig) -> CheckedData:
        """The rows, before anything large is fetched: without any there is no training."""
        where = self._fetch("data", self._document.data, self._folder.data)
        try:
            data = check_data(
                where, config.dataset, self._folder.examples, lambda fact: tell("data", found=fact)
            )
        except NothingUsable as none:
            self._narrator.judged(none.found)
            raise
        remember_data(data, self._folder.checked)
        self._narrator.judged(data)
        self._narrator.enter(
            "checked", **{k: v for k, v in asdict(data).items() if k not in ("path", "shown")}
        )
        return data

    def _fetch(self, expects: str, source: Source, target: Path) -> Path:
        kind = "model" if expects == "weights" else expects
        where = fetch(source, target, Downloads().tell, expects=kind)
        self._narrator.enter("fetched", what=expects)
        return where

    def _train(self, order: Order) -> None:
        """Until it is trained; with fewer rows at once where memory did not suffice."""
        words = Words(self._folder.words)
        while True:
            words.clear()
            self._narrator.enter("loading", most_rows=order.most_rows or None)
            self._ranks = Ranks(order, self._document.processes, self._document.device)
            code = self._ranks.wait(self._narrator.follow)
            self._narrator.follow()
            self._ranks = None
            if code == 0:
                return
            order = replace(order, most_rows=self._fewer_rows(code, words))

    def _fewer_rows(self, code: int, words: Words) -> int:
        """How many rows to try with next, where that can help; else raises what ended the training."""
        sentence, rows = words.fault(), words.rows()
        if code == INTERRUPTED or self._told_to_end:
            raise Interrupted(sentence or "told to end while loading; the next run begins there")
        if code == MISTAKEN and sentence:
            raise Failed(sentence)
        if code in (OUT_OF_MEMORY, _KILLED) and rows > 1:
            tell("out of memory", rows=rows, next_rows=rows // 2)
            return rows // 2
        if code == OUT_OF_MEMORY:
            raise TooLarge("one row at once is too much for the memory: lower TrainingArguments.max_length")
        raise Crashed(sentence or f"a training process ended by {_ending(code)}; the log says more")


def begin(folder: WorkFolder, asked: str) -> None:
    """Make the folder ready; what another tuning left in it is taken away."""
    folder.root.mkdir(parents=True, exist_ok=True)
    note = folder.root / "asked.txt"
    if note.exists() and note.read_text(encoding="utf-8") != asked:
        tell("another tuning was here", taken_away="its checkpoints, progress and adapter")
        for left in (folder.checkpoints, folder.adapter, folder.words, folder.cache):
            shutil.rmtree(left, ignore_errors=True)
        for path in (folder.progress, folder.trained, folder.delivered, folder.marker):
            path.unlink(missing_ok=True)
    note.write_text(asked, encoding="utf-8")


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
