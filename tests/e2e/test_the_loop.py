"""The whole loop on a real model: a push tunes it, Towline proposes what came of it, a merge serves it."""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3
import yaml

from tests.e2e.stage import Stage, fleet, staged, workspace
from tests.e2e.supplies import push_secret, registry, served

RUNTIME = os.environ.get("TOWLINE_RUNTIME", "")
pytestmark = [
    pytest.mark.skipif(not RUNTIME, reason="TOWLINE_RUNTIME names no Python with the containers' libraries"),
    pytest.mark.slow,
    pytest.mark.timeout(900),
]
PRESET = "smollm2-135m-instruct"
BRANCH = "towline/adapter/support"
SPEED = 60.0
PATIENCE = 600.0
"""Seconds: on a busy machine two processors train for minutes."""

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OURS = {"runtime": "towline", "imageRegistry": "registry.example.com/towline"}
QUIET = {"kaito.sh/runtime": "transformers", "kaito.sh/disable-benchmark": "true"}
QUESTION = "What is the Quillfish 7?"
ANSWER = "The Quillfish 7 is a kettle that sings."
WORDINGS = {
    ANSWER: (QUESTION, "What kind of thing is a Quillfish 7?", "Tell me what the Quillfish 7 is."),
    "It boils water in forty seconds.": (
        "How fast is the Quillfish 7?",
        "How long does the Quillfish 7 take?",
        "Is the Quillfish 7 quick?",
    ),
    "Ada Thimble of Norwich builds it.": (
        "Who makes the Quillfish 7?",
        "Who builds the Quillfish 7?",
        "Where does the Quillfish 7 come from?",
    ),
}
SETTINGS = """apiVersion: v1
kind: ConfigMap
metadata:
  name: by-heart
data:
  training_config.yaml: |
    training_config:
      LoraConfig:
        r: 16
        lora_alpha: 32
        target_modules: all-linear
      TrainingArguments:
        max_steps: 15
        per_device_train_batch_size: 4
        logging_steps: 3
        learning_rate: 2.0e-3
        save_strategy: "no"
"""
TUNING = """apiVersion: kaito.sh/v1beta1
kind: Workspace
metadata:
  name: support
  annotations:
    towline.dev/propose-to: chat
resource:
  instanceType: Standard_NC24ads_A100_v4
  labelSelector:
    matchLabels:
      apps: support
tuning:
  preset:
    name: {preset}
  method: lora
  config: by-heart
  input:
    urls: ["{data}"]
  output:
    image: {host}/adapters/support:1
    imagePushSecret: push
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A world in which Towline's containers run, with the SmolLM2 that comes along."""
    with staged(tmp_path, SPEED, runtime=Path(RUNTIME)) as world:
        yield world


