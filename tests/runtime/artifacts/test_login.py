"""Names of images, logins for them, and what registries ask."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from runtime.artifacts.faults import Malformed, Missing, Mistaken
from runtime.artifacts.oci.challenge import Challenge, parse_challenges
from runtime.artifacts.oci.login import Login, find_login, read_login
from runtime.artifacts.oci.reference import Reference, parse_reference

SUM = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ghcr.io/acme/tiny:v1", Reference("ghcr.io", "acme/tiny", "v1")),
        (f"ghcr.io/acme/tiny@{SUM}", Reference("ghcr.io", "acme/tiny", "latest", SUM)),
        (f"ghcr.io/acme/tiny:v1@{SUM}", Reference("ghcr.io", "acme/tiny", "v1", SUM)),
        ("localhost/tiny", Reference("localhost", "tiny", "latest")),
        ("127.0.0.1:5000/a/b/c:x", Reference("127.0.0.1:5000", "a/b/c", "x")),
        ("[::1]:5000/a:x", Reference("[::1]:5000", "a", "x")),
        ("ubuntu", Reference("docker.io", "library/ubuntu", "latest")),
        ("acme/tiny:2", Reference("docker.io", "acme/tiny", "2")),
        ("index.docker.io/acme/tiny", Reference("docker.io", "acme/tiny", "latest")),
    ],
)
def test_images_are_named_as_everywhere(text: str, expected: Reference) -> None:
    assert parse_reference(text) == expected


@pytest.mark.parametrize(
    "text", ["", "a b", "ghcr.io/", "ghcr.io/Acme/tiny", "ghcr.io/a@sha256:12", "https://ghcr.io/a"]
)
def test_what_is_no_name_is_told(text: str) -> None:
    with pytest.raises(Malformed, match="is not the name of an image"):
        parse_reference(text)


def _auths(**entries: str) -> dict[str, object]:
    return {
        "auths": {key: {"auth": base64.b64encode(value.encode()).decode()} for key, value in entries.items()}
    }


@pytest.mark.parametrize(
    ("keys", "image", "chosen"),
    [
        (["ghcr.io"], "ghcr.io/acme/tiny", "ghcr.io"),
        (["ghcr.io", "ghcr.io/acme"], "ghcr.io/acme/tiny", "ghcr.io/acme"),
        (["ghcr.io/acme"], "ghcr.io/acme-two/tiny", None),
        (["https://index.docker.io/v1/"], "acme/tiny", "https://index.docker.io/v1/"),
        (["https://reg.example:5000/v2/"], "reg.example:5000/a", "https://reg.example:5000/v2/"),
        (["reg.example"], "reg.example:5000/a", None),
        (["*.azurecr.io"], "mine.azurecr.io/a", "*.azurecr.io"),
        (["*.azurecr.io", "mine.azurecr.io"], "mine.azurecr.io/a", "mine.azurecr.io"),
        (["evil.io"], "ghcr.io/a", None),
    ],
)
def test_the_login_most_like_the_image_is_taken(keys: list[str], image: str, chosen: str | None) -> None:
    config = _auths(**{key: f"{key.replace(':', '_')}:word" for key in keys})
    login = find_login(config, parse_reference(image), "here")
    assert (login.user if login else None) == (chosen.replace(":", "_") if chosen else None)


def test_every_way_of_writing_a_login_is_read(tmp_path: Path) -> None:
    reference = parse_reference("ghcr.io/a")
    entry = {"auth": base64.b64encode(b"me:a:b").decode()}
    (tmp_path / ".dockerconfigjson").write_text(json.dumps({"auths": {"ghcr.io": entry}}))
    assert read_login(str(tmp_path), reference) == Login("me", "a:b")
    (tmp_path / "old").write_text(json.dumps({"ghcr.io": entry}))
    assert read_login(str(tmp_path / "old"), reference) == Login("me", "a:b")
    (tmp_path / "plain").write_text(json.dumps({"auths": {"ghcr.io": {"username": "me", "password": "x"}}}))
    assert read_login(str(tmp_path / "plain"), reference) == Login("me", "x")
    assert read_login("", reference) is None
    assert "a:b" not in repr(Login("me", "a:b"))


def test_a_login_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    reference = parse_reference("ghcr.io/a")
    with pytest.raises(Missing, match="cannot be read"):
        read_login(str(tmp_path / "nowhere"), reference)
    with pytest.raises(Malformed, match="base64"):
        find_login({"auths": {"ghcr.io": {"auth": "%%"}}}, reference, "here")
    with pytest.raises(Mistaken, match="docker-credential-desktop"):
        find_login({"auths": {"ghcr.io": {}}, "credsStore": "desktop"}, reference, "here")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('Basic realm="a, Bearer b"', (Challenge("basic", "a, Bearer b"),)),
        (
            'Bearer realm="https://t/x",service="s",scope="repository:a/b:pull,push"',
            (Challenge("bearer", "https://t/x", "s", "repository:a/b:pull,push"),),
        ),
        (
            'Bearer realm="https://t", Basic realm="r"',
            (Challenge("bearer", "https://t"), Challenge("basic", "r")),
        ),
        ("basic realm=x", (Challenge("basic", "x"),)),
        ("Negotiate", ()),
        ("", ()),
    ],
)
def test_what_a_registry_asks_for_is_understood(header: str, expected: tuple[Challenge, ...]) -> None:
    assert parse_challenges(header) == expected


def test_of_several_files_in_a_folder_the_first_with_a_login_counts(tmp_path: Path) -> None:
    for name, registry in (
        ("0.json", "ghcr.io"),
        ("1.json", "mine.azurecr.io"),
        ("2.json", "mine.azurecr.io"),
    ):
        (tmp_path / name).write_text(json.dumps(_auths(**{registry: f"{name}:secret"})))
    login = read_login(str(tmp_path), parse_reference("mine.azurecr.io/a"))
    assert login == Login("1.json", "secret")
    assert read_login(str(tmp_path), parse_reference("other.example/a")) is None
