"""A revision read and judged: what counts, what is held, and what may not be pruned."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Severity, has_errors
from reconciler.domain.identity import WorkspaceName
from reconciler.planner.read.judging import Memo
from reconciler.planner.read.tree import wanted
from tests.builders import manifest
from tests.planner.repository import FLEET, one, read, snapshot, text_of, told, workspace, workspace_text

PHI = WorkspaceName("default", "phi")
CONFIG_MAP = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "cfg"},
    "data": {"inference_config.yaml": "vllm:\n  max-model-len: 2048\n"},
}


def with_config(**changes: Any) -> dict[str, Any]:
    return manifest(inference={"preset": {"name": "phi-4-mini-instruct"}, "config": "cfg"}, **changes)


def test_workspaces_and_what_stands_beside_them_are_read() -> None:
    config = read({"workspaces/a/phi.yaml": text_of(CONFIG_MAP, with_config()), "README.md": "# hello"})
    assert told(config) == []
    assert config.unread == ()
    declared = config.workspaces[PHI]
    assert (declared.file, declared.line) == ("workspaces/a/phi.yaml", 8)
    assert declared.config == CONFIG_MAP["data"]
    (beside,) = config.supporting
    assert str(beside.ref) == "ConfigMap/default/cfg"
    assert beside.body["metadata"] == {"name": "cfg", "namespace": "default"}
    assert (config.commit, config.subject) == ("c0ffee1", "subject")


def test_only_yaml_under_the_fleets_folders_is_asked_for() -> None:
    files = {
        "towline.yaml": FLEET,
        "workspaces/a.yaml": "",
        "workspaces/b.yml": "",
        "workspaces/c.json": "",
        "d.yaml": "",
    }
    fleet = read(files).fleet
    assert [entry.path for entry in wanted(snapshot(files), fleet)] == [
        "workspaces/a.yaml",
        "workspaces/b.yml",
    ]
    whole = [entry.path for entry in wanted(snapshot(files), fleet, whole=True)]
    assert whole == ["d.yaml", "workspaces/a.yaml", "workspaces/b.yml"]


def test_folders_are_named_as_people_name_them() -> None:
    fleet = FLEET + "spec: {workspaces: [./models/, prod]}\n"
    config = read(
        {"towline.yaml": fleet, "models/phi.yaml": workspace_text(), "prod/x.yaml": workspace_text("x")}
    )
    assert [name.name for name in config.workspaces] == ["phi", "x"]
    assert told(config) == []


def test_a_missing_fleet_file_means_the_defaults_and_a_warning() -> None:
    config = read({"workspaces/phi.yaml": workspace_text()}, bare=True)
    assert one(config).severity is Severity.WARNING
    assert (config.fleet.name, config.unread) == ("towline", ())


@pytest.mark.parametrize(
    ("fleet", "field"),
    [
        ("[", ""),
        ("", ""),
        (FLEET + "---\n" + FLEET, ""),
        ("kind: Fleet\napiVersion: towline.dev/v2\n", "apiVersion"),
        (FLEET + "spec: {namespace: [a]}\n", "spec.namespace"),
        (FLEET + "spec: {namespaces: [a]}\n", "spec.defaultNamespace"),
        (FLEET + "spec: {namespaces: [default, A]}\n", "spec.namespaces[1]"),
        (FLEET + "spec: {kinds: [Secret]}\n", "spec.kinds[0]"),
        (FLEET + "spec: {statusBranch: '-x'}\n", "spec.statusBranch"),
        (FLEET + "spec: {intervalSeconds: 1}\n", "spec.intervalSeconds"),
        (FLEET + "spec: {onImmutableChange: yes}\n", "spec.onImmutableChange"),
    ],
)
def test_a_broken_fleet_file_holds_everything_and_prunes_nothing(fleet: str, field: str) -> None:
    config = read({"towline.yaml": fleet, "workspaces/phi.yaml": workspace_text()})
    about = [finding for finding in config.findings if finding.file == "towline.yaml"]
    assert field in [finding.field for finding in about]
    assert "towline.yaml" in config.unread
    assert has_errors(config.workspaces[PHI].findings)


@pytest.mark.parametrize("folder", ["../x", "/x", "''", "a/../../b"])
def test_a_folder_outside_the_repository_is_none(folder: str) -> None:
    fleet = f"{FLEET}spec: {{workspaces: [{folder}]}}\n"
    config = read({"towline.yaml": fleet, "workspaces/phi.yaml": workspace_text()})
    assert "spec.workspaces[0]" in [finding.field for finding in config.findings]
    assert "towline.yaml" in config.unread


def test_what_remains_of_a_broken_fleet_still_says_where_the_workspaces_are() -> None:
    fleet = FLEET + "spec: {workspaces: [models], intervalSecond: 60}\n"
    config = read({"towline.yaml": fleet, "models/phi.yaml": workspace_text()})
    assert list(config.workspaces) == [PHI]
    assert "did you mean intervalSeconds?" in [finding.mend for finding in config.findings]


def test_a_folder_that_is_not_there_is_no_empty_folder() -> None:
    config = read({"workspace/phi.yaml": workspace_text()})
    assert config.unread == ("workspaces",)
    assert "nothing is deleted" in one(config).message
    assert read({"workspaces/.gitkeep": ""}).unread == ()


def test_an_empty_repository_prunes_nothing() -> None:
    config = read({}, bare=True)
    assert config.unread == ("workspaces",)


def test_other_kinds_are_refused_by_name() -> None:
    documents = [
        {"apiVersion": "kaito.sh/v1beta1", "kind": kind, "metadata": {"name": "x"}}
        for kind in ("InferenceSet", "RAGEngine", "MultiRoleInference")
    ]
    documents.append(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "x"}}
    )
    config = read({"workspaces/x.yaml": text_of(*documents)})
    assert [finding.field for finding in config.findings] == ["kind"] * 4
    assert "Towline runs Workspaces" in config.findings[0].message
    assert config.unread == ()
    assert config.supporting == ()


def test_a_secret_is_refused_and_never_repeated() -> None:
    secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {token: hunter2, pin: 017}\n"
    config = read({"workspaces/s.yaml": secret, "workspaces/phi.yaml": workspace_text()})
    assert "Secret" in one(config).message
    assert "hunter2" not in repr(config)
    assert "017" not in repr(config.findings)


def test_a_namespace_the_fleet_may_not_write_to_holds_the_workspace() -> None:
    files = {"workspaces/phi.yaml": workspace_text(metadata={"name": "phi", "namespace": "kube-system"})}
    config = read(files)
    assert "kube-system" in one(config).message
    assert list(config.workspaces) == [WorkspaceName("kube-system", "phi")]
    assert told(read(files, whole=True, bare=True)) == []
    allowed = FLEET + "spec: {namespaces: [default, kube-system]}\n"
    assert told(read({**files, "towline.yaml": allowed})) == []


def test_the_default_namespace_is_the_fleets() -> None:
    fleet = FLEET + "spec: {namespaces: [ml], defaultNamespace: ml}\n"
    config = read({"towline.yaml": fleet, "workspaces/phi.yaml": text_of(CONFIG_MAP, with_config())})
    assert told(config) == []
    assert list(config.workspaces) == [WorkspaceName("ml", "phi")]
    assert str(config.supporting[0].ref) == "ConfigMap/ml/cfg"


def test_a_workspace_in_two_files_is_held_and_both_are_named() -> None:
    config = read({"workspaces/a.yaml": workspace_text(), "workspaces/b.yaml": workspace_text()})
    (finding,) = config.workspaces[PHI].findings
    assert finding.file == "workspaces/b.yaml"
    assert "workspaces/a.yaml, line 1" in finding.message
    assert config.workspaces[PHI].file == "workspaces/a.yaml"


def test_an_object_in_two_files_is_told_and_the_first_counts() -> None:
    other = {**CONFIG_MAP, "data": {"inference_config.yaml": "["}}
    config = read(
        {"workspaces/a.yaml": text_of(CONFIG_MAP, with_config()), "workspaces/b.yaml": text_of(other)}
    )
    assert one(config).file == "workspaces/b.yaml"
    assert len(config.supporting) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"data": {"a": 1}},
        {"data": ["a"]},
        {"metadata": {"name": "Cfg"}},
        {"metadata": {"name": "cfg", "labels": {"v": 1.1}}},
    ],
)
def test_an_object_with_mistakes_is_left_as_it_is(change: dict[str, Any]) -> None:
    config = read({"workspaces/cfg.yaml": text_of({**CONFIG_MAP, **change})})
    assert config.supporting == ()
    assert config.unread == ("workspaces/cfg.yaml",)


def test_what_only_servers_write_is_left_out() -> None:
    body = {
        **CONFIG_MAP,
        "metadata": {"name": "cfg", "uid": "u", "resourceVersion": "1", "managedFields": []},
        "status": {},
    }
    config = read({"workspaces/cfg.yaml": text_of(body)})
    assert config.supporting[0].body == {**CONFIG_MAP, "metadata": {"name": "cfg", "namespace": "default"}}


def digest(files: dict[str, str]) -> str:
    return read(files).workspaces[PHI].digest


def test_the_digest_is_of_what_is_asked_for() -> None:
    plain = digest({"workspaces/phi.yaml": workspace_text()})
    commented = {"workspaces/elsewhere.yaml": "# a comment\n---\n" + workspace_text()}
    assert digest(commented) == plain
    note = {"name": "phi", "annotations": {"owner": "me"}}
    assert digest({"workspaces/phi.yaml": workspace_text(metadata=note)}) == plain
    for annotation in ("kaito.sh/runtime", "towline.dev/x"):
        metadata = {"name": "phi", "annotations": {annotation: "y"}}
        assert digest({"workspaces/phi.yaml": workspace_text(metadata=metadata)}) != plain
    assert (
        digest({"workspaces/phi.yaml": workspace_text(metadata={"name": "phi", "labels": {"a": "b"}})})
        != plain
    )


def test_the_digest_follows_the_config_map_that_is_named_and_no_other() -> None:
    beside = {"workspaces/phi.yaml": text_of(with_config()), "workspaces/cfg.yaml": text_of(CONFIG_MAP)}
    changed = {**CONFIG_MAP, "data": {"inference_config.yaml": "vllm: {max-model-len: 1024}"}}
    assert digest({**beside, "workspaces/cfg.yaml": text_of(changed)}) != digest(beside)
    other = text_of({**CONFIG_MAP, "metadata": {"name": "other"}})
    assert digest({**beside, "workspaces/other.yaml": other}) == digest(beside)


def test_a_change_is_judged_against_what_was_before() -> None:
    files = {"workspaces/phi.yaml": workspace_text()}
    before = workspace(
        resource={
            "instanceType": "Standard_NV36ads_A10_v5",
            "labelSelector": {"matchLabels": {"apps": "phi"}},
        }
    )
    finding = one(read(files, before={PHI: before}))
    assert (finding.field, finding.severity, finding.line) == ("resource.instanceType", Severity.ERROR, 6)
    assert told(read(files, before={WorkspaceName("default", "other"): before})) == []


def test_what_is_remembered_changes_nothing_but_the_time_it_takes() -> None:
    memo: Memo = {}
    files: dict[str, Any] = {f"workspaces/{n}.yaml": workspace_text(f"w{n}") for n in range(5)}
    files["workspaces/cfg.yaml"] = text_of(CONFIG_MAP, with_config())
    files["workspaces/bad.yaml"] = workspace_text("bad", resource={})
    states = [dict(files)]
    states.append({**files, "workspaces/1.yaml": workspace_text("w1", resource={"instanceType": "x"})})
    states.append({**files, "workspaces/cfg.yaml": text_of({**CONFIG_MAP, "data": {}}, with_config())})
    states.append({**files, "towline.yaml": FLEET + "spec: {nodeProvisioner: byo}\n"})
    states.append({**files, "workspaces/renamed.yaml": files["workspaces/1.yaml"]})
    for state in (*states, *reversed(states)):
        assert read(state, memo=memo) == read(state)


def test_the_order_of_files_changes_nothing_but_the_order_of_findings() -> None:
    config = read({"workspaces/b.yaml": workspace_text("a"), "workspaces/a.yaml": workspace_text("b")})
    assert [name.name for name in config.workspaces] == ["a", "b"]


def test_without_a_fleet_foreign_yaml_is_only_mentioned_and_hidden_folders_are_left_alone() -> None:
    files = {
        "mkdocs.yml": "site_name: x\n",
        ".github/ci.yaml": "on: push\n",
        "deep/phi.yaml": workspace_text(),
    }
    config = read(files, whole=True, bare=True)
    assert one(config).severity is Severity.WARNING
    assert one(config).file == "mkdocs.yml"
    assert list(config.workspaces) == [PHI]
