"""The adapter into a real registry, and what becomes of it while the registry is away."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from pathlib import Path

import pytest

from runtime.artifacts.faults import Forbidden, Malformed, Unreachable
from runtime.tuning.result.delivery import Waiting, until_taken
from tests.runtime.artifacts.registryserver import htpasswd_auth, registry, write_docker_config
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
    workplace.settings |= {"deliveryHours": 0}
    assert workplace.run() == 75
    assert (workplace.work / "adapter" / "adapter_model.safetensors").exists()
    (workplace.root / "log.jsonl").unlink()
    with registry(tmp_path / "another") as host:
        to_image(workplace, host)
        assert workplace.run() == 0
    assert "loading" not in workplace.events()
    assert workplace.message()["state"] == "done"


def test_a_login_that_may_not_push_is_told_before_anything_is_fetched(
    workplace: Workplace, tmp_path: Path
) -> None:
    with registry(tmp_path / "registry", htpasswd_auth(tmp_path / "users")) as host:
        to_image(workplace, host)
        workplace.settings["output"] |= {
            "dockerConfig": write_docker_config(tmp_path / "config.json", host, password="another")
        }
        assert workplace.run() == 1
    assert workplace.events() == ["starting", "failed"]
    assert "may not push to adapters/support" in workplace.message()["message"]


def test_a_volume_that_cannot_be_written_is_told_before_anything_is_fetched(workplace: Workplace) -> None:
    workplace.output.write_text("a file stands where the folder should be")
    assert workplace.run() == 1
    assert workplace.events() == ["starting", "failed"]
    assert str(workplace.output) in workplace.message()["message"]


class Days:
    """A clock that goes on by the pauses alone."""

    def __init__(self) -> None:
        self.now = 0.0
        self.told: list[str] = []

    def waiting(self, hours: float) -> Waiting:
        return Waiting(hours * 3600, self.told.append, lambda: self.now, self._pass)

    def _pass(self, seconds: float) -> None:
        self.now += seconds


def test_an_adapter_is_pushed_for_hours_until_the_registry_takes_it() -> None:
    days = Days()
    tries = iter([Unreachable("Nobody answers.")] * 40 + [Forbidden("Not you.")] * 20)

    def push() -> str:
        if fault := next(tries, None):
            raise fault
        return "sha256:1"

    assert until_taken(push, days.waiting(hours=6)) == "sha256:1"
    assert 4 < days.now / 3600 < 6
    assert days.told[0] == "Nobody answers. The adapter is kept and pushed again, for 6.0 hours more."
    assert days.told[-1].startswith("Not you. ")


def test_when_the_time_is_up_the_last_reason_is_what_is_told() -> None:
    days = Days()

    def push() -> str:
        raise Unreachable("Nobody answers.")

    with pytest.raises(Unreachable):
        until_taken(push, days.waiting(hours=1))
    assert days.now == 3600


def test_what_no_time_mends_is_told_at_once() -> None:
    days = Days()

    def push() -> str:
        raise Malformed("No name of an image.")

    with pytest.raises(Malformed):
        until_taken(push, days.waiting(hours=1))
    assert not days.told
