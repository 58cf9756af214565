"""Whatever is wrong with what a workspace names, its pusher reads one sentence that says so."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.bad_supplies import LOGIN, SIGNATURE, bad_data, locked_registry, push_stranger
from tests.e2e.stage import ROOT, Stage, fleet, staged, workspace
from tests.e2e.supplies import free_port, push_secret, questions
from tests.gitserver import until

RUNTIME = os.environ.get("TOWLINE_RUNTIME", "")
pytestmark = [
    pytest.mark.skipif(not RUNTIME, reason="TOWLINE_RUNTIME names no Python with the containers' libraries"),
    pytest.mark.slow,
    pytest.mark.timeout(1200),
]
TINY = "smollm2-135m-instruct"
MODELS = (
    "HuggingFaceTB/SmolLM2-135M-Instruct",
    "microsoft/Phi-4-mini-instruct",
    "microsoft/Phi-3-mini-4k-instruct",
    "ibm-granite/granite-4.1-8b",
)
TROUBLES = ("hub-gated@phi-4-mini", "hub-truncated@phi-3-mini", "hub-damaged@granite")
OURS = {"runtime": "towline", "imageRegistry": "registry.example.com/towline"}
SPEED = 20.0
PATIENCE = 600.0
"""Seconds: a score of Pythons start at once, on two busy processors."""

SAID: Mapping[str, tuple[str, ...]] = {
    "gated": ("Phi-4-mini-instruct is gated: accept its licence", "modelAccessSecret"),
    "missing": ("Qwen/Qwen3.5-2B is not at", "check its name"),
    "cut-short": ("model.safetensors broke off after",),
    "damaged": ("model.safetensors has the sha256 digest", "it was changed"),
    "no-weights": ("weights:none is not in its registry", "check its name"),
    "no-adapter": ("adapters/none:1 is not in its registry",),
    "stranger": ("was trained for another base model: its layer model.layers.0.self_attn.q_proj",),
    "wrong-login": ("The login for", "imagePullSecrets"),
    "unknown-option": ("max-model-length", "max-model-len?"),
    "not-there": ("/nothing.jsonl is not there (404)", "check the address"),
    "not-public": ("10.0.0.5", "private"),
    "moved-inside": ("10.1.2.3/rows.jsonl leads to the private address",),
    "refused": ("/private.jsonl may not be read (403)",),
    "a-page": ("/page.html gives a web page instead of data",),
    "no-table": ("words.parquet, the file: is not parquet",),
    "no-data": ("no file that can be read", "there is picture.png"),
    "no-rows": ("none of the 3 rows in unusable.jsonl can be used: unusable.jsonl, line 1: has the columns",),
    "too-big": ("huge.parquet takes what is fetched beyond the 200 GiB that are allowed",),
    "unknown-field": ("training_config.yaml, line 3: LoraConfig has no setting lora_alhpa", "lora_alpha?"),
    "wrong-type": ("training_config.yaml, line 5: TrainingArguments.learning_rate is quick", "a number"),
    "no-modules": ("LoraConfig.target_modules does not fit", "query_key", "it has", "q_proj"),
    "no-push": ("The login for", "imagePushSecret"),
    "push-away": ("delivering the adapter", "pushed again"),
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, dict[str, Any]]]:
    """What the status branch says of each case once it is at rest."""
    folder = tmp_path_factory.mktemp("bad")
    rows = "".join(json.dumps(each) + "\n" for each in questions()).encode()
    with (
        bad_data(rows) as data,
        locked_registry(folder / "registry") as host,
        staged(folder, SPEED, runtime=Path(RUNTIME), hub=shelf(folder)) as stage,
    ):
        stage.sandbox.ask(*TROUBLES)
        secrets = {"push": LOGIN, "wrong": "robot:guessed"}
        for name, login in secrets.items():
            stage.outlook.ask("POST", "/api/v1/namespaces/default/secrets", push_secret(host, name, login))
        stranger(folder, host)
        stage.person.push(commit(data, host))
        with stage.daemon("--poll", "0.5"):
            until(lambda: all(is_told(stage, name) for name in SAID), PATIENCE)
        yield stage.person.everything_told()


@pytest.mark.parametrize("name", SAID)
def test_a_mistake_is_told_in_a_sentence(told: dict[str, dict[str, Any]], name: str) -> None:
    status = told[name]
    message = spoken(status)
    for phrase in SAID[name]:
        assert phrase in message, message
    assert "Traceback" not in message
    everything = yaml.safe_dump(status)
    assert SIGNATURE not in everything
    assert LOGIN.partition(":")[2] not in everything
    assert "guessed" not in everything


def is_told(stage: Stage, name: str) -> bool:
    return all(phrase in spoken(stage.person.told(name)) for phrase in SAID[name])


def spoken(status: Mapping[str, Any]) -> str:
    """The message, and where it points at findings these."""
    found = (f"{each['message']}; {each['mend']}" for each in status.get("findings", ()))
    return "\n".join((str(status.get("message", "")), *found))


def shelf(folder: Path) -> Path:
    """A hub on which every model is a random one of three hundred thousand parameters."""
    words = (RUNTIME, "-c", "from tests.runtime.models import tiny_llama; print(tiny_llama())")
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    for name in MODELS:
        place = folder / "hub" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(made.stdout.strip())
    return folder / "hub"


def stranger(folder: Path, host: str) -> None:
    """Bring an adapter of another model into the registry."""
    login = push_secret(host, "push", LOGIN)["data"][".dockerconfigjson"]
    place = folder / "login.json"
    place.write_bytes(base64.b64decode(login))
    push_stranger(RUNTIME, folder / "stranger", f"{host}/adapters/stranger:1", place)


def commit(data: str, host: str) -> dict[str, str]:
    """Every case's workspace, and what they name."""
    away = f"127.0.0.1:{free_port()}"
    more = f"  privateHosts: [127.0.0.1]\n  insecureRegistries: ['{host}', '{away}']\n"
    maps = {
        "bad-vllm": ("inference_config.yaml", {"vllm": {"max-model-length": 2048}}),
        "short": ("training_config.yaml", settings()),
        "typo": ("training_config.yaml", settings(LoraConfig={"lora_alhpa": 8})),
        "wrong": ("training_config.yaml", settings(TrainingArguments={"learning_rate": "quick"})),
        "modules": ("training_config.yaml", settings(LoraConfig={"target_modules": ["query_key"]})),
    }
    documents = {
        "gated": served("phi-4-mini-instruct"),
        "missing": served("qwen/qwen3.5-2b"),
        "cut-short": served("phi-3-mini-4k-instruct"),
        "damaged": served("ibm-granite/granite-4.1-8b"),
        "no-weights": served(options={"image": f"{host}/weights:none", "imagePullSecrets": ["push"]}),
        "no-adapter": served(adapter=f"{host}/adapters/none:1"),
        "stranger": served(adapter=f"{host}/adapters/stranger:1"),
        "wrong-login": served(adapter=f"{host}/adapters/stranger:1", login="wrong"),
        "unknown-option": served(config="bad-vllm"),
        "not-there": tuned(f"{data}/nothing.jsonl"),
        "not-public": tuned("http://10.0.0.5/rows.jsonl"),
        "moved-inside": tuned(f"{data}/moved.jsonl"),
        "refused": tuned(f"{data}/private.jsonl?sig={SIGNATURE}"),
        "a-page": tuned(f"{data}/page.html"),
        "no-table": tuned(f"{data}/words.parquet"),
        "no-data": tuned(f"{data}/picture.png"),
        "no-rows": tuned(f"{data}/unusable.jsonl"),
        "too-big": tuned(f"{data}/huge.parquet"),
        "unknown-field": tuned(f"{data}/good.jsonl", config="typo"),
        "wrong-type": tuned(f"{data}/good.jsonl", config="wrong"),
        "no-modules": tuned(f"{data}/good.jsonl", config="modules"),
        "no-push": tuned(f"{data}/good.jsonl", output=f"{host}/adapters/new:1", login="wrong"),
        "push-away": tuned(f"{data}/good.jsonl", output=f"{away}/adapters/new:1"),
    }
    return {
        "towline.yaml": fleet(more, **OURS),
        **{f"workspaces/map-{name}.yaml": config_map(name, *held) for name, held in maps.items()},
        **{f"workspaces/{name}.yaml": manifest(name, body) for name, body in documents.items()},
    }


