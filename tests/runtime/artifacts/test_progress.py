"""How far a transfer has come, how long it is tried, and what is loaded for it."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.artifacts.disk import require_room, spell_bytes, writing
from runtime.artifacts.faults import Mistaken, NoSpace, Passing, Throttled, Unreachable
from runtime.artifacts.pace import Pace, paced
from runtime.artifacts.patience import Patience, persist
from runtime.artifacts.progress import Meter, Progress
from tests.runtime.artifacts.conftest import ROOT


def _meter(step_seconds: float) -> tuple[Meter, list[Progress]]:
    told: list[Progress] = []
    ticks = itertools.count()
    return Meter("m", told.append, clock=lambda: next(ticks) * step_seconds), told


def test_speed_is_of_what_came_and_not_of_what_lay_there() -> None:
    meter, told = _meter(1.0)
    meter.found(500)
    meter.expect(1000)
    for _ in range(4):
        meter.moved(100)
    assert told[-1] == Progress("m", 900, 1000, 100.0)
    assert told[-1].remaining_seconds == 1.0


def test_progress_is_told_at_most_once_a_second_and_at_the_end() -> None:
    meter, told = _meter(0.01)
    meter.expect(1000)
    for _ in range(99):
        meter.moved(10)
    assert len(told) == 1
    meter.finish()
    assert told[-1].done_bytes == 990


def test_the_rest_is_not_known_before_size_and_speed_are() -> None:
    assert Progress("m", 0, 0, 10.0).remaining_seconds is None
    assert Progress("m", 0, 10, 0.0).remaining_seconds is None


def _run(faults: list[Passing | None], gains: list[int] | None = None, attempts: int = 3) -> list[float]:
    """The pauses that were made."""
    pauses: list[float] = []
    gained = iter(gains or [0] * 99)
    left = iter(faults)

    def attempt() -> None:
        if fault := next(left):
            raise fault

    persist(Patience(attempts, 1.0, 4.0, pauses.append), attempt, lambda: next(gained))
    return pauses


def test_pauses_double_to_a_bound_and_last_as_long_as_is_asked() -> None:
    down = Unreachable("down")
    assert _run([down, down, down, down, None], attempts=9) == [1, 2, 4, 4]
    assert _run([Throttled("slowly", 7.0), None]) == [7]
    assert _run([Throttled("slowly", 86400.0), None]) == [300]


def test_what_gains_ground_is_tried_for_as_long_as_it_does() -> None:
    down = Unreachable("down")
    assert _run([down] * 9 + [None], [*range(10)]) == [1] * 9
    with pytest.raises(Unreachable):
        _run([down] * 9 + [None])


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NoSpace, match="became full"), writing(tmp_path), Path("/dev/full").open("wb") as full:
        full.write(b"x")
    with pytest.raises(NoSpace, match=r"model needs 1024\.0 TiB more"):
        require_room(tmp_path, 2**50, "model")
    assert [spell_bytes(count) for count in (1, 1536, 2**41)] == ["1 B", "1.5 KiB", "2.0 TiB"]
    assert issubclass(NoSpace, Mistaken)


def test_reading_documents_loads_no_network_library() -> None:
    seen = (
        "import runtime.artifacts, sys; print({'urllib3', 'huggingface_hub', 'requests'} & set(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", seen], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    assert said.strip() == "set()"


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("kind: hub\nrepository: a/b\n", "hub.revision: Field required"),
        ("kind: ftp\n", "does not match any of the expected tags"),
        ("kind: [", "is not YAML"),
        ("kind: folder\npath: /a\nextra: 1\n", "folder.extra"),
    ],
)
def test_a_document_that_cannot_be_read_is_told(tmp_path: Path, written: str, words: str) -> None:
    (tmp_path / "source.yaml").write_text(written)
    asked = [sys.executable, "-m", "runtime.artifacts", str(tmp_path / "source.yaml"), str(tmp_path / "to")]
    ended = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert words in json.loads(ended.stdout.splitlines()[-1])["message"]


def test_a_sender_that_crawls_is_given_up_and_one_that_walks_is_not() -> None:
    def came(piece: int, every: float, pieces: int) -> int:
        now = 0.0

        def slowly() -> Iterator[bytes]:
            nonlocal now
            for _ in range(pieces):
                now += every
                yield b"x" * piece

        return sum(map(len, paced(slowly(), "model.safetensors", Pace(1000, 10.0), lambda: now)))

    assert came(100, every=0.5, pieces=100) == 10_000
    assert came(2000, every=15.0, pieces=5) == 10_000
    assert came(10, every=0.5, pieces=10) == 100  # over before it could be judged
    with pytest.raises(Unreachable, match=r"model\.safetensors comes at 20 bytes a second"):
        came(10, every=0.5, pieces=100)
