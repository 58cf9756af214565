"""Files made to break the reader: each costs only itself, and what stands beside it is read."""

from __future__ import annotations

import resource
from collections.abc import Iterator

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.config import Parsed
from reconciler.planner.parse.documents import parse_documents
from tests.planner.repository import SUBMODULE, SYMLINK, read, told, workspace_text

GOOD = workspace_text("good").encode()


def bomb(levels: int) -> bytes:
    lines = [b"a0: &a0 [x, x, x, x, x, x, x, x, x]\n"]
    lines += [
        b"a%d: &a%d [%s]\n" % (level, level, b", ".join([b"*a%d" % (level - 1)] * 9))
        for level in range(1, levels)
    ]
    return b"".join(lines)


HOSTILE = {
    "30,000 brackets": (b"[" * 30_000, "nested deeper"),
    "20,000 braces": (b"{a: " * 20_000, "nested deeper"),
    "20,000 dashes": (b"- " * 20_000, "nested deeper"),
    "20,000 question marks": (b"? " * 20_000, "only text can be a key"),
    "an alias bomb": (bomb(9), "200,000 values"),
    "a bomb of text": (
        b"a: &a " + b"x" * 500_000 + b"\nb: [" + b"*a, " * 1_000 + b"*a]",
        "8 MiB",
    ),
    "a bomb of merges": (
        b"a: &a {" + b", ".join(b"k%d: 1" % each for each in range(2_000)) + b"}\n"
        + b"".join(b"m%d: {<<: *a}\n" % each for each in range(2_000)),
        "200,000 values",
    ),
    "a chain of aliases": (
        b"c0: &c0 [x]\n" + b"".join(b"c%d: &c%d [*c%d]\n" % (each, each, each - 1) for each in range(1, 200)),
        "by aliases",
    ),
    "a value inside itself": (b"a: &a [*a]", "contains itself"),
    "an alias of nothing": (b"a: *nothing", "not defined"),
    "100,000 documents": (b"---\n" * 100_000, "1,000 documents"),
    "ten megabytes": (b"a: b\n" * 2_000_000, "larger than"),
    "250,000 values": (b"[" + b"a," * 250_000 + b"]", "200,000 values"),
    "60,000 mistakes": (b"".join(b"k%d: 017\n" % each for each in range(60_000)), "100 mistakes"),
    "a key that is a list": (b"? [a]\n: b", "only text can be a key"),
    "a tab": (b"a:\n\tb: c\n", "not valid YAML"),
    "a NUL": (b"a: b\0c", "NUL"),
    "a control character": (b"a: b\nc: \x07", "control character"),
    "Latin-1": (b"a: caf\xe9", "UTF-8"),
    "UTF-32": ("a: b".encode("utf-32"), "UTF-32"),
    "half a surrogate": ("\ufeffa: ".encode("utf-16-le") + b"\x00\xd8", "UTF-16"),
    "a broken escape": (b'a: "\\uD800"', "not valid YAML"),
}  # fmt: skip


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    with Cell() as opened:
        yield opened


def only_finding(parsed: Parsed) -> str:
    last = parsed.findings[-1]
    assert last.field == ""
    assert last.mend
    return last.message


@pytest.mark.parametrize(("data", "said"), HOSTILE.values(), ids=HOSTILE)
def test_it_is_refused_in_a_sentence(data: bytes, said: str) -> None:
    assert said in only_finding(parse_documents(data))


def test_the_cell_says_the_same_and_reads_on(cell: Cell) -> None:
    blobs = {name: data for name, (data, _) in HOSTILE.items()} | {"good": GOOD}
    parsed = cell.parse(blobs)
    for name, (_, said) in HOSTILE.items():
        assert said in only_finding(parsed[name]), name
    assert parsed["good"].documents[0].value == parse_documents(GOOD).documents[0].value


def test_a_bomb_takes_little_memory(cell: Cell) -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parse_documents(bomb(30))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200 * 1024


def test_objects_of_python_are_never_made() -> None:
    text = b"a: !!python/object/apply:os.system ['touch /tmp/never']\n"
    (finding,) = parse_documents(text).findings
    assert "python/object" in finding.message


