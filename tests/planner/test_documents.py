"""YAML as people write it: values, places, and scalars that two YAMLs read in two ways."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.planner.parse.composing import compose_answer
from reconciler.planner.parse.documents import parse_documents, read_answer
from reconciler.planner.parse.places import Places, dotted
from reconciler.planner.parse.scalars import resolve


def values(text: str) -> list[Any]:
    parsed = parse_documents(text.encode())
    assert parsed.findings == ()
    return [document.value for document in parsed.documents]


def test_a_document_becomes_plain_values() -> None:
    assert values("a: [1, -2, 0x1F, 1.5, true, False, ~, text, '1', \"no\"]\nb:\n  c: |\n    d\n") == [
        {"a": [1, -2, 31, 1.5, True, False, None, "text", "1", "no"], "b": {"c": "d\n"}}
    ]


def test_every_field_has_its_place() -> None:
    document = parse_documents(b"# comment\na:\n  b:\n  - c\n  - {d: 1.10}\n").documents[0]
    assert document.line == 2
    assert dict(document.places) == {
        (): (2, 1),
        ("a",): (2, 1),
        ("a", "b"): (3, 3),
        ("a", "b", 0): (4, 5),
        ("a", "b", 1): (5, 5),
        ("a", "b", 1, "d"): (5, 6),
    }
    assert isinstance(document.places, Places)
    assert document.places.nearest(("a", "b", 1, "missing", "deeper")) == (5, 5)
    assert len(document.places) == 6


def test_a_number_keeps_the_text_it_was_written_as() -> None:
    places = parse_documents(b"version: 1.10\nplain: text\n").documents[0].places
    assert isinstance(places, Places)
    assert places.source(("version",)) == "1.10"
    assert places.source(("plain",)) is None


def test_keys_are_text_whatever_they_look_like() -> None:
    assert values("1: a\nno: b\n1.10: c\n017: d\nnull: e\n") == [
        {"1": "a", "no": "b", "1.10": "c", "017": "d", "null": "e"}
    ]


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("yes", "true", '"yes"'),
        ("Off", "false", '"Off"'),
        ("n", "false", '"n"'),
        ("017", "15", "17"),
        ("08", '"08"', "8"),
        ("0o17", '"0o17"', "15"),
        ("0b101", "5", '"0b101"'),
        ("12:30:45", "45045", '"12:30:45"'),
        ("-1:30", "-90", '"-1:30"'),
        ("1_000", "1000", '"1_000"'),
        ("0x_1F", "0x1F", '"0x_1F"'),
        ("2001-12-14", "date", '"2001-12-14"'),
        ("2001-12-14t21:59:43.10Z", "date", "text"),
        ("1e3", '"1e3"', "1000"),
        ("=", "default", '"="'),
    ],
)
def test_a_scalar_that_two_yamls_read_differently_is_told_with_both_readings(
    text: str, old: str, new: str
) -> None:
    parsed = parse_documents(f"key: {text}\n".encode())
    (finding,) = parsed.findings
    before, _, after = finding.message.partition("YAML 1.1")
    assert old in before
    assert new in after
    assert (finding.field, finding.line, finding.column) == ("key", 1, 6)
    assert f'"{text}"' in finding.mend
    assert parsed.documents[0].value == {"key": text}


@pytest.mark.parametrize(
    "text",
    ["yesterday", "0", "00", "07", "1", "1.10", ".5", "5.", "1.5e+3", "1.2.3", "10.0.0.1", "+", ".", "~",
     "nothing", "12:99", "a_1", "true", "0x1F", "Standard_NC24ads_A100_v4", "v1", "2024-01", "_1"],
)  # fmt: skip
def test_a_scalar_that_both_yamls_read_alike_is_taken(text: str) -> None:
    ours, complaint = resolve(text)
    assert complaint is None
    assert ours == yaml.safe_load(text)
    assert type(ours) is type(yaml.safe_load(text))


def test_the_same_scalar_in_quotes_is_text() -> None:
    assert values("a: 'yes'\nb: \"017\"\nc: |-\n  12:30:45\n") == [{"a": "yes", "b": "017", "c": "12:30:45"}]


@pytest.mark.parametrize("text", [".nan", "-.inf", "1.0e+999", "18446744073709551616", "9" * 6000])
def test_a_number_kubernetes_cannot_hold_is_told(text: str) -> None:
    (finding,) = parse_documents(f"a: {text}".encode()).findings
    assert finding.field == "a"
    assert "quotes" in finding.mend


def test_large_integers_that_fit_are_kept_exactly() -> None:
    assert values("a: 18446744073709551615\nb: -9223372036854775808\n") == [{"a": 2**64 - 1, "b": -(2**63)}]


def test_a_key_written_twice_is_told_with_both_places_and_the_first_counts() -> None:
    parsed = parse_documents(b"a:\n  b: 1\n  c: 2\n  b: 3\n")
    (finding,) = parsed.findings
    assert (finding.line, finding.column, finding.field) == (4, 3, "a.b")
    assert "line 2, column 3" in finding.message
    assert parsed.documents[0].value == {"a": {"b": 1, "c": 2}}


def test_aliases_and_merge_keys_are_expanded_and_what_is_written_out_wins() -> None:
    assert values("x: &x {a: 1, b: 2}\ny: {<<: *x, b: 3}\nz: {<<: [{c: 4}, *x]}\nw: [*x]\n") == [
        {"x": {"a": 1, "b": 2}, "y": {"b": 3, "a": 1}, "z": {"c": 4, "a": 1, "b": 2}, "w": [{"a": 1, "b": 2}]}
    ]


def test_a_quoted_merge_key_is_a_key() -> None:
    assert values("'<<': 1\n") == [{"<<": 1}]


@pytest.mark.parametrize("text", ["<<: 1\n", "<<: [{a: 1}, 2]\n"])
def test_only_mappings_can_be_merged(text: str) -> None:
    (finding,) = parse_documents(text.encode()).findings
    assert "merges mappings" in finding.message


@pytest.mark.parametrize(
    "tag", ["!!python/object/apply:os.system", "!custom", "!!binary", "!!set", "!!timestamp"]
)
def test_tags_of_other_types_are_refused_and_never_made(tag: str) -> None:
    findings = parse_documents(f"a: {tag} x\n".encode()).findings
    assert [finding.field for finding in findings] == ["a"]
    assert "tag" in findings[0].message


def test_the_core_tags_are_understood() -> None:
    assert values("a: !!str 1.10\nb: !!int 5\nc: !!float 5\ne: !!map {f: !!seq [1]}\n") == [
        {"a": "1.10", "b": 5, "c": 5, "e": {"f": [1]}}
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfa: b\r\nc: d\r\n",
        "a: b\nc: d\n".encode("utf-16"),
        b"\xfe\xff" + "a: b\nc: d\n".encode("utf-16-be"),
        b"---\n# nothing\n---\na: b\nc: d\n...\n---\n~\n---\n",
        b"%YAML 1.2\n---\na: b\nc: d\n",
    ],
)
def test_byte_order_marks_line_ends_and_empty_documents_are_no_matter(data: bytes) -> None:
    parsed = parse_documents(data)
    assert parsed.findings == ()
    assert [document.value for document in parsed.documents] == [{"a": "b", "c": "d"}]


def test_a_list_is_unfolded_however_deep_and_items_keep_their_lines() -> None:
    inner = "- kind: List\n  items:\n  - kind: B\n    c: 017\n"
    text = f"apiVersion: v1\nkind: List\nitems:\n- {{kind: A}}\n{inner}- {{kind: C}}\n"
    parsed = parse_documents(text.encode())
    assert [(each.line, each.value["kind"]) for each in parsed.documents] == [(4, "A"), (7, "B"), (9, "C")]
    assert parsed.documents[1].places[("c",)] == (8, 5)


def test_what_was_read_before_a_break_is_kept_and_the_break_is_of_the_whole_file() -> None:
    parsed = parse_documents(b"a: 1\n---\nb: 017\nc: [\n")
    assert [document.value for document in parsed.documents] == [{"a": 1}]
    assert all(finding.field == "" for finding in parsed.findings)
    assert "017" in parsed.findings[0].message


def test_nothing_of_a_secret_is_repeated() -> None:
    parsed = parse_documents(b"kind: Secret\nstringData:\n  pin: 0171717\n  day: 2001-12-14\n")
    assert parsed.findings == ()


def test_fields_are_named_as_people_write_them() -> None:
    assert dotted(("inference", "adapters", 0, "source", "image")) == "inference.adapters[0].source.image"
    assert dotted(("metadata", "annotations", "kaito.sh/runtime")) == "metadata.annotations[kaito.sh/runtime]"


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(-1e9, 1e9)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text("abcXYZ-_/.", min_size=1, max_size=6), inner, max_size=3),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.text("abc", min_size=1), PLAIN, min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_what_json_can_say_is_read_back_as_it_was(value: dict[str, Any]) -> None:
    parsed = parse_documents(json.dumps(value, ensure_ascii=False).encode())
    complaints = [finding for finding in parsed.findings if "YAML 1.1" not in finding.message]
    assert complaints == []
    if not parsed.findings:
        assert parsed.documents[0].value == value


@given(st.binary(max_size=200) | st.text("a:-[]{}&*!|>'\"\n\t #%?,<017.e", max_size=120).map(str.encode))
@settings(max_examples=400, deadline=None)
def test_no_bytes_are_too_odd_and_the_other_process_says_the_same(data: bytes) -> None:
    here = parse_documents(data)
    there = read_answer(compose_answer(data))
    assert there.findings == here.findings
    assert [document.value for document in there.documents] == [document.value for document in here.documents]
    assert [dict(each.places) for each in there.documents] == [dict(each.places) for each in here.documents]
