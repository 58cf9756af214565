"""Fine-tuning: preset, method, data, destination, settings."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.finding import Severity, has_errors
from tests.planner.judged import OUTPUT, context, fields, judge, tuned


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"preset": None}, "preset"),
        ({"preset": {"name": "phi-2"}}, "preset.name"),
        ({"preset": {"name": "llama-3.1-8b-instruct"}}, "preset.name"),
        ({"preset": {"name": "some-org/some-model"}}, "preset.name"),
        ({"method": None}, "method"),
        ({"method": "full"}, "method"),
        ({"input": None}, "input"),
        ({"input": {}}, "input"),
        ({"input": {"urls": ["https://a.io/b"], "image": "r.io/a:1"}}, "input"),
        ({"input": {"image": "R!"}}, "input.image"),
        ({"output": None}, "output"),
        ({"output": {}}, "output"),
        ({"output": {**OUTPUT, "volumeSource": {"emptyDir": {}}}}, "output"),
        ({"output": {"image": "r.io/a:1"}}, "output.imagePushSecret"),
        ({"output": {**OUTPUT, "image": "r.io/OUT:1"}}, "output.image"),
    ],
)
def test_tuning_says_what_how_from_where_and_to_where(change: dict[str, Any], field: str) -> None:
    assert fields(judge(tuned(**change))) == [f"tuning.{field}"]


def test_a_preset_that_cannot_be_tuned_names_those_that_can() -> None:
    (finding,) = judge(tuned(preset={"name": "llama-3.1-8b-instruct"}))
    assert "phi-3-mini-128k-instruct" in finding.mend


def test_tuning_takes_volumes_methods_in_any_casing_and_one_node() -> None:
    volume = {"volumeSource": {"persistentVolumeClaim": {"claimName": "c"}}}
    assert judge(tuned(method="QLoRA", input=volume, output=volume)) == ()
    document = tuned()
    document["resource"]["count"] = 2
    assert fields(judge(document)) == ["resource.count"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("https://huggingface.co/a/b?download=true", None),
        ("http://93.184.216.34/a", None),
        ("ftp://example.com/a", "HTTP"),
        ("example.com/a", "absolute"),
        ("https:///a", "absolute"),
        ("https://exa mple.com/a", "absolute"),
        ("https://[::1/a", "absolute"),
        ("http://localhost:8080/a", "this machine"),
        ("http://a.LOCALHOST./a", "this machine"),
        ("http://metadata.google.internal/a", "metadata"),
        ("http://169.254.169.254/a", "private"),
        ("http://10.1.2.3/a", "private"),
        ("http://[fd00::1]/a", "private"),
        ("http://[::ffff:127.0.0.1]/a", "private"),
        ("http://2130706433/a", "number"),
        ("http://0x7f.1/a", "number"),
        ("http://127.1/a", "number"),
    ],
)
def test_data_comes_from_public_hosts(url: str, said: str | None) -> None:
    findings = judge(tuned(input={"urls": ["https://example.com/ok", url]}))
    assert [(each.field, (said or "?") in each.message) for each in findings] == (
        [("tuning.input.urls[1]", True)] if said else []
    )


@pytest.mark.parametrize(
    "url",
    [
        "https://a.io/b?sv=2022&sig=hunter2",
        "https://me:hunter2@a.io/b",
        "https://a.io/b?X-Amz-Signature=hunter2",
    ],
)
def test_a_credential_in_a_url_is_told_and_not_repeated(url: str) -> None:
    (finding,) = judge(tuned(input={"urls": [url]}))
    assert finding.severity is Severity.WARNING
    assert "hunter2" not in str(finding)


def test_v1alpha1_only_warns_of_urls() -> None:
    document = {**tuned(input={"urls": ["http://10.0.0.1/a"]}), "apiVersion": "kaito.sh/v1alpha1"}
    assert fields(judge(document), Severity.WARNING) == ["tuning.input.urls[0]"]
    assert not has_errors(judge(document))


TRAINING = "training_config:\n"


@pytest.mark.parametrize(
    ("text", "method", "said"),
    [
        (TRAINING + "  LoraConfig: {r: 8}\n  TrainingArguments: {output_dir: out}\n", "lora", None),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: true}\n", "qlora", None),
        (TRAINING + "  QuantizationConfig: {load_in_8bit: true, load_in_4bit: false}\n", "qlora", None),
        (TRAINING + "  LoraConfig: {r: 8}\n  DataCollator:\n", "lora", None),
        (TRAINING + "  TrainingArguments: {output_dir: /mnt/results}\n", "lora", None),
        (None, "lora", "no ConfigMap"),
        ("a: b", "lora", "training_config is not a mapping"),
        (TRAINING + "- a", "lora", "training_config is not a mapping"),
        (TRAINING + "  LoRAConfig: {r: 8}\n", "lora", "no section"),
        (TRAINING + "  TokenizerConfig: {r: 8}\n", "lora", "no section"),
        (TRAINING + "  LoraConfig: 8\n", "lora", "not a mapping"),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: 'yes'}\n", "qlora", "load_in_4bit"),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: true, load_in_8bit: true}\n", "qlora", "both"),
        (TRAINING + "  QuantizationConfig: {load_in_4bit: true}\n", "lora", "whole weights"),
        (TRAINING + "  LoraConfig: {r: 8}\n", "qlora", "quantised"),
        (TRAINING + "  TrainingArguments: {output_dir: ../etc}\n", "lora", "output_dir"),
        (TRAINING + "  TrainingArguments: {output_dir: /mnt}\n", "lora", "output_dir"),
        (TRAINING + "  TrainingArguments: {output_dir: /mnt/../etc}\n", "lora", "output_dir"),
        (TRAINING + "  TrainingArguments: {output_dir: 5}\n", "lora", "output_dir"),
    ],
)
def test_the_settings_of_tuning(text: str | None, method: str, said: str | None) -> None:
    maps = {} if text is None else {("default", "cfg"): {"training_config.yaml": text}}
    findings = judge(tuned(config="cfg", method=method), context(config_maps=maps))
    assert [(each.field, (said or "?") in each.message) for each in findings] == (
        [("tuning.config", True)] if said else []
    )
