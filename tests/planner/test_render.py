"""Values stay values, whatever they hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from reconciler.planner.desire.render import Templates, canonical
from tests.planner.asking import template_sources, templates

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def filled(source: str, **values: object) -> dict[str, object]:
    return Templates({"t.json.j2": source}).render("t", values)


@given(value=PLAIN)
def test_any_value_arrives_as_it_was_given(value: object) -> None:
    document = filled('{"a": [{{ value }}], "b": 1}', value=value)
    expected = json.loads(json.dumps({"a": [without_nulls(value)], "b": 1}))
    assert document == expected


def without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return [without_nulls(each) for each in value] if isinstance(value, list) else value


@given(key=st.text())
def test_any_text_can_be_a_key(key: str) -> None:
    assert filled("{ {{ key }}: 1}", key=key) == {key: 1}


def test_a_value_is_never_read_as_a_template() -> None:
    assert filled('{"a": {{ a }}}', a="{{ 7 * 7 }}{% raw %}") == {"a": "{{ 7 * 7 }}{% raw %}"}


def test_a_null_is_a_field_left_out() -> None:
    assert filled('{"a": {{ a }}, "b": {"c": null}}', a=None) == {"b": {}}


def test_a_value_that_is_missing_is_our_mistake() -> None:
    with pytest.raises(UndefinedError):
        filled('{"a": {{ nobody }}}')


def test_a_field_that_comes_twice_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="comes twice"):
        filled('{"a": 1, "a": 2}')


def test_a_value_json_has_no_word_for_is_our_mistake() -> None:
    with pytest.raises(TypeError):
        filled('{"a": {{ a }}}', a=object())
    with pytest.raises(ValueError):
        filled('{"a": {{ a }}}', a=float("nan"))


@pytest.mark.parametrize("source", ["{{ a.__class__ }}", "{{ a.append(1) }}", "{{ ''.__class__.__mro__ }}"])
def test_templates_are_kept_in_a_sandbox(source: str) -> None:
    with pytest.raises((SecurityError, UndefinedError)):
        filled(source, a=[])


def test_the_canonical_form_knows_no_order() -> None:
    assert canonical({"b": 1, "a": "é"}) == canonical({"a": "é", "b": 1}) == b'{"a":"\\u00e9","b":1}'


@pytest.mark.parametrize("path", sorted(template_sources()))
def test_every_value_a_template_prints_goes_through_the_encoder(path: str) -> None:
    environment = templates().environment
    source = template_sources()[path]
    tree = environment.parse(source)
    printed = [
        child
        for output in tree.find_all(nodes.Output)
        for child in output.nodes
        if not isinstance(child, nodes.TemplateData)
    ]
    compiled = environment.compile(source, raw=True)
    encoded = compiled.count("environment.finalize(")
    assert encoded == len([each for each in printed if not isinstance(each, nodes.Const)])
    assert "Markup(" not in compiled
    assert not list(tree.find_all((nodes.Macro, nodes.CallBlock, nodes.FilterBlock)))


def test_the_environment_is_jinjas_sandbox() -> None:
    assert isinstance(templates().environment, ImmutableSandboxedEnvironment)
