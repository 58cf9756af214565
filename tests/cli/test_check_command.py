"""`towline check` as people and pipelines type it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.check import command
from reconciler.domain.finding import Finding, Severity
from reconciler.domain.identity import WorkspaceName
from reconciler.present.findings import findings_json, findings_text
from tests.planner.repository import FLEET, text_of, workspace_text

EXAMPLES = Path(__file__).parents[3] / "shared" / "cases" / "kaito-examples"
KEYS = ["severity", "file", "line", "column", "workspace", "field", "message", "mend"]
A10 = {"instanceType": "Standard_NV36ads_A10_v5", "labelSelector": {"matchLabels": {"apps": "phi"}}}


def check(*words: str | Path) -> Result:
    return CliRunner().invoke(command, [str(word) for word in words], catch_exceptions=False)


def answer(*words: str | Path) -> dict[str, Any]:
    result = check(*words, "-o", "json")
    document: dict[str, Any] = json.loads(result.stdout)
    assert result.exit_code == (0 if document["valid"] else 1)
    assert list(document) == ["valid", "findings"]
    assert all(list(finding) == KEYS for finding in document["findings"])
    return document


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_yaml", ".yaml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def git(folder: Path, *words: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main")
    subprocess.run(["git", "-C", str(folder), *identity, *words], check=True, capture_output=True)


def committed(folder: Path) -> Path:
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "first")
    return folder


def test_a_sound_repository_ends_with_0_and_one_line(tmp_path: Path) -> None:
    write(tmp_path, towline_yaml=FLEET, workspaces__phi_yaml=workspace_text())
    result = check(tmp_path)
    assert (result.exit_code, result.stdout) == (0, "2 files judged: no mistakes found\n")
    assert answer(tmp_path) == {"valid": True, "findings": []}


def test_mistakes_end_with_1_and_are_told_as_a_compiler_does(tmp_path: Path) -> None:
    write(tmp_path, a_yaml=workspace_text(resource={**A10, "cuont": 1}), b_yaml=workspace_text("Phi"))
    result = check(tmp_path)
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"{tmp_path}/a.yaml:10:3: error: resource.cuont: ")
    assert lines[1] == "    did you mean count?"
    assert lines[2] == ""
    assert lines[3].startswith(f"{tmp_path}/b.yaml:4:3: error: metadata.name: ")
    assert lines[-1] == "2 files judged: 2 errors"


def test_json_has_exactly_these_keys(tmp_path: Path) -> None:
    write(tmp_path, a_yaml=workspace_text(resource={**A10, "instanceType": "Standard_NC6s_v3"}))
    document = answer(tmp_path)
    (finding,) = document["findings"]
    assert document["valid"]
    assert (finding["severity"], finding["file"], finding["line"]) == ("warning", "a.yaml", 6)
    assert (finding["workspace"], finding["field"]) == ("default/phi", "resource.instanceType")
    assert "retired" in finding["message"]


def test_a_single_file_is_judged_by_the_name_it_was_given(tmp_path: Path) -> None:
    write(tmp_path, a_yaml=workspace_text("Phi"), b_yaml="[")
    path = tmp_path / "a.yaml"
    assert [finding["file"] for finding in answer(path)["findings"]] == [str(path)]


def test_with_a_fleet_only_its_folders_and_rules_hold(tmp_path: Path) -> None:
    elsewhere = workspace_text(metadata={"name": "phi", "namespace": "other"})
    write(tmp_path, towline_yaml=FLEET, workspaces__phi_yaml=elsewhere, junk_yaml="[")
    assert [finding["field"] for finding in answer(tmp_path)["findings"]] == ["metadata.namespace"]
    (tmp_path / "towline.yaml").unlink()
    assert [finding["file"] for finding in answer(tmp_path)["findings"]] == ["junk.yaml"]


def test_a_broken_fleet_file_is_told(tmp_path: Path) -> None:
    write(tmp_path, towline_yaml=FLEET + "spec: {workspace: [a]}\n", workspaces__phi_yaml=workspace_text())
    findings = answer(tmp_path)["findings"]
    assert ("towline.yaml", "spec.workspace") in [(each["file"], each["field"]) for each in findings]


def test_the_fleets_file_alone_can_be_judged(tmp_path: Path) -> None:
    write(tmp_path, towline_yaml=FLEET)
    assert answer(tmp_path / "towline.yaml") == {"valid": True, "findings": []}
    write(tmp_path, towline_yaml=FLEET + "spec: {intervalSeconds: 1}\n")
    assert [each["field"] for each in answer(tmp_path / "towline.yaml")["findings"]] == [
        "spec.intervalSeconds"
    ]


def test_a_change_of_a_fixed_field_is_an_error_against_its_base(tmp_path: Path) -> None:
    committed(write(tmp_path, towline_yaml=FLEET, workspaces__phi_yaml=workspace_text()))
    write(tmp_path, workspaces__phi_yaml=workspace_text(resource=A10))
    assert answer(tmp_path)["valid"]
    document = answer(tmp_path, "--base", "HEAD")
    assert [(each["severity"], each["field"]) for each in document["findings"]] == [
        ("error", "resource.instanceType")
    ]


@pytest.mark.parametrize("by", ["annotation", "fleet"])
def test_where_replacing_is_asked_for_the_change_is_a_warning_with_its_price(tmp_path: Path, by: str) -> None:
    committed(write(tmp_path, towline_yaml=FLEET, workspaces__phi_yaml=workspace_text()))
    metadata: dict[str, Any] = {"name": "phi"}
    if by == "annotation":
        metadata["annotations"] = {"towline.dev/on-immutable-change": "replace"}
    else:
        write(tmp_path, towline_yaml=FLEET + "spec: {onImmutableChange: replace}\n")
    write(tmp_path, workspaces__phi_yaml=workspace_text(metadata=metadata, resource=A10))
    document = answer(tmp_path, "--base", "main")
    assert [each["severity"] for each in document["findings"]] == ["warning"]
    assert "serve until those are Ready" in document["findings"][0]["mend"]


def test_a_workspace_that_moved_to_another_file_is_the_same(tmp_path: Path) -> None:
    committed(write(tmp_path, towline_yaml=FLEET, workspaces__phi_yaml=workspace_text()))
    (tmp_path / "workspaces" / "phi.yaml").unlink()
    write(tmp_path, workspaces__deeper__other_yaml=workspace_text(resource=A10))
    findings = answer(tmp_path, "--base", "HEAD")["findings"]
    assert [each["file"] for each in findings] == ["workspaces/deeper/other.yaml"]


def test_a_base_that_is_not_there_is_said_in_one_line(tmp_path: Path) -> None:
    committed(write(tmp_path, towline_yaml=FLEET, workspaces__phi_yaml=workspace_text()))
    result = check(tmp_path, "--base", "nothing")
    assert result.exit_code == 1
    assert result.output.startswith("Error: nothing is no commit")


def test_a_path_that_is_not_there_is_a_typing_error(tmp_path: Path) -> None:
    assert check(tmp_path / "nothing").exit_code == 2


def test_hostile_files_are_told_and_the_rest_is_judged(tmp_path: Path) -> None:
    write(tmp_path, a_yaml="[" * 30_000, b_yaml="\x1b[31m: 017\n", c_yaml=workspace_text())
    (tmp_path / "d.yaml").symlink_to("/etc/passwd")
    result = check(tmp_path)
    assert result.exit_code == 1
    assert "\x1b" not in result.stdout
    assert "nested deeper" in result.stdout
    assert "symbolic link" in result.stdout
    assert "c.yaml" not in result.stdout


@pytest.mark.skipif(not EXAMPLES.is_dir(), reason="KAITO's examples do not lie beside this checkout")
def test_kaitos_own_examples_are_told_only_what_is_wrong_with_them() -> None:
    found = [(each["file"], each["field"]) for each in answer(EXAMPLES)["findings"]]
    assert found == [
        ("custom-model-deployment.yaml", "inference.template.spec.containers[0].args[13]"),
        ("kaito_inferenceset_phi_4_mini.yaml", "kind"),
        ("kaito_workspace_llama-3.3_70b_instruct.yaml", "kind"),
        ("kaito_workspace_phi_3_with_adapters.yaml", "inference.adapters[0].source.image"),
        ("kaito_workspace_phi_3_with_adapters.yaml", "inference.adapters[0].strength"),
        ("kaito_workspace_tuning_phi_3.yaml", "tuning.output.image"),
        ("kaito_workspace_tuning_phi_3.yaml", "tuning.output.imagePushSecret"),
        ("kaito_workspace_tuning_phi_3_with_pvc_volume.yaml", "metadata.name"),
    ]


def test_a_config_map_beside_a_workspace_is_found_without_a_fleet(tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "cfg"},
        "data": {"inference_config.yaml": "vllm: {max-model-len: 9999999}"},
    }
    served = {"preset": {"name": "phi-4-mini-instruct"}, "config": "cfg"}
    write(tmp_path, cfg_yaml=text_of(config), phi_yaml=workspace_text(inference=served))
    assert [each["field"] for each in answer(tmp_path)["findings"]] == ["inference.config"]


def test_text_and_json_escape_what_does_not_print() -> None:
    finding = Finding("a\x1b.yaml", 0, 0, "b\u202ec", "d\n", "e", Severity.WARNING, WorkspaceName("n", "w"))
    text = findings_text((finding,), 1).replace("\x1b[33m\x1b[1m", "").replace("\x1b[0m", "")
    assert text == "a\\x1b.yaml: warning: b\\u202ec: d\\n\n    e\n\n1 file judged: 1 warning"
    assert json.loads(findings_json((finding,)))["findings"][0]["workspace"] == "n/w"
    assert findings_text((), 0) == "no files judged: no mistakes found"
