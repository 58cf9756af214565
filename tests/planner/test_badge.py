"""Badges: valid pictures whatever they are asked to say."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.report import Phase
from reconciler.planner.tell.badge import badge_json, badge_svg, colour
from reconciler.planner.tell.badge_widths import text_width

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    f"{SVG}{name}" for name in ("svg", "title", "linearGradient", "stop", "clipPath", "rect", "g", "text")
}
HOSTILE = [
    "</text><script>alert(1)</script>",
    "]]><!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>&y;",
    "\"' onload='alert(1)",
    "javascript:alert(1)",
    "\u202eevil\u2066\u200b",
    "🚀" * 30,
    "\x00\x01\x1b[31m\ud800\uffff",
    "日本語 العربية",
    "x" * 10_000,
    "",
    "   ",
]


def parsed(label: str, message: str) -> ElementTree.Element:
    return ElementTree.fromstring(badge_svg(label, message, "brightgreen"))


def words(picture: ElementTree.Element) -> list[str]:
    return [each.text or "" for each in picture.iter(f"{SVG}text")][1::2]


def test_a_badge_says_its_label_and_its_message_to_eyes_and_to_screen_readers() -> None:
    picture = parsed("phi-4-chat", "Ready")

    assert words(picture) == ["phi-4-chat", "Ready"]
    assert picture.get("role") == "img"
    assert picture.get("aria-label") == "phi-4-chat: Ready"
    assert picture.findtext(f"{SVG}title") == "phi-4-chat: Ready"
    assert picture.get("height") == "20"


@pytest.mark.parametrize("text", HOSTILE)
def test_whatever_the_words_the_badge_is_valid_and_holds_nothing_but_itself(text: str) -> None:
    for picture in (parsed(text, "Ready"), parsed("phi", text)):
        assert {each.tag for each in picture.iter()} <= ALLOWED
        attributes = {key.lower() for each in picture.iter() for key in each.attrib}
        assert not {key for key in attributes if key.startswith("on") or key.endswith("href")}
        assert all(len(each) <= 40 for each in words(picture))
        assert int(picture.get("width") or 0) < 1200


@given(st.text(), st.text())
def test_any_text_at_all_makes_a_valid_badge_and_a_valid_endpoint(label: str, message: str) -> None:
    parsed(label, message)

    assert set(json.loads(badge_json(label, message, "red"))) == {
        "schemaVersion",
        "label",
        "message",
        "color",
    }


def test_a_long_name_is_cut_in_its_middle_since_names_differ_at_their_ends() -> None:
    label = words(parsed("team-b/deepseek-r1-distill-qwen-14b-with-a-very-long-name", "x"))[0]

    assert label == "team-b/deepseek-r1-dist…a-very-long-name"


def test_both_sides_are_as_wide_as_their_words() -> None:
    short, long = parsed("iii", "Ready"), parsed("WWW", "Ready")

    assert int(long.get("width") or 0) - int(short.get("width") or 0) == round(3 * (9.89 - 2.74) * 1.1)


def test_widths_are_those_of_verdana() -> None:
    assert (
        text_width("Hamburgefonts", 1000)
        == 751 + 601 + 973 + 623 + 633 + 427 + 623 + 596 + 352 + 607 + 633 + 394 + 521
    )
    assert text_width("漢", 100) > text_width("W", 100)
    assert text_width("e\u0301") == text_width("e")


def test_every_phase_has_a_colour_of_the_endpoint_schema() -> None:
    assert {colour(phase) for phase in Phase} <= {
        "brightgreen",
        "blue",
        "lightgrey",
        "yellow",
        "orange",
        "red",
    }
    assert colour(Phase.READY) == "brightgreen"
    assert colour(Phase.FAILED) == "red"


def test_white_words_can_be_read_on_every_colour_but_the_green_everybody_knows() -> None:
    """WCAG 2.1 contrast of white on our own hues is at least 3:1, the bound for user interface parts."""
    for phase in (Phase.RUNNING, Phase.HELD, Phase.NOT_READY, Phase.FAILED, Phase.DELETING):
        picture = ElementTree.fromstring(badge_svg("x", "y", colour(phase)))
        fills = [each.get("fill") or "" for each in picture.iter(f"{SVG}rect")]
        assert contrast_with_white(fills[2]) >= 3


def contrast_with_white(hex_colour: str) -> float:
    channels = [int(hex_colour[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
