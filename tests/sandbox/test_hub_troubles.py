"""What the sandbox's hub does wrong on request."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest
import urllib3

from reconciler.sandbox.containers.runtime import Runtime
from reconciler.sandbox.server import Sandbox

from .conftest import Build

COMMIT = "0123456789abcdef0123456789abcdef01234567"
WEIGHTS = bytes(range(1, 251)) * 40


@pytest.fixture
def sandbox(build: Build, tmp_path: Path) -> Sandbox:
    """A sandbox whose hub has acme/tiny and acme/other."""
    for name in ("tiny", "other"):
        model = tmp_path / "models" / "acme" / name
        model.mkdir(parents=True)
        (model / "config.json").write_text("{}")
        (model / "model.safetensors").write_bytes(WEIGHTS)
    runtime = Runtime(Path(sys.executable), Path.cwd(), tmp_path / "cache", tmp_path / "models")
    return build(state=tmp_path / "state", runtime=runtime).sandbox


def ask(sandbox: Sandbox, path: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", f"{sandbox.hub_url}/{path}", redirect=False, timeout=10, retries=False)


def test_a_gated_repository_is_refused_as_the_hub_refuses_it(sandbox: Sandbox) -> None:
    sandbox.ask("hub-gated@acme/tiny")
    refused = ask(sandbox, f"api/models/acme/tiny/tree/{COMMIT}")
    assert (refused.status, refused.headers["X-Error-Code"]) == (403, "GatedRepo")
    assert ask(sandbox, f"api/models/acme/other/tree/{COMMIT}").status == 200


@pytest.mark.parametrize(("word", "length"), [("hub-truncated", 5000), ("hub-damaged", 10000)])
def test_weights_come_otherwise_than_they_are_listed_and_no_other_file(
    sandbox: Sandbox, word: str, length: int
) -> None:
    sandbox.ask(f"{word}@tiny")
    listed = {each["path"]: each for each in ask(sandbox, f"api/models/acme/tiny/tree/{COMMIT}").json()}
    content = ask(sandbox, f"acme/tiny/resolve/{COMMIT}/model.safetensors").data
    assert len(content) == length
    assert hashlib.sha256(content).hexdigest() != listed["model.safetensors"]["lfs"]["oid"]
    assert ask(sandbox, f"acme/tiny/resolve/{COMMIT}/config.json").data == b"{}"
    assert ask(sandbox, f"acme/other/resolve/{COMMIT}/model.safetensors").data == WEIGHTS
