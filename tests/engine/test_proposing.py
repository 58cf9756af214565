"""A finished tuning becomes a branch once, in a real Git repository; the cluster remembers it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.adapters.git.proposals import GitProposals
from reconciler.domain.config import Config
from reconciler.domain.identity import Ref, WorkspaceName
from reconciler.domain.proposal import PROPOSED
from reconciler.domain.report import Phase, Report, WorkspaceReport
from reconciler.domain.state import FLEET, Cost, ObservedState
from reconciler.domain.telemetry import Point, Rows, Telemetry, Training
from reconciler.faults import Unreachable
from reconciler.look import Doors
from reconciler.pauses import Pauses
from reconciler.proposing import Proposer, Scene
from reconciler.wiring import load_catalog
from tests.adapters.git.repos import Upstream, source_of
from tests.builders import manifest, observed_object
from tests.fakes import FakeBook, FakeCloud, FakeCluster
from tests.planner.judged import tuned
from tests.planner.repository import read, text_of

TUNE = WorkspaceName("default", "tune")
JOB = Ref("batch/v1", "Job", "default", "tune")
BRANCH = "towline/adapter/tune"
FLEET_FILE = text_of(
    {
        "apiVersion": "towline.dev/v1alpha1",
        "kind": "Fleet",
        "spec": {"runtime": "towline", "imageRegistry": "registry.example.com/towline"},
    }
)
A, B = ("sha256:" + letter * 64 for letter in "ab")
CHAT = """# The assistant of the office.
apiVersion: kaito.sh/v1beta1
kind: Workspace
metadata:
  name: chat
resource:
  instanceType: Standard_NC24ads_A100_v4
  labelSelector:
    matchLabels:
      apps: chat
inference:
  preset:
    name: phi-3-mini-128k-instruct  # small
