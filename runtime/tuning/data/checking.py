"""Files → one file of examples in the form TRL reads, and what was found on the way."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from runtime.tuning.config.training_config import DatasetConfig
from runtime.tuning.data.examples import Columns, judge
from runtime.tuning.data.files import DataFile, find_files
from runtime.tuning.data.readers import canonical, read_rows
from runtime.tuning.data.rows import Example, Unusable
from runtime.tuning.faults import BadData

TOLD = 20  # unusable rows that are told one by one; all are counted
_NAMED = 3  # unusable rows that a sentence names
_REASONS = 1000  # different reasons that are counted one by one


@dataclass(frozen=True)
class CheckedData:
    """The examples in `path`, one JSON object a line. `digest` is the sha256 over these lines; `shown` are
    the first unusable rows; `training` and `held_back` say how the examples are to be split."""

    path: str
    form: str
    used: int
    unusable: int
    shown: tuple[str, ...]
    digest: str
    training: int
    held_back: int


class NothingUsable(BadData):
    """No row can be used; `found` tells of those that are there."""

    def __init__(self, sentence: str, found: CheckedData) -> None:
        super().__init__(sentence)
        self.found = found


def check_data(folder: Path, config: DatasetConfig, target: Path, tell: Callable[[str], None]) -> CheckedData:
    """Write the usable rows to `target` and say what was found. Raises BadData where there is no file to
    read, NothingUsable where there is no row to learn from."""
    found = find_files(folder, config)
    if found.passed_over:
        names = ", ".join(found.passed_over[:5])
        tell(f"passed over {len(found.passed_over)} files that are no data: {names}")
    sieve = _Sieve(Columns.of(config))
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as lines:
        lines.writelines(sieve.lines(found.files))
    draft.replace(target)
    for why in sieve.shown:
        tell(f"unusable row: {why}")
    outcome = sieve.outcome(target, config)
    if not sieve.used:
        raise NothingUsable(_nothing(sieve, found.files), outcome)
    return outcome


def split(rows: int, share: float) -> tuple[int, int]:
    """How many rows are trained on and how many are held back: at least one to train on, and one held back
    where any are asked for and can be spared."""
    if share >= 1 or rows < 2:
        return rows, 0
    held_back = min(max(1, rows - round(rows * share)), rows - 1)
    return rows - held_back, held_back


def remember(checked: CheckedData, path: Path) -> None:
    """Write down what was found, for the processes that train."""
    path.write_text(json.dumps(asdict(checked), indent=2), encoding="utf-8")


def recall(path: Path) -> CheckedData:
    """What `remember` wrote."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return CheckedData(**found | {"shown": tuple(found["shown"])})


class _Sieve:
    """Lets usable rows of one form through, and counts the others."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.form = ""
        self.used = self.unusable = 0
        self.shown: list[str] = []
        self.reasons: Counter[str] = Counter()
        self.digest = hashlib.sha256()

    def lines(self, files: tuple[DataFile, ...]) -> Iterator[str]:
        for row in itertools.chain.from_iterable(map(read_rows, files)):
            verdict = row if isinstance(row, Unusable) else judge(row, self.columns)
            if isinstance(verdict, Example):
                verdict = self._of_one_form(verdict, row.file, row.place)
            line = verdict if isinstance(verdict, Unusable) else _line(verdict, row.file, row.place)
            if isinstance(line, Unusable):
                self._refuse(line)
            else:
                yield self._let_through(line)

    def _of_one_form(self, example: Example, file: str, place: str) -> Example | Unusable:
        self.form = self.form or example.form
        if example.form == self.form:
            return example
        return Unusable(file, place, f"holds {example.form}, while the rows before it hold {self.form}")

    def _refuse(self, row: Unusable) -> None:
        self.unusable += 1
        if row.why in self.reasons or len(self.reasons) < _REASONS:
            self.reasons[row.why] += 1
        if len(self.shown) < TOLD:
            self.shown.append(str(row))

    def _let_through(self, line: str) -> str:
        self.used += 1
        self.digest.update(line.encode())
        return line

    def outcome(self, target: Path, config: DatasetConfig) -> CheckedData:
        training, held_back = split(self.used, config.train_test_split)
        return CheckedData(
            str(target), self.form, self.used, self.unusable, tuple(self.shown),
            f"sha256:{self.digest.hexdigest()}", training, held_back,
        )  # fmt: skip


def _line(example: Example, file: str, place: str) -> str | Unusable:
    try:
        line = canonical(example.columns) + "\n"
        line.encode()
    except (TypeError, ValueError):
        return Unusable(file, place, "holds values that JSON or UTF-8 cannot hold")
    return line


def _nothing(sieve: _Sieve, files: tuple[DataFile, ...]) -> str:
    names = ", ".join(file.name for file in files[:3])
    if not sieve.unusable:
        return f"the data in {names} holds no rows"
    if sieve.unusable == 1:
        return f"no row can be used: {sieve.shown[0]}"
    none = f"none of the {sieve.unusable} rows in {names} can be used"
    why, count = sieve.reasons.most_common(1)[0]
    if count == sieve.unusable:
        return f"{none}: each {why}"
    more = f"; and {sieve.unusable - _NAMED} more" if sieve.unusable > _NAMED else ""
    return f"{none}: {'; '.join(sieve.shown[:_NAMED])}{more}"