def test_hostile_files_cost_only_themselves() -> None:
    files = {f"workspaces/{index}.yaml": data for index, (data, _) in enumerate(HOSTILE.values())}
    config = read({**files, "workspaces/good.yaml": GOOD})
    assert [str(name) for name in config.workspaces] == ["default/good"]
    assert config.workspaces[next(iter(config.workspaces))].findings == ()
    assert set(config.unread) == set(files)
    assert {finding.file for finding in config.findings} == set(files)


@pytest.mark.parametrize(
    ("mode", "said"), [(SYMLINK, "symbolic link"), (SUBMODULE, "submodule"), (0, "plain")]
)
@pytest.mark.parametrize("name", ["link.yaml", "folder"])
def test_links_and_submodules_are_refused_wherever_they_could_lead(mode: int, said: str, name: str) -> None:
    path = f"workspaces/{name}"
    config = read({path: "../../etc/passwd", "workspaces/good.yaml": GOOD}, modes={path: mode})
    assert config.unread == (path,)
    assert said in config.findings[0].message
    assert len(config.workspaces) == 1


def test_a_folder_that_is_a_link_is_refused_and_nothing_is_pruned() -> None:
    config = read({"workspaces": "/etc"}, modes={"workspaces": SYMLINK})
    assert config.unread == ("workspaces",)


ODD_NAMES = {
    "a line break": "workspaces/a\nb.yaml",
    "a line break at the end": "workspaces/a.yaml\n",
    "an escape": "workspaces/a\x1b[31m.yaml",
    "bytes that are not UTF-8": "workspaces/caf\udce9.yaml",
    "a way up": "workspaces/../a.yaml",
    "a dot": "workspaces/./a.yaml",
    "an empty part": "workspaces//a.yaml",
    "Git's folder": "workspaces/.git/a.yaml",
    "Git's folder in capitals": "workspaces/.GIT/a.yaml",
    "Git's folder with a zero-width joiner": "workspaces/.g\u200cit/a.yaml",
    "Git's folder with a dot": "workspaces/.git./a.yaml",
    "Git's short name": "workspaces/GIT~1/a.yaml",
    "another system's path": "workspaces/..\\..\\a.yaml",
    "a long part": f"workspaces/{'a' * 300}.yaml",
}


@pytest.mark.parametrize("path", ODD_NAMES.values(), ids=ODD_NAMES)
def test_a_name_that_could_lead_elsewhere_is_refused_and_told_in_print(path: str) -> None:
    config = read({path: GOOD, "workspaces/other.yaml": workspace_text("other")})
    assert [str(name) for name in config.workspaces] == ["default/other"]
    (finding,) = config.findings
    assert config.unread == (finding.file,)
    assert finding.file.isprintable()
    assert "name" in finding.message


@pytest.mark.parametrize(
    "path",
    [
        "workspaces/модель.yaml",
        "workspaces/模型.yml",
        "workspaces/نموذج.yaml",
        "workspaces/🦙.yaml",
        "workspaces/a b.YAML",
    ],
)
def test_names_in_every_alphabet_are_read(path: str) -> None:
    config = read({path: GOOD})
    assert told(config) == []
    assert [each.file for each in config.workspaces.values()] == [path]


def test_names_that_differ_only_in_case_or_composition_are_told() -> None:
    files = {
        "workspaces/A.yaml": workspace_text("a"),
        "workspaces/a.yaml": workspace_text("b"),
        "workspaces/caf\u00e9.yaml": workspace_text("c"),
        "workspaces/cafe\u0301.yaml": workspace_text("d"),
    }
    config = read(files)
    assert len(config.workspaces) == 4
    assert [finding.severity for finding in config.findings] == ["warning", "warning"]
    assert config.unread == ()


def test_a_large_file_is_not_even_asked_for() -> None:
    config = read({"workspaces/big.yaml": b"#" * (1024 * 1024 + 1), "workspaces/good.yaml": GOOD})
    assert config.unread == ("workspaces/big.yaml",)
    assert "1.0 MiB" in config.findings[0].message