"""


def tune(to: str = "chat", **tuning: Any) -> str:
    metadata = {"name": "tune", "annotations": {"towline.dev/propose-to": to}}
    return text_of({**tuned(**tuning), "metadata": metadata})


def training(digest: str) -> Training:
    points = tuple(
        Point(step, 2.5 - step / 100, 2.6 - step / 100 if step % 20 == 0 else None)
        for step in range(0, 121, 5)
    )
    rows = Rows(900, 100, 3, ("line 7 is no JSON",))
    return Training("done", 120, 120, 3.0, 1.3, 1.4, None, 1234.5, 0, digest, "", rows, points)


class World:
    """A repository, a cluster with the Job of a finished tuning, and one daemon or more."""

    def __init__(self, folder: Path) -> None:
        (folder / "srv").mkdir()
        self.folder, self.upstream = folder, Upstream.create(folder / "srv" / "fleet.git")
        self.files: dict[str, str] = {}
        self.digest = A
        self.seconds = 0.0
        self.push({"towline.yaml": FLEET_FILE, "workspaces/chat.yaml": CHAT, "workspaces/tune.yaml": tune()})
        self.cluster = FakeCluster()
        self.run_anew()
        self.first = self.daemon("one")

    def push(self, files: dict[str, str]) -> str:
        self.files |= files
        return self.upstream.commit(files)

    def run_anew(self) -> None:
        """The tuning's Job is another one, which nothing was written on."""
        metadata = {"name": "tune", "namespace": "default", "labels": {FLEET: "towline"}}
        job = observed_object({"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata})
        self.cluster.seen[JOB] = job

    def daemon(self, name: str) -> Daemon:
        return Daemon(self, name)

    def remembered(self) -> str:
        return str((self.cluster.seen[JOB].document["metadata"].get("annotations") or {}).get(PROPOSED, ""))

    def branches(self) -> set[str]:
        return set(self.upstream.git("for-each-ref", "--format=%(refname:short)").splitlines()) - {"main"}

    def message(self, branch: str = BRANCH) -> str:
        return self.upstream.git("log", "-1", "--format=%B", branch)


class Daemon:
    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.source = source_of(world.upstream.path, world.folder / name / "source")
        self.proposals = GitProposals(self.source.remote, "main", world.folder / name / "proposals")
        self.proposer = Proposer(self.source, Pauses(lambda: world.seconds))

    def config(self) -> Config:
        snapshot = self.source.snapshot(self.source.tip())
        blobs = self.source.read(snapshot.entries)
        files = {each.path: blobs[each.blob] for each in snapshot.entries}
        return replace(read(files), commit=snapshot.commit)

    def offer(self, config: Config | None = None, phase: Phase = Phase.SUCCEEDED) -> Report:
        """The middle of a pass, from what its first half saw."""
        config = config or self.config()
        declared = config.workspaces[TUNE]
        heard = Telemetry("uid", training=training(self.world.digest))
        told = WorkspaceReport(
            TUNE, phase, "", "", config.commit, declared.file, "phi", "", 1, (), "",
            Cost(None, "", ""), findings=declared.findings, tuning=True, telemetry=heard,
        )  # fmt: skip
        report = Report("towline", config.commit, "", {TUNE: told})
        cluster = self.world.cluster
        observed = ObservedState(cluster.objects(), {}, (), None)
        doors = Doors(cluster, FakeCloud(), FakeBook(), self.proposals)
        return self.proposer.offer(report, Scene(config, load_catalog(), observed), doors)

    def line(self, config: Config | None = None) -> str:
        return self.offer(config).workspaces[TUNE].proposal


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def adapters(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(text)["inference"].get("adapters", [])
    return [each["source"] for each in found]


def test_a_finished_tuning_becomes_a_branch_that_adds_its_adapter(world: World) -> None:
    report = world.first.offer()
    assert world.branches() == {BRANCH}
    text = world.upstream.files(BRANCH)["workspaces/chat.yaml"]
    image = f"registry.example.com/out@{A}"
    assert adapters(text) == [{"name": "tune", "image": image, "imagePullSecrets": ["push"]}]
    assert text.startswith(CHAT.strip())
    assert world.upstream.git("diff", "--name-only", "main", BRANCH) == "workspaces/chat.yaml"
    assert world.remembered() == f"{A} {BRANCH} default/chat"
    line = f"proposed to default/chat on branch {BRANCH}: merge it to accept, delete it to decline"
    assert report.workspaces[TUNE].proposal == line
    assert report.problems == ()


def test_its_text_says_what_was_tuned_how_well_and_how_to_decide(world: World) -> None:
    world.first.offer()
    message = world.message()
    assert message.startswith("Serve chat with the adapter of tune\n\nThe fine-tuning `default/tune`")
    for words in (
        f"registry.example.com/out@{A}",
        "microsoft/Phi-3-mini-128k-instruct",
        "| Method    | `qlora` |",
        "https://example.com/data.parquet",
        "120 of 120, 3 epochs",
        "900 trained on, 100 held back, 3 unusable",
        "| Loss      | 2.5 → 1.3 |",
        "| Eval loss | 2.6 → 1.4 |",
        "1,234 tokens/s",
        "    loss  █",
        "    eval  ████▇▇▇▇▆▆▆▆",
        f"merge `{BRANCH}`",
        "Secret `push`",
    ):
        assert words.lower() in message.lower(), words
    assert message.endswith(f"Towline-Proposal: default/tune@{A}")


def test_an_unchanged_fleet_asks_git_for_nothing(world: World) -> None:
    config = world.first.config()
    first = world.first.offer(config)
    before, writes = world.first.source.traffic, list(world.cluster.writes)
    again = world.first.offer(config)
    assert world.first.source.traffic == before
    assert world.cluster.writes == writes
    assert again == first


def test_what_is_not_finished_or_not_asked_for_is_not_proposed(world: World) -> None:
    config = world.first.config()
    before = world.first.source.traffic
    assert world.first.offer(config, Phase.RUNNING).workspaces[TUNE].proposal == ""
    world.digest = ""
    assert world.first.line(config) == "not proposed: the container did not say which digest it pushed"
    assert world.first.source.traffic == before
    world.digest = A
    world.push({"workspaces/tune.yaml": text_of({**tuned(), "metadata": {"name": "tune"}})})
    assert world.first.line() == ""
    assert world.branches() == set()


def test_a_daemon_that_died_before_it_wrote_that_down_finds_its_branch(world: World) -> None:
    world.first.offer()
    tip = world.upstream.tip(BRANCH)
    world.run_anew()
    assert "merge it" in world.daemon("two").line()
    assert world.upstream.tip(BRANCH) == tip
    assert world.remembered() == f"{A} {BRANCH} default/chat"


def test_a_deleted_branch_is_not_proposed_again_for_this_adapter(world: World) -> None:
    world.first.offer()
    world.upstream.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    world.first.offer()
    world.daemon("two").offer()
    assert world.branches() == set()


def test_a_merged_proposal_is_told_to_be_served(world: World) -> None:
    world.first.offer()
    world.upstream.git("update-ref", "refs/heads/main", world.upstream.tip(BRANCH))
    assert world.first.line() == "accepted by default/chat"
    world.upstream.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    assert world.first.line() == "accepted by default/chat"
    assert world.branches() == set()


def test_an_adapter_that_was_added_by_hand_is_not_proposed(world: World) -> None:
    by_hand = f"{CHAT}  adapters:\n    - source: {{name: mine, image: registry.example.com/out:1@{A}}}\n"
    world.push({"workspaces/chat.yaml": by_hand})
    assert world.first.line() == "accepted by default/chat"
    assert world.branches() == set()


def test_another_adapter_replaces_our_own_commit(world: World) -> None:
    world.first.offer()
    world.run_anew()
    world.digest = B
    world.first.offer()
    assert world.branches() == {BRANCH}
    assert world.upstream.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    assert world.message().endswith(f"default/tune@{B}")
    assert f"@{B}" in world.upstream.files(BRANCH)["workspaces/chat.yaml"]


def test_a_branch_that_somebody_works_on_is_left_and_the_next_gets_a_name_of_its_own(world: World) -> None:
    world.first.offer()
    theirs = world.upstream.commit({"NOTES": "mine"}, branch=BRANCH)
    world.digest = B
    report = world.first.offer()
    assert world.upstream.tip(BRANCH) == theirs
    assert world.branches() == {BRANCH, f"{BRANCH}-bbbbbbbb"}
    assert f"on branch {BRANCH}-bbbbbbbb" in report.workspaces[TUNE].proposal
    world.upstream.commit({"NOTES": "mine"}, branch=f"{BRANCH}-bbbbbbbb")
    world.run_anew()
    told = world.first.offer().workspaces[TUNE]
    assert "somebody else's" in told.proposal
    assert [each.severity.value for each in told.findings] == ["warning"]


def test_after_a_merge_the_next_adapter_takes_its_place_in_the_file(world: World) -> None:
    world.first.offer()
    world.upstream.git("update-ref", "refs/heads/main", world.upstream.tip(BRANCH))
    world.upstream.git("update-ref", "-d", f"refs/heads/{BRANCH}")
    world.run_anew()
    world.digest = B
    world.first.offer()
    sources = adapters(world.upstream.files(BRANCH)["workspaces/chat.yaml"])
    assert [each["image"] for each in sources] == [f"registry.example.com/out@{B}"]
    assert f"instead of `registry.example.com/out@{A}`" in world.message()


def test_several_targets_are_one_commit_even_in_one_file(world: World) -> None:
    second = text_of(manifest("second", inference={"preset": {"name": "phi-3-mini-128k-instruct"}}))
    third = second.replace("second", "third")
    world.push(
        {
            "workspaces/chat.yaml": f"{CHAT}---\n{second}",
            "workspaces/third.yaml": third,
            "workspaces/tune.yaml": tune("chat, second, third"),
        }
    )
    world.first.offer()
    assert world.upstream.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    files = world.upstream.files(BRANCH)
    both = [each["inference"]["adapters"] for each in yaml.safe_load_all(files["workspaces/chat.yaml"])]
    assert len(both) == 2
    assert len(adapters(files["workspaces/third.yaml"])) == 1
    assert world.message().startswith("Serve chat and 2 more with the adapter of tune")


def test_a_target_that_is_named_later_joins_the_open_proposal(world: World) -> None:
    world.first.offer()
    other = CHAT.replace("chat", "other")
    world.push({"workspaces/other.yaml": other, "workspaces/tune.yaml": tune("chat, other")})
    assert "default/chat, default/other" in world.first.line()
    assert world.upstream.git("diff", "--name-only", "main", BRANCH).split() == [
        "workspaces/chat.yaml",
        "workspaces/other.yaml",
    ]


def test_a_file_that_cannot_be_changed_is_told_with_the_lines_to_add(world: World) -> None:
    flow = CHAT.replace("inference:\n  preset:\n    name: phi-3-mini-128k-instruct  # small\n", "")
    world.push({"workspaces/chat.yaml": f"{flow}inference: {{preset: {{name: phi-3-mini-128k-instruct}}}}\n"})
    config = world.first.config()
    before = world.first.source.traffic
    told = world.first.offer(config).workspaces[TUNE]
    (finding,) = told.findings
    assert "is written in flow style" in finding.message
    assert f'- source: {{name: tune, image: "registry.example.com/out@{A}"' in finding.mend
    assert (finding.workspace, finding.file) == (TUNE, "workspaces/chat.yaml")
    assert told.proposal == "not proposed: see the findings"
    assert (world.first.source.traffic, world.branches()) == (before, set())


def test_a_refused_push_is_told_once_and_rests(world: World) -> None:
    hook = world.upstream.path / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text('#!/bin/sh\ncat >/dev/null\necho "towline/* is protected" >&2; exit 1\n')
    hook.chmod(0o755)
    config = world.first.config()
    first = world.first.offer(config)
    told = first.workspaces[TUNE]
    assert "is protected" in told.proposal
    assert "towline/adapter/" in told.findings[0].mend
    assert first.problems == ()
    before = world.first.source.traffic
    assert world.first.offer(config) == first
    assert world.first.source.traffic == before
    hook.unlink()
    world.seconds += 3600
    assert "merge it" in world.first.line(config)


def test_what_may_pass_is_a_problem_of_the_pass(world: World) -> None:
    config = world.first.config()
    world.push({"README.md": "meanwhile"})
    report = world.first.offer(config)
    assert "no longer at" in report.problems[0]
    assert world.branches() == set()
    world.seconds += 60
    assert world.first.offer().problems == ()
    assert world.branches() == {BRANCH}


def test_a_push_that_could_not_be_written_down_is_written_down_by_the_next_pass(world: World) -> None:
    world.cluster.faults[str(JOB)] = [Unreachable("no API server")]
    assert "no API server" in world.first.offer().problems[0]
    assert (world.branches(), world.remembered()) == ({BRANCH}, "")
    tip = world.upstream.tip(BRANCH)
    world.seconds += 60
    assert world.first.offer().problems == ()
    assert world.remembered()
    assert world.upstream.tip(BRANCH) == tip


def test_of_two_daemons_at_once_both_end_with_the_same_branch(world: World) -> None:
    other = world.daemon("two")
    configs = world.first.config(), other.config()
    world.first.offer(configs[0])
    world.run_anew()
    other.offer(configs[1])
    assert world.branches() == {BRANCH}
    assert world.upstream.git("rev-list", "--count", f"main..{BRANCH}") == "1"
    assert world.remembered() == f"{A} {BRANCH} default/chat"


def test_in_another_namespace_the_branch_names_it(world: World) -> None:
    from reconciler.planner.propose.compose import branch_of, other_branch

    assert branch_of(WorkspaceName("team", "tune"), "default") == "towline/adapter/team.tune"
    assert branch_of(TUNE, "default") == BRANCH
    assert other_branch(BRANCH, A) == f"{BRANCH}-aaaaaaaa"
