"""What no linter knows about the shape of the house."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOUSE = ROOT / "reconciler"
MODULES = sorted(path for path in HOUSE.rglob("*.py") if "__pycache__" not in path.parts)
NAMELESS = {"utils", "util", "helpers", "helper", "common", "manager", "base", "service", "misc", "core"}
VERBS_OF_NOBODY = ("get_", "process_", "handle_", "do_")
MAY_CATCH_FAULTS = {
    "apply.py",
    "contests.py",
    "look.py",
    "daemon.py",
    "hearing.py",
    "leading.py",
    "proposing.py",
    "prospect.py",
    "publishing.py",
    "reconcile.py",
    "reading.py",
    "wiring.py",
}


def names(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_every_room_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text())), f"{names(path)} has no charter"


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_no_room_is_nameless_and_none_is_a_hall(path: Path) -> None:
    assert not NAMELESS & {path.stem, *path.stem.split("_")}
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_functions_are_small_and_named_for_what_they_do(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        allowed = node.name in {"get_command"}
        assert allowed or not node.name.lstrip("_").startswith(VERBS_OF_NOBODY), f"{names(path)}: {node.name}"
        assert body_lines(node) <= 40, f"{names(path)}: {node.name} has {body_lines(node)} lines"


def body_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1


@pytest.mark.parametrize("path", MODULES, ids=names)
def test_a_bug_is_a_crash(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ExceptHandler):
            caught = ast.unparse(node.type) if node.type else "everything"
            assert caught not in {"everything", "Exception", "BaseException"}, f"{names(path)}:{node.lineno}"


def test_faults_are_caught_where_the_house_says_and_in_doors() -> None:
    catching = {
        path
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler) and node.type and "Fault" in ast.unparse(node.type)
    }
    elsewhere = {
        names(path)
        for path in catching
        if path.name not in MAY_CATCH_FAULTS and not {"adapters", "cli", "sandbox"} & set(path.parts)
    }

    assert elsewhere == set()


def test_no_comment_is_left_for_somebody_else() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")

    assert [names(path) for path in MODULES if marks.search(path.read_text())] == []
