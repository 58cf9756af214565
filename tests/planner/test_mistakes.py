"""Documents with mistakes: held where the workspace can be told, and pruning nothing where it cannot."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import has_errors
from reconciler.domain.identity import WorkspaceName
from tests.builders import manifest
from tests.planner.repository import one, read, text_of, told, workspace_text

PHI = WorkspaceName("default", "phi")


def test_a_workspace_with_mistakes_is_there_and_held() -> None:
    document = manifest()
    document["inference"]["preset"]["nam"] = document["inference"]["preset"].pop("name")
    config = read({"workspaces/phi.yaml": text_of(document)})
    declared = config.workspaces[PHI]
    assert config.unread == ()
    assert {finding.field for finding in declared.findings} == {
        "inference.preset.name",
        "inference.preset.nam",
    }
    assert declared.manifest.instance_type == "Standard_NC24ads_A100_v4"


@pytest.mark.parametrize(
    ("change", "field", "mend"),
    [
        ({"resource": {"instancetype": "x"}}, "resource.instancetype", "did you mean instanceType?"),
        ({"resource": {"instance_type": "x"}}, "resource.instance_type", "did you mean instanceType?"),
        ({"spec": {}}, "spec", "remove spec"),
        ({"presetOptions": {}}, "presetOptions", "it belongs in inference.preset"),
        ({"resource": {"count": "1"}}, "resource.count", "write a whole number, without quotes"),
        ({"resource": {"count": 1.5}}, "resource.count", "write a whole number"),
        ({"resource": []}, "resource", "write a mapping"),
        ({"inference": {"adapters": {}}}, "inference.adapters", "write a list"),
        ({"inference": {"adapters": [{"source": {"volume": {}}}]}}, "inference.adapters[0].source.volume",
         "did you mean volumeSource?"),
        ({"inference": {"preset": {"name": "phi-4", "accessMode": "secret"}}}, "inference.preset.accessMode",
         "use public or private"),
        ({"apiVersion": "kaito.sh/v1"}, "apiVersion", "use kaito.sh/v1alpha1 or kaito.sh/v1beta1"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_field_and_what_was_meant(
    change: dict[str, Any], field: str, mend: str
) -> None:
    config = read({"workspaces/phi.yaml": text_of({**manifest(), **change})})
    finding = next(each for each in config.workspaces[PHI].findings if each.field == field)
    assert finding.mend.startswith(mend)
    assert finding.line > 0
    assert finding.workspace == PHI


def test_a_number_where_text_belongs_is_quoted_back_as_it_was_written() -> None:
    text = workspace_text(metadata={"name": "phi", "labels": {"version": "VERSION"}}).replace(
        "VERSION", "1.10"
    )
    finding = one(read({"workspaces/phi.yaml": text}))
    assert finding.field == "metadata.labels.version"
    assert "the number 1.10" in finding.message
    assert '"1.10"' in finding.mend
    assert (finding.line, finding.column) == (6, 5)


def test_null_is_not_written() -> None:
    text = (
        workspace_text()
        .replace("resource:", "tuning: null\nresource:")
        .replace("inference:", "status:\ninference:")
    )
    assert told(read({"workspaces/phi.yaml": text})) == []


NAMELESS = {
    "no kind": {"apiVersion": "kaito.sh/v1beta1", "metadata": {"name": "phi"}},
    "no version": {"kind": "Workspace", "metadata": {"name": "phi"}},
    "no metadata": {"apiVersion": "kaito.sh/v1beta1", "kind": "Workspace"},
    "no name": {**manifest(), "metadata": {"generateName": "phi-"}},
    "a name that is a number": {**manifest(), "metadata": {"name": 5}},
    "a mistyped kind": {**manifest(), "kind": "Workspac"},
    "a list": [manifest()],
    "text": "Workspace",
}


@pytest.mark.parametrize("document", NAMELESS.values(), ids=NAMELESS)
def test_a_document_that_may_have_been_any_workspace_prunes_none(document: Any) -> None:
    config = read({"workspaces/phi.yaml": text_of(document)})
    assert config.workspaces == {}
    assert config.unread == ("workspaces/phi.yaml",)
    assert has_errors(config.findings)


@pytest.mark.parametrize("line", ["  name: other\n", "  namespace: a\n  namespace: b\n"])
def test_an_identity_written_twice_is_none(line: str) -> None:
    text = workspace_text().replace("metadata:\n", f"metadata:\n{line}")
    assert read({"workspaces/phi.yaml": text}).unread == ("workspaces/phi.yaml",)


def test_a_field_written_twice_holds_its_workspace() -> None:
    text = workspace_text().replace("resource:\n", "resource:\n  count: 1\n  count: 2\n")
    config = read({"workspaces/phi.yaml": text})
    assert config.unread == ()
    assert [finding.field for finding in config.workspaces[PHI].findings] == ["resource.count"]
