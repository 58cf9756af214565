"""An adapter added to the text people wrote: a case is two files in edits/, or one and a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.domain.identity import WorkspaceName
from reconciler.planner.propose.edit import Unable, with_adapter
from reconciler.planner.propose.pin import Pin

CASES = sorted((Path(__file__).parent / "edits").glob("*.yaml"))
DIGEST = "sha256:" + "0123456789abcdef" * 4
IMAGE = f"registry.example.com:5000/adapters/tune@{DIGEST}"
TUNE = Pin("tune", IMAGE, ("push",))
CHAT = WorkspaceName("default", "chat")
HEAD = "apiVersion: kaito.sh/v1beta1\nkind: Workspace\nmetadata:\n  name: chat\n"
PLAIN = HEAD + "inference:\n  preset:\n    name: phi-4-mini-instruct\n"
ADDED = f"""  adapters:
    - source:
        name: tune
        image: {IMAGE}
        imagePullSecrets:
          - push
"""


def edited(text: str | bytes, pin: Pin = TUNE) -> bytes:
    changed = with_adapter(text.encode() if isinstance(text, str) else text, CHAT, "default", pin)
    assert isinstance(changed, bytes), changed
    return changed


def refused(text: str | bytes, pin: Pin = TUNE) -> str:
    answer = with_adapter(text.encode() if isinstance(text, str) else text, CHAT, "default", pin)
    assert isinstance(answer, Unable)
    return answer.because


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_only_the_adapter_is_written_or_a_sentence_says_why_not(path: Path) -> None:
    after, sentence = path.with_suffix(".after"), path.with_suffix(".refused")
    if after.exists():
        assert edited(path.read_bytes()) == after.read_bytes()
    else:
        assert refused(path.read_bytes()) == sentence.read_text().strip()


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_lines_end_as_the_others_do(line_break: str) -> None:
    assert edited(PLAIN.replace("\n", line_break)) == (PLAIN + ADDED).replace("\n", line_break).encode()


def test_a_file_without_a_last_line_break_stays_without_one() -> None:
    assert edited(PLAIN.rstrip()) == (PLAIN + ADDED).rstrip().encode()


def test_a_byte_order_mark_stays_and_other_encodings_are_refused() -> None:
    mark = b"\xef\xbb\xbf"
    assert edited(mark + PLAIN.encode()) == mark + (PLAIN + ADDED).encode()
    assert refused(PLAIN.encode("utf-16")) == "the file is not UTF-8"
    assert refused(PLAIN.encode() + b"# \xff\n") == "the file has mistakes, which come first"


def test_letters_of_more_than_one_byte_before_it_move_nothing() -> None:
    text = f"# Ünï 🚀 日本\n{PLAIN}"
    assert edited(text) == (text + ADDED).encode()


def test_the_same_change_again_changes_nothing() -> None:
    once = edited(PLAIN)
    assert edited(once) == once


@pytest.mark.parametrize("name", ["1234", "on", "null", "1e3", "0x10", "y"])
def test_a_name_that_yaml_takes_for_something_else_is_quoted(name: str) -> None:
    text = edited(PLAIN, Pin(name, IMAGE)).decode()
    assert f'name: "{name}"\n' in text
    assert yaml.safe_load(text)["inference"]["adapters"][0]["source"]["name"] == name


def test_text_without_a_line_break_that_would_get_one_is_refused() -> None:
    """A block of text at the very end ends without a line break; with lines below it would have one."""
    text = f"{HEAD}inference:\n  template:\n    note: |\n      the end"
    assert "more of the change" in refused(text)


def test_what_to_add_by_hand_is_an_item_in_one_line() -> None:
    (item,) = yaml.safe_load(TUNE.by_hand)
    assert item == {"source": {"name": "tune", "image": IMAGE, "imagePullSecrets": ["push"]}}


WORDS = st.text("abcxyz:#'\"{}[]&*!|>%@- é\n\t01", max_size=12)
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(WORDS, st.integers(-5, 5), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=8,
)
SOURCES = st.fixed_dictionaries({"name": st.sampled_from(["one", "two"]), "image": st.just("r/x:1")})
ADAPTERS = st.one_of(st.none(), st.lists(st.fixed_dictionaries({"source": SOURCES}), max_size=2))


@st.composite
def written(draw: st.DrawFn) -> str:
    """Workspaces among other documents, in any style PyYAML writes."""
    inference: dict[str, Any] = {"preset": {"name": "phi"}, "more": draw(VALUES)}
    if draw(st.booleans()):
        inference["adapters"] = draw(ADAPTERS)
        inference["last"] = draw(VALUES)
    workspace = {"kind": "Workspace", "metadata": {"name": "chat"}, "inference": inference}
    workspace |= {"apiVersion": "kaito.sh/v1beta1", "resource": draw(VALUES)}
    others = draw(st.lists(st.dictionaries(WORDS, VALUES, max_size=3), max_size=2))
    style: dict[str, Any] = {
        "default_flow_style": draw(st.sampled_from([False, False, None, True])),
        "default_style": draw(st.sampled_from([None, None, "'", '"', "|"])),
        "indent": draw(st.sampled_from([2, 4])),
        "width": draw(st.sampled_from([20, 80])),
        "line_break": draw(st.sampled_from(["\n", "\r\n"])),
        "sort_keys": draw(st.booleans()),
        "allow_unicode": draw(st.booleans()),
        "explicit_end": draw(st.booleans()),
    }
    return str(yaml.safe_dump_all([workspace, *others], **style))


def expected(text: str) -> list[Any]:
    documents = list(yaml.safe_load_all(text))
    inference = documents[0]["inference"]
    source = {"name": "tune", "image": IMAGE, "imagePullSecrets": ["push"]}
    inference["adapters"] = [*(inference.get("adapters") or []), {"source": source}]
    return documents


def spared(before: str, after: str) -> int:
    """How many characters of a text stand unchanged before and behind the one place that changed."""
    ahead = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), len(before))
    behind = 0
    while behind < len(before) - ahead and before[-1 - behind] == after[-1 - behind]:
        behind += 1
    return ahead + behind


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(written())
def test_whatever_is_written_stays_and_means_the_same_but_for_the_adapter(text: str) -> None:
    answer = with_adapter(text.encode(), CHAT, "default", TUNE)
    if isinstance(answer, Unable):
        assert answer.because
        return
    after = answer.decode()
    assert list(yaml.safe_load_all(after)) == expected(text)
    assert len(text) - spared(text, after) <= len(" null")
    assert after.count("\r\n") == after.count("\n") or "\r\n" not in text
