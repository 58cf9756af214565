"""The adapter into a real registry, and what becomes of it while the registry is away."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.runtime.artifacts.registryserver import registry
from tests.runtime.tuning.workplace import Workplace

pytestmark = pytest.mark.timeout(400)
_MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def to_image(workplace: Workplace, host: str) -> None:
    image = f"{host}/adapters/support:1"
    workplace.settings = {"output": {"kind": "image", "image": image, "insecure": True}}


def annotations(host: str, digest: str) -> dict[str, str]:
    """What the manifest in the registry says of the image."""
    connection = HTTPConnection(host, timeout=10)
    connection.request("GET", f"/v2/adapters/support/manifests/{digest}", headers={"Accept": _MANIFEST})
    said: dict[str, str] = json.loads(connection.getresponse().read())["annotations"]
    connection.close()
    return said


def test_an_adapter_goes_to_a_registry_and_its_digest_is_told(workplace: Workplace, tmp_path: Path) -> None:
    with registry(tmp_path / "registry") as host:
        to_image(workplace, host)
        assert workplace.run() == 0
        digest = workplace.message()["digest"]
        said = annotations(host, digest)
        assert said["sh.kaito.model.name"] == "acme/tiny-llama"
        assert workplace.told("checked")["digest"].removeprefix("sha256:") in said.values()
        assert workplace.run() == 0
        assert workplace.message()["digest"] == digest


def test_a_registry_that_is_away_costs_no_training(workplace: Workplace, tmp_path: Path) -> None:
    with registry(tmp_path / "registry") as host:
        pass
    to_image(workplace, host)
    assert workplace.run() == 75
    assert (workplace.work / "adapter" / "adapter_model.safetensors").exists()
    (workplace.root / "log.jsonl").unlink()
    with registry(tmp_path / "another") as host:
        to_image(workplace, host)
        assert workplace.run() == 0
    assert "loading" not in workplace.events()
    assert workplace.message()["state"] == "done"
