"""Registries that ask who asks: by name and password, and by tokens."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.artifacts import require_pushable
from runtime.artifacts.faults import (
    Fault,
    Forbidden,
    Unreachable,
)
from runtime.artifacts.fetching import Expected
from runtime.artifacts.oci.login import Login
from runtime.artifacts.oci.reference import parse_reference
from runtime.artifacts.oci.registry import Registry
from runtime.artifacts.wire import Wire
from tests.runtime.artifacts.images import (
    fetch_from,
    push_to,
)
from tests.runtime.artifacts.registryserver import (
    PASSWORD,
    USER,
    TokenServer,
    forward_to,
    htpasswd_auth,
    registry,
    write_docker_config,
)
from tests.runtime.artifacts.webserver import Asked, Page, WebServer


def test_a_name_and_password_open_a_registry(adapter: Path, tmp_path: Path) -> None:
    with registry(tmp_path / "registry", htpasswd_auth(tmp_path / "users")) as host:
        login = write_docker_config(tmp_path / "config.json", f"https://{host}/v2/")
        digest = push_to(adapter, f"{host}/acme/adapter:v1", login)
        fetch_from(tmp_path / "back", f"{host}/acme/adapter@{digest}", login, Expected.ADAPTER)
        with pytest.raises(Forbidden, match="name a secret with a login in imagePullSecrets"):
            fetch_from(tmp_path / "none", f"{host}/acme/adapter:v1")
        wrong = write_docker_config(tmp_path / "wrong.json", host, "wrong")
        with pytest.raises(Forbidden, match="may not push to acme/adapter") as told:
            push_to(adapter, f"{host}/acme/adapter:v1", wrong)
        assert "wrong" not in str(told.value)


@pytest.fixture
def tokens(tmp_path: Path) -> Iterator[TokenServer]:
    with WebServer() as web:
        yield TokenServer(tmp_path / "tokens", web)


def test_tokens_of_the_right_scope_open_a_registry(
    tokens: TokenServer, adapter: Path, tmp_path: Path
) -> None:
    with registry(tmp_path / "registry", tokens.auth) as host:
        login = write_docker_config(tmp_path / "config.json", f"{host}/acme")
        digest = push_to(adapter, f"{host}/acme/adapter:v1", login)
        assert {scope.rpartition(":")[2] for scope in tokens.scopes} >= {"pull,push"}
        fetch_from(tmp_path / "back", f"{host}/acme/adapter@{digest}", login, Expected.ADAPTER)
        with pytest.raises(Forbidden, match=r"may not pull|asks who pulls"):
            fetch_from(tmp_path / "none", f"{host}/acme/adapter:v1")
        with pytest.raises(Forbidden, match="may not push"):
            push_to(
                adapter,
                f"{host}/acme/adapter:v1",
                write_docker_config(tmp_path / "wrong.json", host, "wrong"),
            )


def test_nobody_in_particular_may_pull_what_is_public(
    tokens: TokenServer, adapter: Path, tmp_path: Path
) -> None:
    with registry(tmp_path / "registry", tokens.auth) as host:
        push_to(adapter, f"{host}/public/adapter:v1", write_docker_config(tmp_path / "config.json", host))
        fetch_from(tmp_path / "back", f"{host}/public/adapter:v1", expects=Expected.ADAPTER)


def test_a_token_that_ran_out_is_replaced(tokens: TokenServer, adapter: Path, tmp_path: Path) -> None:
    with registry(tmp_path / "registry", tokens.auth) as host:
        reference = parse_reference(f"{host}/acme/adapter:v1")
        asker = Registry(reference, Login(USER, PASSWORD), True, Wire(), {"pull": "Bearer stale"})
        digest = push_to(adapter, str(reference), write_docker_config(tmp_path / "config.json", host))
        assert asker.read_manifest("v1")[1] == digest


def test_an_identity_token_is_changed_for_a_token(tokens: TokenServer, adapter: Path, tmp_path: Path) -> None:
    with registry(tmp_path / "registry", tokens.auth) as host:
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"auths": {host: {"identitytoken": "long-lived"}}}))
        push_to(adapter, f"{host}/acme/adapter:v1", str(config))
    assert tokens.forms[0]["grant_type"] == ["refresh_token"]


def test_a_login_goes_to_no_host_the_registry_sends_us_to(
    tokens: TokenServer, adapter: Path, tmp_path: Path
) -> None:
    with registry(tmp_path / "registry", tokens.auth) as host, forward_to(host) as web, WebServer() as other:
        through = web.answer

        def elsewhere(asked: Asked) -> Page | None:
            page = through(asked)
            if page and asked.method == "POST" and page.status == 202:
                page.headers["Location"] = other.url("/upload", "localhost")
            return page

        web.answer, other.answer = elsewhere, lambda asked: Page(status=201)
        with pytest.raises(Fault):
            push_to(
                adapter,
                f"127.0.0.1:{web.port}/acme/away:v1",
                write_docker_config(tmp_path / "c", f"127.0.0.1:{web.port}"),
            )
        assert other.asked
        assert not any("Authorization" in asked.headers for asked in other.asked)


def test_whether_a_push_would_be_taken_is_known_before_there_is_anything_to_push(tmp_path: Path) -> None:
    with registry(tmp_path / "registry", htpasswd_auth(tmp_path / "users")) as host:
        image = f"{host}/acme/adapter:v1"
        right = write_docker_config(tmp_path / "config.json", host)
        wrong = write_docker_config(tmp_path / "wrong.json", host, "wrong")
        require_pushable(image, docker_config=right, insecure=True)
        with pytest.raises(Forbidden, match="may not push to acme/adapter"):
            require_pushable(image, docker_config=wrong, insecure=True)
        with pytest.raises(Forbidden, match="name a secret with a login in the output's imagePushSecret"):
            require_pushable(image, insecure=True)
        uploads = tmp_path / "registry/data/docker/registry/v2/repositories/acme/adapter/_uploads"
        assert not [*uploads.glob("*/data")]
    with pytest.raises(Unreachable):
        require_pushable(image, docker_config=right, insecure=True)
