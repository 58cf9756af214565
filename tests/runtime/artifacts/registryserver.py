"""Debian's docker-registry for tests, open, behind a password, or behind tokens made out by a server of
ours."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3

from tests.runtime.artifacts.webserver import Asked, Page, WebServer

USER, PASSWORD = "robot", "pass:word"

AUTH_NONE = ""


@contextmanager
def registry(folder: Path, auth: str = AUTH_NONE) -> Iterator[str]:
    """Run a registry with its files in `folder`; gives host:port once it answers. `auth` is YAML."""
    program = shutil.which("docker-registry")
    if program is None:
        pytest.skip("docker-registry is not installed (Debian package of this name)")
    folder.mkdir(parents=True, exist_ok=True)
    host = f"127.0.0.1:{_free_port()}"
    config = folder / "config.yml"
    config.write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: "
        f"{{filesystem: {{rootdirectory: {folder / 'data'}}}}}\n"
        f"http: {{addr: '{host}', secret: test}}\n{auth}"
    )
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, "serve", config], stdout=log, stderr=log)
    try:
        _await_answer(process, host, folder / "log")
        yield host
    finally:
        process.terminate()
        process.wait(10)


def htpasswd_auth(folder: Path) -> str:
    """The part of the configuration that asks for USER and PASSWORD."""
    program = shutil.which("htpasswd")
    if program is None:
        pytest.skip("htpasswd is not installed (Debian package apache2-utils)")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([program, "-Bbc", folder / "users", USER, PASSWORD], check=True, capture_output=True)
    return f"auth: {{htpasswd: {{realm: test, path: {folder / 'users'}}}}}\n"


def write_docker_config(place: Path, registry_name: str, password: str = PASSWORD) -> str:
    """A Docker configuration with the login for one registry."""
    auth = base64.b64encode(f"{USER}:{password}".encode()).decode()
    place.write_text(json.dumps({"auths": {registry_name: {"auth": auth}}}))
    return str(place)


@dataclass
class TokenServer:
    """Makes out tokens (distribution/docs/spec/auth/jwt.md): for USER whatever is asked, for nobody to pull
    from below public/. `scopes` is what was asked for, `forms` the bodies of POST requests."""

    folder: Path
    web: WebServer
    scopes: list[str] = field(default_factory=list)
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.web.answer = self._answer
        asked = ["-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=tokens"]
        subprocess.run(
            ["openssl", "req", "-x509", *asked, "-keyout", self._key, "-out", self._certificate],
            check=True,
            capture_output=True,
        )

    @property
    def auth(self) -> str:
        """The part of the registry's configuration that sends people here."""
        realm = self.web.url("/token")
        return (
            f"auth: {{token: {{realm: '{realm}', service: test-registry, issuer: tests, "
            f"rootcertbundle: {self._certificate}}}}}\n"
        )

    @property
    def _key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def _certificate(self) -> Path:
        return self.folder / "certificate.pem"

    def _answer(self, asked: Asked) -> Page:
        form = parse_qs(asked.body.decode() or urlsplit(asked.path).query)
        scope = form["scope"][0]
        self.scopes.append(scope)
        if asked.method == "POST":
            self.forms.append(form)
        kind, name, actions = scope.split(":")
        basic = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        sent = asked.headers.get("Authorization", "")
        if form.get("refresh_token") == ["long-lived"] or sent == basic:
            granted = actions.split(",")
        elif sent:
            return Page(b"{}", 401)
        else:
            granted = ["pull"] if name.startswith("public/") else []
        token = self._token({"type": kind, "name": name, "actions": granted})
        return Page(json.dumps({"access_token" if asked.method == "POST" else "token": token}).encode())

    def _token(self, access: dict[str, object]) -> str:
        now = int(time.time())
        pem = self._certificate.read_text()
        der = "".join(line for line in pem.splitlines() if "-----" not in line)
        head = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        claims = {
            "iss": "tests",
            "sub": USER,
            "aud": "test-registry",
            "exp": now + 300,
            "nbf": now - 10,
            "iat": now,
            "jti": str(len(self.scopes)),
            "access": [access],
        }
        signed = b".".join(_base64url(json.dumps(part).encode()) for part in (head, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self._key], input=signed, check=True, capture_output=True
        ).stdout
        return (signed + b"." + _base64url(signature)).decode()


def forward_to(host: str) -> WebServer:
    """A server before a registry, whose `pages` may stand in its way and whose faults are its own."""
    web = WebServer()

    def answer(asked: Asked) -> Page:
        kept = {
            name: value
            for name, value in asked.headers.items()
            if name in ("Accept", "Content-Type", "Authorization")
        }
        got = urllib3.request(
            asked.method, f"http://{host}{asked.path}", headers=kept, body=asked.body, redirect=False
        )
        names = ("Content-Type", "Docker-Content-Digest", "Location", "Www-Authenticate", "Content-Length")
        passed = {name: got.headers[name] for name in names if name in got.headers}
        if "Location" in passed:
            passed["Location"] = passed["Location"].replace(f"http://{host}", "")
        return Page(got.data, got.status, passed, ranges=False)

    web.answer = answer
    return web


def _base64url(text: bytes) -> bytes:
    return base64.urlsafe_b64encode(text).rstrip(b"=")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _await_answer(process: subprocess.Popen[bytes], host: str, log: Path) -> None:
    """Until it answers, or ends; the test's own limit bounds the wait."""
    while process.poll() is None:
        try:
            urllib3.request("GET", f"http://{host}/v2/", retries=False, timeout=5)
        except urllib3.exceptions.HTTPError:
            continue
        return
    raise AssertionError(log.read_text())
