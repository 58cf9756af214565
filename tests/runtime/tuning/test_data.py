"""A folder of files → examples: every format, every broken file, and what is told of them."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from runtime.tuning.config.training_config import DatasetConfig
from runtime.tuning.data.checking import CheckedData, NothingUsable, check_data, split
from runtime.tuning.faults import BadData

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
NAMES = (
    "a.parquet",
    "a.arrow",
    "stream.arrow",
    "a.jsonl",
    "a.ndjson",
    "a.json",
    "held.json",
    "a.csv",
    "a.tsv",
    "a.jsonl.gz",
    "a.csv.gz",
    "a",
)

ROWS = [{"prompt": f"{n}?", "completion": f"{n}!"} for n in range(5)]


def checked(folder: Path, **config: Any) -> tuple[CheckedData, list[str]]:
    told: list[str] = []
    return check_data(folder, DatasetConfig(**config), folder.parent / "examples.jsonl", told.append), told


def refused(folder: Path, **config: Any) -> str:
    with pytest.raises(BadData) as caught:
        checked(folder, **config)
    return str(caught.value)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


def write(path: Path) -> None:
    """ROWS in the format the name says."""
    match path.name.removesuffix(".gz").rpartition(".")[2]:
        case "parquet":
            pq.write_table(pa.Table.from_pylist(ROWS), path)
        case "arrow" if "stream" in path.name:
            with (
                pa.OSFile(str(path), "wb") as sink,
                pa.ipc.new_stream(sink, pa.Table.from_pylist(ROWS).schema) as out,
            ):
                out.write_table(pa.Table.from_pylist(ROWS))
        case "arrow":
            with (
                pa.OSFile(str(path), "wb") as sink,
                pa.ipc.new_file(sink, pa.Table.from_pylist(ROWS).schema) as out,
            ):
                out.write_table(pa.Table.from_pylist(ROWS))
        case "csv" | "tsv" as kind:
            with path.open("w", newline="") as lines:
                table = csv.DictWriter(lines, list(ROWS[0]), delimiter="\t" if kind == "tsv" else ",")
                table.writeheader()
                table.writerows(ROWS)
        case "json":
            path.write_text(
                json.dumps({"version": 1, "data": ROWS} if "held" in path.name else ROWS, indent=1)
            )
        case _:
            path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(path.read_bytes()))


@pytest.mark.parametrize("name", NAMES)
def test_every_format_gives_the_same_examples_with_the_same_digest(folder: Path, name: str) -> None:
    write(folder / name)
    data, told = checked(folder)
    assert (data.used, data.unusable, told) == (5, 0, [])
    lines = Path(data.path).read_text().splitlines()
    assert [json.loads(line) for line in lines] == ROWS


def test_an_unusable_row_is_counted_and_told_with_its_file_and_line(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"text": "a"}\n{"text": \n\n{"text": ""}\n{"text": "b"}\n')
    data, told = checked(folder)
    assert (data.used, data.unusable) == (2, 2)
    assert told == [
        "unusable row: rows.jsonl, line 2: is not JSON: expecting value",
        "unusable row: rows.jsonl, line 4: holds only white space in text",
    ]


def test_an_element_of_a_json_list_is_told_by_the_line_it_begins_on(folder: Path) -> None:
    (folder / "rows.json").write_text('[\n {"text": "a"},\n {\n  "text": ""},\n {"text": "b"}, {"te')
    data, told = checked(folder)
    assert data.used == 2
    assert "rows.json, line 3: holds only white space" in told[0]
    assert "rows.json, line 5: is not JSON from here on" in told[1]


def test_the_first_twenty_are_told_and_all_are_counted(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"text": "a"}\n' + "{}\n" * 50)
    data, told = checked(folder)
    assert (data.unusable, len(told), len(data.shown)) == (50, 20, 20)


def test_rows_of_another_form_than_the_first_are_not_mixed_in(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"text": "a"}\n{"prompt": "b", "completion": "c"}\n')
    data, told = checked(folder)
    assert data.form == "text"
    assert told == [
        "unusable row: rows.jsonl, line 2: holds prompt and completion, while the rows before it hold text"
    ]


def test_a_csv_row_with_a_field_too_many_is_told_by_its_line(folder: Path) -> None:
    (folder / "rows.csv").write_text('prompt,completion\n"a\nb",c\nd,e,f\ng,h\n')
    data, told = checked(folder)
    assert data.used == 2
    assert told == ["unusable row: rows.csv, line 4: has 3 fields where the header has 2"]


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "stream.arrow", "a.jsonl.gz"])
def test_a_file_cut_short_is_told(folder: Path, name: str) -> None:
    write(folder / name)
    (folder / name).write_bytes((folder / name).read_bytes()[:-12])
    write(folder / "b.jsonl")
    data, told = checked(folder)
    assert data.used >= 5
    assert any(name in line for line in told)


def test_a_file_that_is_not_utf_8_is_told(folder: Path) -> None:
    (folder / "rows.csv").write_bytes(b"text\nabc\n\xff\xfe\n")
    write(folder / "z.jsonl")
    _, told = checked(folder, response_column="text")
    assert any("is not UTF-8" in line for line in told)


def test_no_usable_row_says_what_all_rows_lack(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"q": "a"}\n' * 3)
    said = refused(folder)
    assert said.startswith(
        "none of the 3 rows in rows.jsonl can be used: each has the columns q, and none of"
    )


def test_where_rows_lack_different_things_the_first_are_named_by_their_lines(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"q": "a"}\nnot json\n{"prompt": "a"}\n{"q": "b"}\n')
    said = refused(folder)
    assert "rows.jsonl, line 1: has the columns q" in said
    assert "rows.jsonl, line 2: " in said
    assert said.endswith("; and 1 more")


def test_a_file_that_is_no_table_is_told_as_a_file(folder: Path) -> None:
    (folder / "rows.parquet").write_text("these are words\n")
    assert refused(folder).startswith("no row can be used: rows.parquet, the file: is not parquet")


def test_rows_of_which_none_can_be_used_are_still_counted_and_shown(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"q": "a"}\n' * 3)
    with pytest.raises(NothingUsable) as caught:
        checked(folder)
    found = caught.value.found
    assert (found.unusable, found.training, found.held_back) == (3, 0, 0)
    assert found.shown[2].startswith("rows.jsonl, line 3: has the columns q")


def test_a_folder_without_data_says_what_is_there_and_what_could_be(folder: Path) -> None:
    (folder / "page.html").write_text("<html>")
    said = refused(folder)
    assert "only page.html; readable are parquet" in said
    (folder / "page.html").unlink()
    assert "nothing at all" in refused(folder)


def test_an_empty_table_says_that_it_holds_no_rows(folder: Path) -> None:
    (folder / "rows.csv").write_text("prompt,completion\n")
    assert refused(folder) == "the data in rows.csv holds no rows"


def test_files_that_are_no_data_are_passed_over_and_told(folder: Path) -> None:
    write(folder / "a.jsonl")
    (folder / "LICENSE").write_text("free")
    (folder / ".hidden.jsonl").write_text("{}")
    data, told = checked(folder)
    assert data.used == 5
    assert told == ["passed over 1 files that are no data: LICENSE"]


def test_a_named_file_is_the_only_one_read(folder: Path) -> None:
    write(folder / "a.jsonl")
    write(folder / "b.jsonl")
    assert checked(folder)[0].used == 10
    assert checked(folder, dataset_path="data/b.jsonl")[0].used == 5
    assert "is not in the data; there is a.jsonl, b.jsonl" in refused(folder, dataset_path="c.jsonl")
    assert "leads out of the data" in refused(folder, dataset_path="../../etc/passwd")


def test_the_digest_follows_the_rows_and_their_order(folder: Path) -> None:
    (folder / "rows.jsonl").write_text('{"text": "a"}\n{"text": "b"}\n')
    one = checked(folder)[0].digest
    (folder / "rows.jsonl").write_text('{"id": 1, "text": "a"}\n\n{"text":"b"}\n')
    assert checked(folder)[0].digest == one
    (folder / "rows.jsonl").write_text('{"text": "b"}\n{"text": "a"}\n')
    assert checked(folder)[0].digest != one


@pytest.mark.parametrize(
    ("rows", "share", "parts"),
    [
        (10, 0.8, (8, 2)),
        (10, 1, (10, 0)),
        (1, 0.5, (1, 0)),
        (2, 0.99, (1, 1)),
        (3, 0.01, (1, 2)),
        (119, 0.85, (101, 18)),
    ],
)
def test_a_split_leaves_rows_to_train_on_and_holds_back_what_it_can(
    rows: int, share: float, parts: tuple[int, int]
) -> None:
    assert split(rows, share) == parts
