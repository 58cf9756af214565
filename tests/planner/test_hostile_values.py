"""A value that looks like YAML, JSON, Jinja or HTML changes nothing but itself."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from reconciler.planner.resolve.scripts import literal
from tests.planner.asking import desired, manifest, serving, tuning

HOSTILE = [
    "{{ 7*7 }}",
    "{% for x in y %}",
    "{# gone #}",
    "%}}}",
    '"',
    "'",
    "\\",
    '", "injected": "',
    "line\nbreak",
    "--- \n- a",
    "key: value",
    "# not a comment",
    "null",
    "yes",
    "017",
    "~",
    "!!python/object:os.system",
    "&a *a",
    "${POD_INDEX}",
    "`id`; rm -rf /",
    "</script>",
    "é漢字\u202e\u200b",
    "\x00\x1b",
    "\u2028",
    "]}",
]
MARK = "tame"
COMPUTED = re.compile(r"\bw[a-z2-7]{10}\b|\bws[0-9a-f]{9}\b|\b[0-9a-f]{16}\b|\b[0-9a-f]{64}\b")


def _served(text: str) -> dict[str, Any]:
    options = {"image": text, "imagePullSecrets": [text], "modelAccessSecret": text}
    adapters = [
        {"source": {"name": "one", "image": text, "imagePullSecrets": [text]}, "strength": text},
        {"source": {"name": "two", "volumeSource": {text: {"claimName": text}}}},
    ]
    inference = {
        "preset": {"name": "phi-4", "presetOptions": options},
        "config": text,
        "adapters": adapters,
    }
    return _with(text, manifest(inference=inference))


def _templated(text: str) -> dict[str, Any]:
    spec = {"containers": [{"name": text, "image": text, "args": [text], text: {text: [text, 1, True]}}]}
    metadata = {"labels": {text: text}, "annotations": {text: text}}
    return _with(text, manifest(inference={"template": {"metadata": metadata, "spec": spec}}))


def _tuned(text: str) -> dict[str, Any]:
    document = tuning(
        input={"image": text, "imagePullSecrets": [text]},
        output={"image": text, "imagePushSecret": text},
        config=text,
    )
    return _with(text, document)


def _downloaded(text: str) -> dict[str, Any]:
    return _with(text, tuning(input={"urls": [text, text]}, output={"volumeSource": {"nfs": {"path": text}}}))


def _sized(text: str) -> dict[str, Any]:
    return {**serving(), "resource": {"instanceType": f"Standard_N{text}", "labelSelector": {}}}


def _with(text: str, document: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": text, "namespace": text, "labels": {text: text}, "annotations": {f"x/{text}": text}}
    selector = {"matchLabels": {text: text}}
    return {**document, "metadata": metadata, "resource": {**document["resource"], "labelSelector": selector}}


CASES = [_served, _templated, _tuned, _downloaded, _sized]


@pytest.mark.parametrize("provisioner", ["agentPool", "karpenter", "gpu-provisioner"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("text", HOSTILE, ids=ascii)
def test_a_hostile_value_arrives_unchanged_and_nothing_else_changes(
    text: str, case: Any, provisioner: str
) -> None:
    tame = _rendered(case(MARK), provisioner)
    hostile = _rendered(case(text), provisioner)
    assert _neutral(_tamed(hostile, text)) == _neutral(tame)


@pytest.mark.parametrize(
    ("text", "written"),
    [("$(HOME)", "$$(HOME)"), ("$$", "$$$"), ("a$$(b)", "a$$$$(b)"), ("$x ${y}", "$x ${y}"), ("$", "$")],
)
def test_kubernetes_reads_back_what_was_meant(text: str, written: str) -> None:
    assert literal(text) == written
    assert _as_kubernetes_reads(written) == text


def _as_kubernetes_reads(text: str) -> str:
    """`$$` is `$`; `$(NAME)` of an unknown variable stays. Source: k8s.io/kubernetes, expansion.Expand."""
    return re.sub(r"\$\$|\$\([^)]*\)|\$", lambda found: "$" if found[0] == "$$" else found[0], text)


def _rendered(document: dict[str, Any], provisioner: str) -> list[Any]:
    workspace = desired(document, node_provisioner=provisioner)
    pools = [json.loads(workspace.pool.body)] if workspace.pool else []
    return [*(each.document for each in workspace.objects), *pools]


def _tamed(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {_tamed(key, text): _tamed(each, text) for key, each in value.items()}
    if isinstance(value, list):
        return [_tamed(each, text) for each in value]
    return value.replace(text, MARK) if isinstance(value, str) and _is_ours_to_tame(value, text) else value


def _is_ours_to_tame(value: str, text: str) -> bool:
    """Our own scripts and flags hold quotes and words of their own; what people wrote stands apart."""
    return (
        text in value
        and "\nset -eu" not in f"\n{value}"
        and not value.startswith(("results=", "--kv-events"))
    )


def _neutral(value: Any) -> Any:
    return json.loads(COMPUTED.sub("computed", json.dumps(value, sort_keys=True)))
