"""Artifacts and images from a real registry."""

from __future__ import annotations

import json
import os
import platform
import tarfile
from pathlib import Path

import pytest

from runtime.artifacts.faults import (
    Damaged,
    Fault,
    Malformed,
    Missing,
    Mistaken,
    Unsafe,
)
from runtime.artifacts.fetching import Expected
from runtime.artifacts.oci.reference import parse_reference
from runtime.artifacts.oci.registry import Registry
from tests.runtime.artifacts.images import (
    CONFIG,
    INDEX,
    LAYER,
    MANIFEST,
    OCI,
    archive_of,
    digest_of,
    fetch_from,
    files_in,
    push_to,
    put_image,
)
from tests.runtime.artifacts.registryserver import (
    forward_to,
)
from tests.runtime.artifacts.webserver import Page
from tests.runtime.artifacts.weights import adapter_files, model_files, safetensors, write_files


def test_weights_that_oras_pushed_come_under_their_names(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = pytest.importorskip("oras.client").OrasClient(insecure=True)
    write_files(tmp_path / "weights", model_files())
    monkeypatch.chdir(tmp_path / "weights")
    client.push(target=f"{host}/acme/weights:v1", files=[*model_files()])
    fetch_from(tmp_path / "back", f"{host}/acme/weights:v1", expects=Expected.MODEL)
    assert files_in(tmp_path / "back") == model_files()


def test_an_adapter_that_kaitos_pusher_pushed_comes_without_its_root(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = pytest.importorskip("oras.client").OrasClient(insecure=True)
    kept = {name: body for name, body in adapter_files().items() if name.startswith("adapter_")}
    (tmp_path / "layer.tar.gz").write_bytes(archive_of({f"data/{name}": body for name, body in kept.items()}))
    (tmp_path / "config.json").write_text('{"rootfs": {"type": "layers", "diff_ids": []}}')
    monkeypatch.chdir(tmp_path)
    client.push(
        target=f"{host}/acme/kaito:v1",
        files=[f"layer.tar.gz:{LAYER}"],
        manifest_config=f"config.json:{CONFIG}",
        disable_path_validation=True,
    )
    fetch_from(tmp_path / "back", f"{host}/acme/kaito:v1", expects=Expected.ADAPTER)
    assert files_in(tmp_path / "back") == kept


def test_the_layers_of_an_image_are_laid_upon_each_other(host: str, tmp_path: Path) -> None:
    lower = archive_of(
        {"etc/passwd": b"root", "data/a.jsonl": b"old", "data/gone.jsonl": b"old", "data/deep/x.jsonl": b"x"}
    )
    upper = archive_of({"./data/a.jsonl": b"new", "data/.wh.gone.jsonl": b"", "data/deep/.wh..wh..opq": b""})
    put_image(host, "acme/image", [{"mediaType": LAYER}] * 2, [lower, upper])
    fetch_from(tmp_path / "back", f"{host}/acme/image:v1", expects=Expected.DATA)
    assert files_in(tmp_path / "back") == {"a.jsonl": b"new"}


def test_an_index_leads_to_what_this_machine_runs(host: str, tmp_path: Path) -> None:
    here = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    entries: list[dict[str, object]] = []
    for architecture in (here, "s390x"):
        body = archive_of({"data/which.txt": architecture.encode()})
        digest = put_image(host, "acme/many", [{"mediaType": LAYER}], [body])
        place = {"os": "linux", "architecture": architecture}
        entries.insert(0, {"mediaType": MANIFEST, "digest": digest, "size": 1, "platform": place})
    put = Registry(parse_reference(f"{host}/acme/many"), None, insecure=True)
    put.put_manifest(
        "all", INDEX, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()
    )
    put.put_manifest(
        "far", INDEX, json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries[:1]}).encode()
    )
    fetch_from(tmp_path / "back", f"{host}/acme/many:all")
    assert files_in(tmp_path / "back") == {"which.txt": here.encode()}
    with pytest.raises(Missing, match=f"is not made for linux/{here}; it is made for linux/s390x"):
        fetch_from(tmp_path / "far", f"{host}/acme/many:far")


def _link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


