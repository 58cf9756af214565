"""A pull request reviewed: its fates, its nodes and dollars, and by whose rules it is judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.adapters.cell.cell import Cell
from reconciler.domain.cloud import REGIONAL, Market, Usage
from reconciler.domain.identity import WorkspaceName
from reconciler.domain.review import Fate, Review, WorkspaceReview
from reconciler.faults import Refused
from reconciler.planner.review.hash import review_hash
from tests.builders import observed_pool
from tests.engine.pull_request import A100, CHAT, H100, TUNING, World, files, workspace

FLEET = "towline.yaml"


@pytest.fixture(scope="module")
def cell() -> Iterator[Cell]:
    with Cell() as cell:
        yield cell


@pytest.fixture
def world(cell: Cell) -> World:
    return World(cell)


def fates(review: Review) -> dict[str, Fate]:
    return {one.name.name: one.fate for one in review.workspaces}


def only(review: Review) -> WorkspaceReview:
    (one,) = review.workspaces
    return one


def edited(path: str, before: str, after: str) -> dict[str, str]:
    changed = files()
    assert before in changed[path]
    return {**changed, path: changed[path].replace(before, after)}


def test_nothing_changed_is_nothing_reviewed(world: World) -> None:
    review = world.review(files(), files())

    assert not review.has_changes
    assert review.untouched == 2


def test_a_comment_or_another_file_name_changes_nothing(world: World) -> None:
    moved = {path: text for path, text in files().items() if path != CHAT}
    moved["workspaces/chat/served.yaml"] = "# moved\n" + files()[CHAT]

    assert not world.review(files(), moved).has_changes


def test_an_added_workspace_costs_its_nodes_from_nothing(world: World) -> None:
    review = world.review(files(), files(qwen=workspace("qwen", preset="qwen2.5-coder-7b-instruct")))
    one = only(review)

    assert one.fate is Fate.ADDED
    assert (one.before.gpu_nodes, one.after.gpu_nodes) == (0, 1)
    assert review.dollars == (one.after.dollars_per_hour, 0)
    assert one.fit is not None
    assert one.fit.fits
    assert one.fit.needed_gib < one.fit.given_gib


def test_what_is_left_of_the_memory_is_what_the_sequences_would_take(world: World) -> None:
    fit = only(world.review(files(), edited(CHAT, "32768", "65536"))).fit

    assert fit is not None
    assert fit.at_once is not None
    cache = fit.needed_gib - fit.weights_gib - 2.3
    free = fit.given_gib - fit.weights_gib - 2.3
    assert fit.context == 65536
    assert fit.at_once * cache <= free < (fit.at_once + 1) * cache


def test_another_machine_size_replaces_the_nodes_and_tells_the_time_both_cost(world: World) -> None:
    review = world.review(files(), edited(CHAT, A100, H100))
    one = only(review)

    assert one.fate is Fate.REPLACED
    assert one.overlap is not None
    assert one.overlap.dollars_per_hour == pytest.approx(3.673 + 6.98)
    assert "does not answer" in one.pause
    assert one.because[0] == f"resource.instanceType: {A100} → {H100}"


def test_nodes_that_go_first_are_downtime_and_no_double_cost(world: World) -> None:
    rules = "  provisioning: {replaceNodes: delete-first}\n"
    base = {**files(), FLEET: files()[FLEET] + rules}
    one = only(world.review(base, {**base, CHAT: base[CHAT].replace(A100, H100)}))

    assert one.overlap is None
    assert "given back" in one.pause


def test_a_change_that_may_not_be_made_is_held_back_as_the_base_is_not_yet_running(world: World) -> None:
    base = {**files(), FLEET: files()[FLEET].replace("onImmutableChange: replace", "")}
    one = only(world.review(base, {**base, CHAT: base[CHAT].replace(A100, H100)}))

    assert one.fate is Fate.HELD
    assert one.before == one.after
    assert "instanceType cannot change" in one.because[0]


def test_a_setting_changes_the_pods_and_says_that_they_pause(world: World) -> None:
    one = only(world.review(files(), edited(CHAT, "32768", "65536")))
    shown = {each.target: each for each in one.objects}

    assert one.fate is Fate.CHANGED
    assert "model is loaded" in one.pause
    assert "65536" in str(shown["ConfigMap/default/phi-4-chat-config"].fields)


def test_another_dataset_begins_the_training_again(world: World) -> None:
    one = only(world.review(files(), edited(TUNING, "phi-3-support:0.0.1", "phi-3-support:0.0.2")))

    assert one.fate is Fate.REPLACED
    assert one.pause == "the training begins again from its start"


def test_a_removed_workspace_gives_its_nodes_back(world: World) -> None:
    gone = {path: text for path, text in files().items() if path != TUNING}
    review = world.review(files(), gone)

    assert fates(review) == {"phi-3-support-tuning": Fate.REMOVED}
    assert review.gpu_nodes == (0, 1)
    assert review.dollars[1] == pytest.approx(3.673)


def test_more_removals_than_the_base_allows_are_said_to_wait(world: World) -> None:
    many = {f"w{number}": workspace(f"w{number}") for number in range(4)}
    review = world.review(files(**many), files())

    assert any("4 workspaces are removed and the fleet allows 3" in each for each in review.limits)


def test_a_file_that_cannot_be_read_removes_nothing(world: World) -> None:
    review = world.review(files(), {**files(), TUNING: "kind: [Workspace"})

    assert fates(review) == {"phi-3-support-tuning": Fate.HELD}
    assert review.gpu_nodes == (0, 0)
    assert [each.file for each in review.findings.new] == [TUNING]


def test_a_mistake_is_new_once_and_an_old_one_is_told_apart(world: World) -> None:
    base = files(old=workspace("old", preset="no-such-model"))
    review = world.review(base, {**base, "workspaces/new.yaml": workspace("new", preset="no-such-model")})

    assert {str(each.workspace) for each in review.findings.new} == {"default/new"}
    assert {str(each.workspace) for each in review.findings.left} == {"default/old"}
    assert fates(review) == {"new": Fate.HELD}


def test_a_mended_workspace_goes_ahead(world: World) -> None:
    review = world.review(files(old=workspace("old", preset="no-such-model")), files(old=workspace("old")))

    assert only(review).because[0] == "the base holds it back; now it goes ahead"
    assert review.findings.mended


def test_the_budget_is_the_bases_whatever_the_head_writes(world: World) -> None:
    head = {
        **files(big=workspace("big", "Standard_ND96isr_H100_v5")),
        FLEET: files()[FLEET].replace("dollarsPerHour: 50", "dollarsPerHour: 500"),
    }
    review = world.review(files(), head)

    assert fates(review) == {"big": Fate.HELD}
    assert review.rules is not None
    assert [each.path for each in review.rules.fields] == ["spec.budget.dollarsPerHour"]
    assert [(str(each.workspace), each.said) for each in review.rules.effects] == [
        ("default/big", "goes ahead")
    ]
    assert review.rules.dollars_per_hour == pytest.approx(98.32)


def test_namespaces_and_kinds_are_the_bases(world: World) -> None:
    other = workspace("qwen").replace("name: qwen,", "name: qwen, namespace: kube-system,", 1)
    allowed = files()[FLEET].replace("namespaces: [default]", "namespaces: [default, kube-system]")
    review = world.review(files(), {**files(qwen=other), FLEET: allowed})

    assert any("kube-system" in each.message for each in review.findings.new)
    assert Fate.ADDED not in fates(review).values()


def test_no_door_of_the_heads_choosing_is_opened(world: World) -> None:
    elsewhere = files()[FLEET].replace("resourceGroup: gpu-rg", "resourceGroup: theirs")
    world.review(files(), {**files(), FLEET: elsewhere})

    assert {fleet.spec.cluster.resource_group for fleet in world.opened} == {"gpu-rg"}
    assert world.cluster.writes == []
    assert world.cloud.writes == []


def test_a_towline_yaml_taken_away_or_mistaken_is_said(world: World) -> None:
    gone = {path: text for path, text in files().items() if path != FLEET}
    taken = world.review(files(), gone).rules
    broken = world.review(files(), {**files(), FLEET: "kind: Fleet\nspec: {nope: 1}\n"}).rules

    assert taken is not None
    assert taken.is_removed
    assert broken is not None
    assert broken.findings
    assert broken.dollars_per_hour is None


def test_a_head_that_names_other_folders_is_shown_to_remove_what_it_leaves_out(world: World) -> None:
    elsewhere = files()[FLEET].replace("workspaces: [workspaces]", "workspaces: [others]")
    rules = world.review(files(), {**files(), FLEET: elsewhere}).rules

    assert rules is not None
    assert {each.said for each in rules.effects} == {"is removed"}


def test_a_base_without_a_fleet_judges_nothing(world: World) -> None:
    without = {path: text for path, text in files().items() if path != FLEET}

    with pytest.raises(Refused, match=r"towline\.yaml"):
        world.review(without, files())


def test_a_quota_that_is_used_up_is_told_with_what_to_ask_for(world: World) -> None:
    usages = {REGIONAL: Usage(REGIONAL, 90, 100)}
    world.cloud.market = Market(None, usages)
    supply = only(world.review(files(), files(qwen=workspace("qwen")))).supply

    assert supply is not None
    assert supply.is_short
    assert "quota of the whole region" in supply.said
    assert "Quotas" in supply.mend


def test_a_public_address_is_the_first_thing_said(world: World) -> None:
    public = workspace("qwen", notes='{kaito.sh/enablelb: "true"}')

    assert "outside the cluster" in only(world.review(files(), files(qwen=public))).because[0]


def test_the_hash_is_of_base_head_and_what_is_there_and_of_nothing_that_passes(world: World) -> None:
    head = files(qwen=workspace("qwen"))
    review = world.review(files(), head)
    later = replace(review, sight=replace(review.sight, at="2030-01-01T00:00:00Z"))

    assert review_hash(review) == review_hash(world.review(files(), head)) == review_hash(later)
    assert review_hash(review) != review_hash(world.review(files(), files(qwen=workspace("qwen", H100))))
    assert review_hash(review) != review_hash(world.review({**files(), "README.md": "moved on"}, head))


def test_the_hash_is_of_what_is_there_of_the_workspaces_concerned_and_of_no_other(world: World) -> None:
    head = edited(CHAT, "32768", "65536")
    before = review_hash(world.review(files(), head))
    tuning, chat = (WorkspaceName("default", name) for name in ("phi-3-support-tuning", "phi-4-chat"))
    world.cloud.seen["w1"] = observed_pool("w1", owner=tuning, fleet="demo")
    same = review_hash(world.review(files(), head))
    world.cloud.seen["w2"] = observed_pool("w2", owner=chat, fleet="demo")

    assert same == before
    assert review_hash(world.review(files(), head)) != before
