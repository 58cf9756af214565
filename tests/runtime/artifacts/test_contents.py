"""What a folder must hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from runtime.artifacts import Mistaken, fetch
from runtime.artifacts.document import FolderSource
from tests.runtime.artifacts.weights import adapter_files, model_files, safetensors, write_files


def _fetch(folder: Path, expects: str) -> Path:
    return fetch(FolderSource(path=str(folder)), folder / "unused", lambda progress: None, expects=expects)


def test_a_folder_is_taken_where_it_is(tmp_path: Path) -> None:
    assert _fetch(write_files(tmp_path, model_files()), "model") == tmp_path
    assert not (tmp_path / "unused").exists()


def test_a_folder_of_links_is_as_good_as_one_of_files(tmp_path: Path) -> None:
    write_files(tmp_path / "blobs", model_files())
    (tmp_path / "snapshot").mkdir()
    for name in model_files():
        (tmp_path / "snapshot" / name).symlink_to(tmp_path / "blobs" / name)
    assert _fetch(tmp_path / "snapshot", "model") == tmp_path / "snapshot"


@pytest.mark.parametrize(
    ("files", "expects", "words"),
    [
        ({}, "anything", "is empty"),
        ({"a.txt": b"a"}, "model", "has no config.json"),
        ({"config.json": b"{}"}, "model", "has no weights"),
        ({"config.json": b"{}", "model.safetensors": safetensors(10)}, "model", "has no tokenizer"),
        ({"model.safetensors": safetensors(1000)[:-1]}, "anything", "is cut short"),
        (
            {"model.safetensors": b"version https://git-lfs.github.com/spec/v1"},
            "anything",
            "not a safetensors file",
        ),
        ({"adapter_config.json": b"{}"}, "adapter", "has no adapter_model.safetensors"),
        (
            {"deep/readme.md": b"a", ".towline/fetched.json": b"{}"},
            "data",
            "no file that can be read .*; there is deep/readme.md",
        ),
        ({"model.safetensors.index.json": b"[]"}, "anything", "cannot be read"),
    ],
)
def test_what_is_lacking_is_told_in_one_sentence(
    tmp_path: Path, files: dict[str, bytes], expects: str, words: str
) -> None:
    write_files(tmp_path, files)
    with pytest.raises(Mistaken, match=words):
        _fetch(tmp_path, expects)


def test_an_adapter_and_data_are_known_by_what_they_hold(tmp_path: Path) -> None:
    _fetch(write_files(tmp_path / "adapter", adapter_files()), "adapter")
    _fetch(write_files(tmp_path / "data", {"deep/train.parquet": b"PAR1"}), "data")


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Mistaken, match="does not exist"):
        _fetch(tmp_path / "nowhere", "model")
