"""The image cannot be built where these tests run: each step is looked at, and what can be run is run."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "runtime" / "tuning"
LOCK = FOLDER / "requirements.lock"
TARGET = ("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_35", "--only-binary", ":all:")
SHARED = ("torch", "transformers", "peft", "trl", "bitsandbytes", "datasets", "accelerate", "pyarrow")


def of(word: str) -> list[str]:
    """What follows this word in the Dockerfile, each time it stands there, lines joined."""
    lines = [line for line in (FOLDER / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    pairs = [line.split(None, 1) for line in "\n".join(lines).replace("\\\n", " ").splitlines() if line]
    return [rest.strip() for each, rest in pairs if each == word]


def pins() -> dict[str, str]:
    """Package by package, the version that is locked."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", LOCK.read_text(), re.MULTILINE))


def test_every_base_is_pinned_and_the_cuda_of_the_base_is_the_cuda_of_the_wheels() -> None:
    assert {base.split()[0] for base in of("FROM")} == {"nvidia/cuda:13.0.2-base-ubuntu24.04"}
    assert pins()["cuda-toolkit"].startswith("13.0.")


def test_what_is_copied_is_there() -> None:
    for copied in of("COPY"):
        *sources, _ = [word for word in copied.split() if not word.startswith("--")]
        if "--from=" not in copied:
            assert all((ROOT / source).exists() for source in sources), copied


def test_it_does_not_run_as_root() -> None:
    (user,) = of("USER")
    assert int(user.split(":")[0]) > 0


def test_packages_are_installed_from_the_lock_alone_and_by_their_hashes() -> None:
    (install,) = [run for run in of("RUN") if "pip install" in run]
    assert "--require-hashes" in install
    assert install.split("--requirement ")[1].strip() == "/tmp/requirements.lock"


def test_what_it_runs_is_what_this_tree_has() -> None:
    (entry,), (health,), (document,) = of("ENTRYPOINT"), of("HEALTHCHECK"), of("CMD")
    assert json.loads(entry) == ["python", "-m", "runtime.tuning"]
    *_, module, asked = json.loads(health.split("CMD ")[1])
    assert (ROOT / (module.replace(".", "/") + ".py")).is_file()
    assert [asked] == json.loads(document)


def test_the_lock_pins_hashes_and_names_no_registry() -> None:
    text = LOCK.read_text()
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    for block in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in block, block.splitlines()[0]


@pytest.mark.parametrize("name", SHARED)
def test_the_tests_run_the_versions_the_image_has(name: str) -> None:
    try:
        version = metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError:
        pytest.skip(f"{name} is not installed here")
    assert version == pins()[name]


def test_the_lock_is_what_its_requirements_come_to(tmp_path: Path) -> None:
    if shutil.which("uv") is None:
        pytest.skip("uv is not installed here")
    shutil.copy(FOLDER / "requirements.in", tmp_path)
    shutil.copy(LOCK, tmp_path)
    words = ["uv", "pip", "compile", "requirements.in", *TARGET, "--generate-hashes", "--no-header"]
    done = subprocess.run(
        [*words, "-o", "requirements.lock"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    if done.returncode and re.search(r"connect|network|dns|timed out|offline", done.stderr, re.IGNORECASE):
        pytest.skip("no package registry can be reached from here")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "requirements.lock").read_text() == LOCK.read_text()
