"""Which files of the data folder are read, and as what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from runtime.tuning.config.training_config import DatasetConfig
from runtime.tuning.faults import BadData

Kind = Literal["parquet", "arrow", "jsonl", "json", "csv", "tsv"]
KINDS: dict[str, Kind] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".feather": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "tsv",
}
_READABLE = "parquet, arrow, jsonl, json, csv and tsv, the last four also as .gz"


@dataclass(frozen=True)
class DataFile:
    """A file to read; `name` is its path within the data folder, for sentences."""

    path: Path
    name: str
    kind: Kind
    gzipped: bool = False


@dataclass(frozen=True)
class Found:
    """The files to read in order of their names, and the names of those that were passed over."""

    files: tuple[DataFile, ...]
    passed_over: tuple[str, ...]


def find_files(folder: Path, config: DatasetConfig) -> Found:
    """All data files below `folder`, or the one the person named. Raises BadData where there is none."""
    wanted = _named(folder, config.dataset_path) if config.dataset_path else _all(folder)
    files, passed_over = [], []
    for path in wanted:
        file = _data_file(path, folder, config.dataset_extension or "")
        if file:
            files.append(file)
        else:
            passed_over.append(path.relative_to(folder).as_posix())
    if not files:
        seen = f"only {', '.join(passed_over[:5])}" if passed_over else "nothing at all"
        raise BadData(f"the data holds no file that can be read, {seen}; readable are {_READABLE}")
    return Found(tuple(files), tuple(passed_over))


def _all(folder: Path) -> list[Path]:
    seen = (p for p in folder.rglob("*") if p.is_file() and p.stat().st_size)
    return sorted(p for p in seen if not any(part.startswith(".") for part in p.relative_to(folder).parts))


def _named(folder: Path, asked: str) -> list[Path]:
    """KAITO gives the path relative to /mnt, where the data folder is called data."""
    relative = Path(asked.removeprefix("/mnt/").removeprefix("data/"))
    path = (folder / relative).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise BadData(f"DatasetConfig.dataset_path {asked} leads out of the data")
    if path.is_dir():
        return _all(path)
    if not path.is_file():
        there = ", ".join(p.relative_to(folder).as_posix() for p in _all(folder)[:5])
        raise BadData(f"DatasetConfig.dataset_path {asked} is not in the data; there is {there or 'nothing'}")
    return [folder / relative]


def _data_file(path: Path, folder: Path, extension: str) -> DataFile | None:
    name = path.relative_to(folder).as_posix()
    gzipped = path.suffix.lower() == ".gz"
    suffix = (path.with_suffix("") if gzipped else path).suffix.lower()
    kind = KINDS.get(suffix) or KINDS.get("." + extension.lower().lstrip(".")) or _by_content(path)
    if kind is None or (gzipped and kind in {"parquet", "arrow"}):
        return None
    return DataFile(path, name, kind, gzipped)


def _by_content(path: Path) -> Kind | None:
    """A file whose name says nothing, as URLs give them."""
    if path.suffix.lower() not in {"", ".bin", ".data", ".download"}:
        return None
    with path.open("rb") as stream:
        head = stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    return "json" if head.startswith((b"{", b"[")) else None
