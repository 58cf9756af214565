"""Adapters into a real registry."""

from __future__ import annotations

import gzip
import io
import json
import os
import shutil
import subprocess
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.artifacts.faults import (
    Damaged,
    Faltering,
    Fault,
    Forbidden,
    Malformed,
    Missing,
    Mistaken,
    Throttled,
)
from runtime.artifacts.fetching import Expected
from tests.runtime.artifacts.images import (
    NOTES,
    QUICK,
    digest_of,
    fetch_from,
    files_in,
    push_to,
)
from tests.runtime.artifacts.registryserver import (
    forward_to,
)
from tests.runtime.artifacts.webserver import Asked, Page, WebServer
from tests.runtime.artifacts.weights import adapter_files, safetensors, write_files


def test_an_adapter_goes_out_and_comes_back(host: str, adapter: Path, tmp_path: Path) -> None:
    digest = push_to(adapter, f"{host}/acme/adapter:v1")
    fetch_from(tmp_path / "back", f"{host}/acme/adapter@{digest}", expects=Expected.ADAPTER)
    back = files_in(tmp_path / "back")
    assert sorted(back) == ["README.md", "adapter_config.json", "adapter_model.safetensors"]
    assert back["adapter_model.safetensors"] == adapter_files()["adapter_model.safetensors"]


def test_the_same_adapter_has_the_same_digest_wherever_and_whenever_it_lies(
    host: str, adapter: Path, tmp_path: Path
) -> None:
    other = shutil.copytree(adapter, tmp_path / "elsewhere" / "copy")
    os.utime(other / "adapter_model.safetensors", (1, 1))
    config = json.loads((other / "adapter_config.json").read_text())
    config["target_modules"].reverse()
    (other / "adapter_config.json").write_text(json.dumps(config, indent=8))
    assert push_to(adapter, f"{host}/acme/one:v1") == push_to(other, f"{host}/acme/two:v1")


def test_what_is_told_of_an_adapter_leaks_no_path(host: str, adapter: Path, tmp_path: Path) -> None:
    push_to(adapter, f"{host}/acme/clean:v1")
    fetch_from(tmp_path / "back", f"{host}/acme/clean:v1")
    config = json.loads((tmp_path / "back/adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == "acme/tiny"
    assert config["target_modules"] == ["q_proj", "v_proj"]


def test_the_adapter_is_left_as_it_was(host: str, adapter: Path) -> None:
    before = files_in(adapter.parent)
    push_to(adapter, f"{host}/acme/left:v1")
    assert files_in(adapter.parent) == before


def test_skopeo_reads_it_as_an_image(host: str, adapter: Path, tmp_path: Path) -> None:
    skopeo = shutil.which("skopeo") or pytest.skip("skopeo is not installed (Debian package of this name)")
    digest = push_to(adapter, f"{host}/acme/seen:v1")
    asked = [skopeo, "inspect", "--tls-verify=false", f"docker://{host}/acme/seen:v1"]
    seen = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    assert (seen["Digest"], seen["Os"], seen["Architecture"]) == (digest, "linux", "amd64")
    copied = [skopeo, "--insecure-policy", "copy", "--src-tls-verify=false", f"docker://{host}/acme/seen:v1"]
    subprocess.run([*copied, f"oci:{tmp_path / 'copy'}:v1"], check=True, capture_output=True)
    blobs = tmp_path / "copy/blobs/sha256"
    manifest = json.loads((blobs / digest.removeprefix("sha256:")).read_text())
    assert manifest["annotations"] == NOTES
    packed = (blobs / manifest["layers"][0]["digest"].removeprefix("sha256:")).read_bytes()
    config = json.loads((blobs / manifest["config"]["digest"].removeprefix("sha256:")).read_text())
    assert config["rootfs"]["diff_ids"] == [digest_of(gzip.decompress(packed))]
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames()[:3] == ["data", "data/README.md", "data/adapter_config.json"]


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, Forbidden, "may not push to acme/adapter"),
        (404, Missing, "is not in its registry"),
        (413, Mistaken, "as large"),
        (418, Mistaken, "answers 418"),
        (429, Throttled, "less often"),
        (503, Faltering, "answers 503"),
    ],
)
def test_each_refusal_of_a_registry_is_a_sentence(
    adapter: Path, status: int, kind: type[Fault], words: str
) -> None:
    with WebServer() as web:
        web.answer = lambda asked: Page(status=404 if asked.method == "HEAD" else status)
        with pytest.raises(kind, match=words.replace("as large", "this large")):
            push_to(adapter, f"127.0.0.1:{web.port}/acme/adapter:v1", patience=replace(QUICK, attempts=2))


def test_a_push_goes_on_through_faults_that_pass(host: str, adapter: Path) -> None:
    with forward_to(host) as web:
        through = web.answer
        troubles = iter([503, 429, 502])

        def stumble(asked: Asked) -> Page | None:
            status = next(troubles, 0)
            return Page(status=status) if status else through(asked)

        web.answer = stumble
        assert push_to(adapter, f"127.0.0.1:{web.port}/acme/through:v1") == push_to(
            adapter, f"{host}/acme/direct:v1"
        )


def test_a_tag_that_another_moved_meanwhile_is_told(host: str, adapter: Path) -> None:
    with forward_to(host) as web:
        through = web.answer
        moved = Page(headers={"Docker-Content-Digest": f"sha256:{'0' * 64}"})
        web.answer = lambda asked: (
            moved if asked.method == "HEAD" and "manifests" in asked.path else through(asked)
        )
        with pytest.raises(Damaged, match="someone else pushes to the same tag"):
            push_to(adapter, f"127.0.0.1:{web.port}/acme/moved:v1")


def test_what_cannot_be_pushed_is_told_before_anything_goes_out(adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="give it a tag"):
        push_to(adapter, f"127.0.0.1:1/acme/a@sha256:{'0' * 64}")
    (adapter / "adapter_model.safetensors").write_bytes(safetensors(1000)[:-1])
    with pytest.raises(Damaged, match="is cut short"):
        push_to(adapter, "127.0.0.1:1/acme/a:v1")
    with pytest.raises(Missing, match=r"no adapter_config\.json"):
        push_to(write_files(tmp_path / "empty", {"a": b""}), "127.0.0.1:1/acme/a:v1")