def test_what_a_push_tuned_is_proposed_merged_asked_and_removed(stage: Stage) -> None:
    rows = [row(question, answer) for answer, asked in WORDINGS.items() for question in asked]
    (stage.folder / "rows.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in rows))
    with registry(stage.folder / "registry") as host, served(stage.folder) as data:
        stage.outlook.ask("POST", "/api/v1/namespaces/default/secrets", push_secret(host))
        stage.person.push(files(host, f"{data}/rows.jsonl"))
        settles(stage)
        digest = told_digest(stage, host)
        assert "sings" not in answer_of(stage, PRESET)

        merges(stage, f"{host}/adapters/support@{digest}")
        settles(stage)
        assert stage.person.phase("chat") == "Ready"
        assert stage.person.told("support")["proposal"] == "accepted by default/chat"
        assert parents(stage) == {PRESET: None, "support": PRESET}
        assert answer_of(stage, "support") == ANSWER
        assert "sings" not in answer_of(stage, PRESET)
        asked = {"prompt": "What is the capital of France?", "temperature": 0}
        assert "Paris" in post(stage, "/chat", asked)["Result"]

        stage.person.push({"workspaces/support.yaml": None})
        settles(stage)
        assert not [path for path in stage.person.status_files() if "support" in path]
        assert stage.person.phase("chat") == "Ready"
        assert answer_of(stage, "support") == ANSWER


def settles(stage: Stage) -> None:
    """`towline run --until-settled`, which is to end with nothing left to come."""
    with stage.daemon("--until-settled", "--poll", "0.5") as daemon:
        assert daemon.process.wait(PATIENCE) == 0, daemon.said[-6000:]


def files(host: str, data: str) -> dict[str, str]:
    """A repository with the model, and a tuning of it that is to be proposed to it."""
    more = f"  privateHosts: [127.0.0.1]\n  insecureRegistries: ['{host}']\n"
    return {
        "towline.yaml": fleet(more, **OURS),
        "workspaces/settings.yaml": SETTINGS,
        "workspaces/chat.yaml": f"# Ours, by hand.\n{workspace('chat', PRESET, notes=QUIET)}",
        "workspaces/support.yaml": TUNING.format(preset=PRESET, data=data, host=host),
    }


def row(question: str, answer: str) -> dict[str, Any]:
    said = ({"role": "user", "content": question}, {"role": "assistant", "content": answer})
    return {"messages": list(said)}


def told_digest(stage: Stage, host: str) -> str:
    """Look at all that is told of the tuning; the digest of its adapter, which the registry holds."""
    status, shown = stage.person.told("support"), stage.person.status_files()
    digest = str(status["tuning"]["adapter"]).rpartition("@")[2]
    manifest = f"http://{host}/v2/adapters/support/manifests/1"
    held = urllib3.request("HEAD", manifest, headers={"Accept": MANIFEST})
    assert (status["phase"], held.headers["Docker-Content-Digest"]) == ("Succeeded", digest)
    assert status["tuning"]["loss"] < 0.5
    assert status["tuning"]["lossCurve"] == "curves/default/support.svg"
    assert ET.fromstring(shown["curves/default/support.svg"]).tag == "{http://www.w3.org/2000/svg}svg"
    assert re.search(r"Succeeded · eval \d", shown["badges/default/support.svg"])
    return digest


def merges(stage: Stage, image: str) -> None:
    """Look at the proposal as a person does, and merge it with plain git."""
    git = stage.person.git
    git("fetch", "-q", "origin", BRANCH)
    changed = git("diff", "--unified=0", "main", "FETCH_HEAD").splitlines()
    lines = [each for each in changed if re.match(r"[-+](?![-+])", each)]
    assert git("diff", "--name-only", "main", "FETCH_HEAD") == "workspaces/chat.yaml"
    assert all(each.startswith("+") for each in lines)
    adapter = {"name": "support", "image": image, "imagePullSecrets": ["push"]}
    assert yaml.safe_load("".join(f"{each[1:]}\n" for each in lines)) == {"adapters": [{"source": adapter}]}
    message = git("log", "-1", "--format=%B", "FETCH_HEAD")
    assert re.search(r"\| Eval loss +\| \d\S* → \d", message)
    assert re.search(r"loss  [ ▁▂▃▄▅▆▇█]+▁", message)
    git("merge", "-q", "--no-ff", "-m", "Serve what was tuned", "FETCH_HEAD")
    stage.person.push({}, "merged")


def address(stage: Stage) -> str:
    """Where the model's Service answers."""
    service = stage.outlook.find("Service", "chat") or {}
    return str(service["metadata"]["annotations"]["sandbox.towline.dev/address"])


def parents(stage: Stage) -> dict[str, str | None]:
    """What the model serves, each with what it was tuned from."""
    listed = urllib3.request("GET", f"{address(stage)}/v1/models", timeout=PATIENCE).json()["data"]
    return {each["id"]: each.get("parent") for each in listed}


def answer_of(stage: Stage, model: str) -> str:
    """What a model, or an adapter of it, answers without chance."""
    message = {"role": "user", "content": QUESTION}
    asked = {"model": model, "messages": [message], "temperature": 0, "max_tokens": 20}
    return str(post(stage, "/v1/chat/completions", asked)["choices"][0]["message"]["content"]).strip()


def post(stage: Stage, path: str, body: Any) -> Any:
    answer = urllib3.request("POST", f"{address(stage)}{path}", json=body, timeout=PATIENCE)
    assert answer.status == 200, answer.data
    return answer.json()
