"""What workspaces become, to the letter: a change here is a change in meaning."""

from __future__ import annotations

import pytest
import yaml

from tests.planner.golden_cases import FOLDER, path_of, rendered

CASES = rendered()


@pytest.mark.parametrize("name", sorted(CASES))
def test_what_is_rendered_is_what_was_agreed(name: str) -> None:
    agreed = list(yaml.load_all(path_of(name).read_text(), yaml.CSafeLoader))
    assert CASES[name] == agreed


def test_no_agreed_file_is_left_over() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == set(CASES)


def test_the_same_workspace_gives_the_same_bytes_twice() -> None:
    assert rendered() == CASES
