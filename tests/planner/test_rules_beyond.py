"""Image references, the example a newcomer starts with, and placeholders."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Severity
from reconciler.planner.rules.images import is_reference
from tests.builders import manifest
from tests.planner.judged import OUTPUT, fields, judge, tuned


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("data-image", True),
        ("data-image:latest", True),
        ("registry.example.com:5000/a/b__c/d-e.f:V1.2_3", True),
        ("LOCALHOST:5000/a", True),
        ("[::1]:5000/a", True),
        ("a@sha256:" + "0" * 64, True),
        ("a:tag@sha256:" + "0" * 64, True),
        ("a@sha256:" + "0" * 63, False),
        ("a@sha512:" + "0" * 128, True),
        ("registry.example.com/OUT:1", False),
        ("!ValidImage", False),
        ("a//b", False),
        ("a/", False),
        ("a:", False),
        ("a:" + "t" * 129, False),
        ("a..b", False),
        ("under_score.io/a", True),
        ("-a", False),
        ("a b", False),
        ("a\n", False),
        ("https://registry.io/a", False),
        ("", False),
        ("a" * 256, False),
    ],
)
def test_image_references(text: str, is_one: bool) -> None:
    assert is_reference(text) is is_one


def quick_start(**output: str) -> dict[str, Any]:
    """The fine-tuning example a newcomer starts with."""
    document = tuned(
        input={
            "urls": ["https://huggingface.co/datasets/some/data/resolve/main/train.parquet?download=true"]
        },
        output={
            "image": "ACR_REPO_HERE.azurecr.io/IMAGE_NAME_HERE:0.0.1",
            "imagePushSecret": "ACR_REGISTRY_SECRET_HERE",
            **output,
        },
    )
    document["apiVersion"] = "kaito.sh/v1alpha1"
    document["metadata"]["name"] = "workspace-tuning-phi-3"
    document["resource"] = {
        "instanceType": "Standard_NC6s_v3",
        "labelSelector": {"matchLabels": {"app": "tuning-phi-3"}},
    }
    return document


def test_the_quick_start_is_told_what_to_fill_in_and_once_filled_in_only_that_its_size_is_gone() -> None:
    findings = judge(quick_start())
    assert fields(findings) == ["tuning.output.image", "tuning.output.imagePushSecret"]
    assert fields(findings, Severity.WARNING) == ["resource.instanceType"]
    assert "ACR_REPO_HERE and IMAGE_NAME_HERE" in findings[1].message
    assert "docker-registry" in findings[2].mend
    filled = judge(quick_start(image="myregistry.azurecr.io/phi:0.0.1", imagePushSecret="acr"))
    assert [(finding.severity, finding.field) for finding in filled] == [
        (Severity.WARNING, "resource.instanceType")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<your-registry>.azurecr.io/a:1",
        "YOUR_REGISTRY/a:1",
        "<MODEL_ID>",
        "<model>",
        "REPO_HERE",
        "<Your name>",
    ],
)
def test_placeholders_of_all_kinds_are_seen(text: str) -> None:
    (finding,) = judge(tuned(output={**OUTPUT, "image": text}))
    assert "to be filled in" in finding.message


@pytest.mark.parametrize(
    "text", ["<s>", "<|im_start|>", "a < b > c", "cat <file >other", "{{ x }}", "THERE", "<EOT> x"]
)
def test_text_that_only_looks_like_one_is_let_be(text: str) -> None:
    template = {"spec": {"containers": [{"name": "c", "image": "i", "args": ["a", text]}]}}
    assert judge(manifest(inference={"template": template})) == ()


def test_findings_never_move_a_cursor_and_never_run_on() -> None:
    for name in ("\x1b[2J\u202e" * 5, "x" * 5_000):
        document = manifest(inference={"preset": {"name": name}})
        for finding in judge(document):
            assert finding.message.isprintable()
            assert len(finding.message) < 300
