"""The door to Hugging Face, against a Hub on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.adapters.hub.hub_door import HubDoor, HubForbidden, HubMissing, HubThrottled, HubUnreachable
from reconciler.faults import Fault, Forbidden, Missing, Unreachable
from tests.adapters.hub import COMMIT, CONFIG, Answer, Hub, answer

REVISION = "/api/models/org/name/revision/main"
TREE = f"/api/models/org/name/tree/{COMMIT}?recursive=true"


@pytest.fixture
def hub() -> Iterator[Hub]:
    with Hub() as one:
        one.holds("org/name")
        yield one


@pytest.fixture
def door(hub: Hub, tmp_path: Path) -> HubDoor:
    return HubDoor(tmp_path, hub.url, timeout=5)


def test_a_repository_is_described_at_the_commit_main_stands_for(hub: Hub, door: HubDoor) -> None:
    facts = door.describe("org/name")
    assert facts.revision == COMMIT
    assert facts.config == CONFIG
    assert facts.files == {"config.json": 700, "model.safetensors": 5 * 2**30}
    assert (facts.license, facts.gated) == ("mit", True)


def test_mistrals_params_stand_in_for_a_missing_config(hub: Hub, door: HubDoor) -> None:
    hub.holds("org/mistral", {"dim": 4096}, "params.json")
    assert door.describe("org/mistral").config == {"dim": 4096}


def test_a_commit_seen_before_asks_nobody(hub: Hub, door: HubDoor) -> None:
    first = door.describe("org/name")
    hub.asked.clear()
    assert door.describe("org/name", COMMIT) == first
    assert hub.asked == []


def test_a_branch_seen_before_asks_only_where_it_stands(hub: Hub, door: HubDoor) -> None:
    first = door.describe("org/name")
    hub.asked.clear()
    assert door.describe("org/name") == first
    assert [path for path, _ in hub.asked] == [REVISION]


def test_the_token_goes_to_the_hub_and_to_nobody_it_redirects_to(hub: Hub, tmp_path: Path) -> None:
    with Hub() as elsewhere:
        elsewhere.answers["/config"] = answer(CONFIG)
        there = f"http://localhost:{elsewhere.url.rsplit(':', 1)[1]}/config"
        hub.answers[f"/org/name/resolve/{COMMIT}/config.json"] = Answer(302, b"", {"Location": there})
        HubDoor(tmp_path, hub.url, token="secret").describe("org/name")
        assert {sent for _, sent in hub.asked} == {"Bearer secret"}
        assert elsewhere.asked == [("/config", None)]


def test_a_listing_that_goes_on_elsewhere_is_not_followed(hub: Hub, door: HubDoor) -> None:
    hub.answers[TREE] = answer([], Link='<http://203.0.113.9/next>; rel="next"')
    with pytest.raises(HubUnreachable, match="sends us elsewhere"):
        door.describe("org/name")


@pytest.mark.parametrize("status", [401, 403])
def test_a_gated_repository_is_forbidden(hub: Hub, door: HubDoor, status: int) -> None:
    hub.answers[REVISION] = Answer(status, b"{}")
    with pytest.raises(HubForbidden, match="needs a token") as caught:
        door.describe("org/name")
    assert isinstance(caught.value, Forbidden)
    assert caught.value.code == str(status)


def test_a_gated_config_is_forbidden_and_nothing_is_kept(hub: Hub, tmp_path: Path) -> None:
    hub.answers[f"/org/name/resolve/{COMMIT}/config.json"] = Answer(403, b"")
    with pytest.raises(HubForbidden):
        HubDoor(tmp_path, hub.url).describe("org/name")
    assert not list(tmp_path.rglob("*.json"))


def test_what_is_not_there_is_missing(door: HubDoor) -> None:
    with pytest.raises(HubMissing) as caught:
        door.describe("org/other")
    assert isinstance(caught.value, Missing)


@pytest.mark.parametrize(
    ("name", "revision"),
    [
        ("../etc/passwd", None),
        ("org", None),
        ("org/..", None),
        ("org/a b", None),
        ("org/a/b", None),
        ("org/name", "../x"),
    ],
)
def test_a_name_the_hub_cannot_have_asks_nobody(
    hub: Hub, door: HubDoor, name: str, revision: str | None
) -> None:
    with pytest.raises(HubMissing):
        door.describe(name, revision)
    assert hub.asked == []


@pytest.mark.parametrize(
    "reply",
    [Answer(500, b""), Answer(200, b"<html>"), Answer(200, b"[]"), answer({"sha": "main"})],
    ids=["500", "html", "list", "no commit"],
)
def test_an_answer_that_makes_no_sense_is_unreachable(hub: Hub, door: HubDoor, reply: Answer) -> None:
    hub.answers[REVISION] = reply
    with pytest.raises(HubUnreachable) as caught:
        door.describe("org/name")
    assert isinstance(caught.value, Unreachable)


def test_a_hub_that_asks_us_to_slow_down_says_for_how_long(hub: Hub, door: HubDoor) -> None:
    hub.answers[REVISION] = Answer(429, b"", {"Retry-After": "42"})
    with pytest.raises(HubThrottled) as caught:
        door.describe("org/name")
    assert caught.value.retry_after == 42


def test_an_answer_that_drips_is_given_up(hub: Hub, tmp_path: Path) -> None:
    hub.drips.add("/cache/org/name")
    with pytest.raises(HubUnreachable, match="takes too long"):
        HubDoor(tmp_path, hub.url, timeout=0.1).describe("org/name")


def test_a_listing_without_sizes_is_unreachable(hub: Hub, door: HubDoor) -> None:
    hub.answers[TREE] = answer([{"type": "file", "path": "config.json"}])
    with pytest.raises(HubUnreachable, match="without path or size"):
        door.describe("org/name")


def test_an_answer_too_large_is_not_read_to_its_end(hub: Hub, door: HubDoor) -> None:
    hub.answers["/cache/org/name"] = Answer(200, b" " * (5 * 2**20))
    with pytest.raises(HubUnreachable, match="larger than"):
        door.describe("org/name")


def test_a_hub_that_is_not_there_is_unreachable(hub: Hub, tmp_path: Path) -> None:
    with Hub() as gone:
        url = gone.url
    with pytest.raises(HubUnreachable, match="does not answer"):
        HubDoor(tmp_path, url, timeout=2).describe("org/name")


def test_offline_answers_from_the_shelf_and_asks_nobody(hub: Hub, tmp_path: Path) -> None:
    online, offline = HubDoor(tmp_path, hub.url), HubDoor(tmp_path, hub.url, offline=True)
    with pytest.raises(HubUnreachable, match="offline"):
        offline.describe("org/name")
    facts = online.describe("org/name")
    hub.asked.clear()
    assert offline.describe("org/name") == offline.describe("org/name", COMMIT) == facts
    assert hub.asked == []


def test_a_damaged_file_on_the_shelf_is_read_anew(hub: Hub, tmp_path: Path) -> None:
    door = HubDoor(tmp_path, hub.url)
    facts = door.describe("org/name")
    (tmp_path / "org--name" / f"{COMMIT}.json").write_text("{half")
    assert door.describe("org/name") == facts


def test_every_fault_of_this_door_is_a_fault_of_the_house() -> None:
    assert all(issubclass(kind, Fault) for kind in (HubUnreachable, HubForbidden, HubMissing))
