"""Settings for Towline's own containers: what they would refuse is told when it is committed."""

from __future__ import annotations

import pytest

from reconciler.domain.finding import Finding, has_errors
from tests.planner.judged import context, judge, served, tuned

OURS = {"runtime": "towline", "imageRegistry": "registry.example.com/towline"}
QLORA = "  QuantizationConfig: {load_in_4bit: true}\n"


def of_training(text: str, fleet: dict[str, str] | None = OURS) -> tuple[Finding, ...]:
    maps = {("default", "cfg"): {"training_config.yaml": f"training_config:\n{QLORA}{text}"}}
    return judge(tuned(config="cfg"), context(fleet, config_maps=maps))


def of_vllm(text: str, fleet: dict[str, str] | None = OURS) -> tuple[Finding, ...]:
    maps = {("default", "cfg"): {"inference_config.yaml": f"vllm:\n{text}"}}
    return judge(served(config="cfg"), context(fleet, config_maps=maps))


@pytest.mark.parametrize(
    ("text", "message", "mend"),
    [
        (
            "LoraConfig:\n    r: 8\n    lora_alhpa: 8",
            "line 5: LoraConfig has no setting lora_alhpa",
            "lora_alpha",
        ),
        (
            "TrainingArguments: {learning_rate: quick}",
            "line 3: TrainingArguments.learning_rate is quick",
            "a number",
        ),
        ("TrainingArguments: {max_steps: 2.5}", "max_steps is 2.5", "a whole number"),
        ("TrainingArguments: {bf16: maybe}", "bf16 is maybe", "true or false"),
        (
            "TrainingArguments: {push_to_hub: true}",
            "push_to_hub is refused: the adapter goes where",
            "remove",
        ),
        ("TrainingArguments: {report_to: wandb}", "report_to is wandb, which", "none"),
        ("LoraConfig: {bias: some}", "bias is some", "none, all or lora_only"),
        ("LoraConfig: {target_modules: {q: 1}}", "target_modules is", "text or a list"),
        ("DataCollator: {unheard: 1}", "DataCollator has no setting unheard", "correct its name"),
    ],
)
def test_a_setting_that_the_training_would_refuse_is_told_with_its_line(
    text: str, message: str, mend: str
) -> None:
    (finding,) = of_training(f"  {text}\n")
    assert finding.field == "tuning.config"
    assert finding.message.startswith("training_config.yaml, line ")
    assert message in finding.message
    assert mend in finding.mend


@pytest.mark.parametrize(
    "text",
    [
        "TrainingArguments: {learning_rate: 2e-4, max_steps: '10', bf16: 'yes', save_strategy: no}",
        "TrainingArguments: {evaluation_strategy: epoch, max_seq_length: 512, group_by_length: true}",
        "TrainingArguments: {push_to_hub: false, report_to: [none], run_name: null}",
        "ModelConfig: {torch_dtype: bfloat16, device_map: auto}",
        "LoraConfig: {target_modules: [q_proj], layers_to_transform: 3, init_lora_weights: gaussian}",
    ],
)
def test_what_the_training_takes_is_not_told(text: str) -> None:
    assert not has_errors(of_training(f"  {text}\n"))


@pytest.mark.parametrize(
    ("text", "message", "mend"),
    [
        ("  seed: 1\n  max-model-length: 5", "line 3: vLLM has no option max-model-length", "max-model-len"),
        ("  enforce-eager: often", "enforce-eager is often, and is switched", "true or false"),
        (
            "  no-enable-prefix-caching: true",
            "vLLM has no option no-enable-prefix-caching",
            "enable-prefix-caching",
        ),
    ],
)
def test_an_option_that_vllm_does_not_have_is_told_with_its_line(text: str, message: str, mend: str) -> None:
    (finding,) = of_vllm(f"{text}\n")
    assert message in finding.message
    assert mend in finding.mend


def test_what_vllm_takes_is_not_told() -> None:
    text = "  gpu_memory_utilization: 0.8\n  enforce-eager: true\n  speculative-config.method: ngram\n"
    assert of_vllm(text) == ()


def test_kaitos_containers_have_settings_of_their_own() -> None:
    assert of_training("  LoraConfig: {lora_alhpa: 8}\n", None) == ()
    assert of_vllm("  max-model-length: 5\n", None) == ()