@pytest.mark.parametrize(
    ("archive", "kind", "words"),
    [
        (archive_of({"data/../../escaped": b"x"}), Unsafe, "outside of its folder"),
        (archive_of({"/etc/cron.d/x": b"x"}), Unsafe, "outside of its folder"),
        (archive_of({"data/.towline/fetched.json": b"x"}), Unsafe, "outside of its folder"),
        (archive_of({"data/a": b"x"}, _link("data/b", "/etc/passwd")), Unsafe, "a link named 'data/b'"),
        (archive_of({"data/a": b"x"}, _link("data/b", "data/a", tarfile.LNKTYPE)), Unsafe, "a link"),
        (archive_of({"data/a": b"x"}, _link("data/b", "", tarfile.CHRTYPE)), Unsafe, "a device"),
        (archive_of({"data/a": os.urandom(9000)})[:5000], Damaged, "cannot be read"),
        (b"no archive", Damaged, "cannot be read"),
    ],
)
def test_an_archive_that_reaches_out_is_refused(
    host: str, tmp_path: Path, archive: bytes, kind: type[Fault], words: str
) -> None:
    put_image(host, "acme/bad", [{"mediaType": LAYER}], [archive])
    with pytest.raises(kind, match=words):
        fetch_from(tmp_path / "back", f"{host}/acme/bad:v1")
    assert not [name for name in files_in(tmp_path) if "escaped" in name or name.endswith("/b")]


@pytest.mark.parametrize(
    ("layer", "kind", "words"),
    [
        ({"mediaType": "a/b", "annotations": {"org.opencontainers.image.title": "../x"}}, Unsafe, "outside"),
        ({"mediaType": "a/b"}, Malformed, "without a name"),
        ({"mediaType": f"{OCI}layer.v1.tar+zstd"}, Mistaken, "zstd"),
    ],
)
def test_an_artifact_that_cannot_be_taken_is_told(
    host: str, tmp_path: Path, layer: dict[str, object], kind: type[Fault], words: str
) -> None:
    put_image(host, "acme/odd", [layer], [b"x"], config="application/vnd.oci.empty.v1+json")
    with pytest.raises(kind, match=words):
        fetch_from(tmp_path / "back", f"{host}/acme/odd:v1")


def test_a_folder_that_oras_packed_is_unpacked_under_its_name(host: str, tmp_path: Path) -> None:
    notes = {"org.opencontainers.image.title": "sub", "io.deis.oras.content.unpack": "true"}
    put_image(
        host,
        "acme/folder",
        [{"mediaType": LAYER, "annotations": notes}],
        [archive_of({"sub/a": b"a"})],
        "x/y",
    )
    fetch_from(tmp_path / "back", f"{host}/acme/folder:v1")
    assert files_in(tmp_path / "back") == {"sub/a": b"a"}


def test_a_digest_that_lies_there_is_not_asked_for_again(host: str, adapter: Path, tmp_path: Path) -> None:
    with forward_to(host) as web:
        image = f"127.0.0.1:{web.port}/acme/again@{push_to(adapter, f'{host}/acme/again:v1')}"
        fetch_from(tmp_path / "back", image)
        web.asked.clear()
        fetch_from(tmp_path / "back", image)
        assert web.asked == []
        (tmp_path / "back/README.md").unlink()
        fetch_from(tmp_path / "back", image)
    assert len(files_in(tmp_path / "back")) == 3


def test_a_blob_that_breaks_off_is_continued_and_one_that_lies_is_refused(host: str, tmp_path: Path) -> None:
    body = safetensors(2_000_000)
    title: dict[str, object] = {
        "mediaType": "a/b",
        "annotations": {"org.opencontainers.image.title": "model.safetensors"},
    }
    put_image(host, "acme/large", [title], [body], config="x/y")
    with forward_to(host) as web:
        place = f"/v2/acme/large/blobs/{digest_of(body)}"
        web.pages[place] = Page(body, faults=["cut:1500000"])
        fetch_from(tmp_path / "back", f"127.0.0.1:{web.port}/acme/large:v1")
        assert web.ranges_of(place) == ["", "bytes=1500000-"]
        assert (tmp_path / "back/model.safetensors").read_bytes() == body
        web.pages[place] = Page(safetensors(2_000_000, seed=1))
        with pytest.raises(Damaged, match="should have"):
            fetch_from(tmp_path / "other", f"127.0.0.1:{web.port}/acme/large:v1")
        assert files_in(tmp_path / "other") == {}


def test_a_manifest_that_is_not_what_the_digest_says_is_refused(
    host: str, adapter: Path, tmp_path: Path
) -> None:
    digest = push_to(adapter, f"{host}/acme/forged:v1")
    with forward_to(host) as web:
        web.pages[f"/v2/acme/forged/manifests/{digest}"] = Page(b'{"layers": []}', ranges=False)
        with pytest.raises(Damaged, match="should have"):
            fetch_from(tmp_path / "back", f"127.0.0.1:{web.port}/acme/forged@{digest}")