def manifest(name: str, body: Mapping[str, Any]) -> str:
    document = yaml.safe_load(workspace(name, TINY))
    if "tuning" in body:
        del document["inference"]
    return yaml.safe_dump({**document, **body})


def served(
    preset: str = TINY, adapter: str = "", login: str = "push", config: str = "", options: Any = None
) -> dict[str, Any]:
    source = {"name": "adapter", "image": adapter, "imagePullSecrets": [login]}
    inference = {
        "preset": {"name": preset, **({"presetOptions": options} if options else {})},
        **({"adapters": [{"source": source}]} if adapter else {}),
        **({"config": config} if config else {}),
    }
    return {"inference": inference}


def tuned(url: str, config: str = "short", output: str = "", login: str = "push") -> dict[str, Any]:
    image = {"image": output or "registry.example.com/adapters/x:1", "imagePushSecret": login}
    folder = {"volumeSource": {"emptyDir": {}}}
    return {
        "tuning": {
            "preset": {"name": TINY},
            "method": "lora",
            "config": config,
            "input": {"urls": [url]},
            "output": image if output else folder,
        }
    }


def settings(**sections: Mapping[str, Any]) -> dict[str, Any]:
    short = {
        "LoraConfig": {"r": 4},
        "TrainingArguments": {"max_steps": 2, "per_device_train_batch_size": 2},
    }
    return {"training_config": {name: {**short[name], **sections.get(name, {})} for name in short}}


def config_map(name: str, key: str, value: Any) -> str:
    document = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name},
        "data": {key: yaml.safe_dump(value)},
    }
    return yaml.safe_dump(document)
