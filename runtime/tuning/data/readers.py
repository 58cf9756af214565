"""DataFile → its rows, one after another: a table is never held whole in memory."""

from __future__ import annotations

import csv
import gzip
import json
import sys
from collections.abc import Iterator
from typing import Any, TextIO, cast

from runtime.tuning.data.files import DataFile
from runtime.tuning.data.json_text import read_json
from runtime.tuning.data.rows import RawRow, Unusable

_BATCH = 1024


def read_rows(file: DataFile) -> Iterator[RawRow | Unusable]:
    """Every row of `file`; a row, or a remainder, that cannot be read comes as Unusable."""
    try:
        match file.kind:
            case "parquet" | "arrow":
                yield from _table(file)
            case "jsonl" | "json":
                with _opened(file) as text:
                    yield from read_json(text, file.name)
            case "csv" | "tsv":
                with _opened(file) as text:
                    yield from _csv(text, file)
    except UnicodeDecodeError as bad:
        yield Unusable(file.name, f"byte {bad.start + 1}", "is not UTF-8 from here on")
    except (OSError, EOFError) as bad:  # pyarrow's broken files are OSError, a gzip cut short is EOFError
        yield Unusable(file.name, "the file", f"cannot be read on: {_one_line(bad)}")


def _opened(file: DataFile) -> TextIO:
    if file.gzipped:
        return cast("TextIO", gzip.open(file.path, "rt", encoding="utf-8-sig", newline=""))
    return file.path.open(encoding="utf-8-sig", newline="")


def _csv(text: TextIO, file: DataFile) -> Iterator[RawRow | Unusable]:
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(text, delimiter="\t" if file.kind == "tsv" else ",", strict=True)
    header = next(reader, None)
    if header is None:
        return
    line = reader.line_num + 1
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as bad:
            yield Unusable(file.name, f"line {line}", f"is not CSV: {bad}")
            cells = []
        if len(cells) == len(header):
            yield RawRow(file.name, f"line {line}", dict(zip(header, cells, strict=True)))
        elif cells:
            why = f"has {len(cells)} fields where the header has {len(header)}"
            yield Unusable(file.name, f"line {line}", why)
        line = reader.line_num + 1


def _table(file: DataFile) -> Iterator[RawRow | Unusable]:
    import pyarrow as pa  # type: ignore[import-untyped]

    number = 0
    try:
        for batch in _batches(file):
            for value in batch.to_pylist():
                number += 1
                yield RawRow(file.name, f"row {number}", value)
    except pa.ArrowInvalid as bad:
        place = f"after row {number}" if number else "the file"
        yield Unusable(file.name, place, f"is not {file.kind}: {_one_line(bad)}")


def _batches(file: DataFile) -> Iterator[Any]:
    import pyarrow as pa
    import pyarrow.parquet as pq  # type: ignore[import-untyped]

    if file.kind == "parquet":
        yield from pq.ParquetFile(file.path).iter_batches(batch_size=_BATCH)
        return
    with pa.memory_map(str(file.path)) as source:
        if source.read(6) == b"ARROW1":  # the file format; else the stream that datasets writes
            reader = pa.ipc.open_file(source)
            yield from (reader.get_batch(index) for index in range(reader.num_record_batches))
        else:
            source.seek(0)
            yield from pa.ipc.open_stream(source)


def _one_line(bad: Exception) -> str:
    return " ".join(str(bad).split())[:200]


def canonical(columns: dict[str, Any]) -> str:
    """The one way a row is written: sorted keys, no spaces, UTF-8. The hash of the data is over these."""
    return json.dumps(columns, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
