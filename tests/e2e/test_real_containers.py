"""Towline's own containers really run: a push brings an answer, a fine-tuning leaves an adapter behind."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests.e2e.stage import ROOT, Stage, fleet, staged, workspace
from tests.e2e.supplies import processes_of, push_secret, questions, registry, served
from tests.e2e.typed import Daemon, becomes

RUNTIME = os.environ.get("TOWLINE_RUNTIME", "")
pytestmark = [
    pytest.mark.skipif(not RUNTIME, reason="TOWLINE_RUNTIME names no Python with the containers' libraries"),
    pytest.mark.timeout(900),
]
REPOSITORY = "HuggingFaceTB/SmolLM2-135M-Instruct"
PRESET = "smollm2-135m-instruct"
PATIENCE = 400.0
"""Seconds: on a busy machine two processors load torch in minutes."""

SPEED = 60.0
OURS = {"runtime": "towline", "imageRegistry": "registry.example.com/towline"}
KEPT = {"workspaces/.gitkeep": ""}
CLAIM = """apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: adapters
spec:
  accessModes: [ReadWriteOnce]
  resources:
    requests:
      storage: 1Gi
"""
SETTINGS = """apiVersion: v1
kind: ConfigMap
metadata:
  name: short-training
data:
  training_config.yaml: |
    training_config:
      LoraConfig:
        r: 4
      TrainingArguments:
        max_steps: 4
        per_device_train_batch_size: 2
        logging_steps: 1
        learning_rate: 1.0e-3
"""
TUNING = """apiVersion: kaito.sh/v1beta1
kind: Workspace
metadata:
  name: tune
resource:
  instanceType: Standard_NC24ads_A100_v4
  labelSelector:
    matchLabels:
      app: tune
tuning:
  preset:
    name: {preset}
  method: lora
  config: short-training
  input:
    urls: ["{url}"]
  output:
    volumeSource:
      persistentVolumeClaim:
        claimName: adapters
"""


@pytest.fixture
def stage(tmp_path: Path, hub: Path) -> Iterator[Stage]:
    """A world in which Towline's containers run, and what the hub has of SmolLM2 is the model of `hub`."""
    with staged(tmp_path, SPEED, runtime=Path(RUNTIME), hub=hub) as world:
        yield world


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """A folder of models without any: the hub has the one that comes along."""
    folder = tmp_path / "hub"
    folder.mkdir()
    return folder


@pytest.fixture
def tiny(hub: Path) -> Path:
    """A random model of three hundred thousand parameters in SmolLM2's place."""
    words = (RUNTIME, "-c", "from tests.runtime.models import tiny_llama; print(tiny_llama())")
    made = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True, timeout=600)
    place = hub / REPOSITORY
    place.parent.mkdir()
    place.symlink_to(made.stdout.strip())
    return place


def test_a_push_ends_with_an_answer_and_a_removal_with_the_end_of_its_process(stage: Stage) -> None:
    notes = {"kaito.sh/runtime": "transformers"}
    stage.person.push(
        {"towline.yaml": fleet(**OURS), "workspaces/chat.yaml": workspace("chat", PRESET, notes=notes)}
    )
    with stage.daemon("--poll", "0.5") as daemon:
        stage.becomes_phase("chat", "Ready", daemon, PATIENCE)
        address = address_of(stage, "chat")

        plain = post(f"{address}/chat", {"prompt": "What is the capital of France?", "temperature": 0})
        message = {"role": "user", "content": "What is the capital of France? Answer in one sentence."}
        asked = {"model": PRESET, "messages": [message], "temperature": 0, "max_tokens": 24}
        complete = post(f"{address}/v1/chat/completions", asked)

        assert "Paris" in plain["Result"]
        assert "Paris" in complete["choices"][0]["message"]["content"]
        log = stage.outlook.log("chat-0")
        assert log.startswith("sandbox: no GPU is used on this machine: ")
        (*_, last) = (each["download"] for each in telemetry(log) if "download" in each)
        assert last["doneBytes"] == last["totalBytes"] > 200_000_000
        becomes(lambda: any("benchmark" in each for each in telemetry(stage.outlook.log("chat-0"))), PATIENCE)

        (process,) = processes_of(stage.folder)
        remove(stage, "chat", daemon)
        assert not Path(f"/proc/{process}").exists()


def test_a_tuning_by_push_leaves_its_adapter_on_the_volume_it_names(stage: Stage, tiny: Path) -> None:
    rows = "".join(json.dumps(each) + "\n" for each in questions())
    (stage.folder / "rows.jsonl").write_text(rows)
    with served(stage.folder) as address:
        files = {
            "towline.yaml": fleet("  privateHosts: [127.0.0.1]\n", **OURS),
            "workspaces/claim.yaml": CLAIM,
            "workspaces/settings.yaml": SETTINGS,
            "workspaces/tune.yaml": TUNING.format(preset=PRESET, url=f"{address}/rows.jsonl"),
        }
        stage.person.push(files)
        with stage.daemon("--poll", "0.5") as daemon:
            stage.becomes_phase("tune", "Succeeded", daemon, PATIENCE)

    volume = stage.state / "sandbox" / "claims" / "default" / "adapters"
    config = json.loads(next(volume.rglob("adapter_config.json")).read_text())
    assert (config["peft_type"], config["r"]) == ("LORA", 4)
    (pod,) = (each for each in stage.outlook.all("Pod") if each["metadata"]["name"].startswith("tune-"))
    (box,) = pod["status"]["containerStatuses"]
    assert box["state"]["terminated"]["exitCode"] == 0
    assert json.loads(box["state"]["terminated"]["message"])["state"] == "done"
    told = telemetry(stage.outlook.log(pod["metadata"]["name"]))
    assert [each["training"]["state"] for each in told if "training" in each][-1] == "done"
    assert processes_of(stage.folder) == []


def test_an_adapter_goes_by_way_of_a_registry_from_a_tuning_to_an_answer(stage: Stage, tiny: Path) -> None:
    rows = "".join(json.dumps(each) + "\n" for each in questions())
    (stage.folder / "rows.jsonl").write_text(rows)
    with registry(stage.folder / "registry") as host, served(stage.folder) as address:
        more = f"  privateHosts: [127.0.0.1]\n  insecureRegistries: ['{host}']\n"
        tuning = TUNING.format(preset=PRESET, url=f"{address}/rows.jsonl").partition("  output:")[0]
        files = {
            "towline.yaml": fleet(more, **OURS),
            "workspaces/settings.yaml": SETTINGS.replace("1.0e-3", "1.0e-1"),
            "workspaces/tune.yaml": f"{tuning}  output:\n    image: {host}/adapters/tiny:1\n"
            "    imagePushSecret: push\n",
        }
        stage.outlook.ask("POST", "/api/v1/namespaces/default/secrets", push_secret(host))
        stage.person.push(files)
        with stage.daemon("--poll", "0.5") as daemon:
            stage.becomes_phase("tune", "Succeeded", daemon, PATIENCE)
            source = f"{{name: tuned, image: '{host}/adapters/tiny:1'}}"
            adapted = f"{workspace('chat', PRESET)}  adapters:\n    - source: {source}\n"
            stage.person.push({"workspaces/chat.yaml": adapted})
            stage.becomes_phase("chat", "Ready", daemon, PATIENCE)
            url = address_of(stage, "chat")
            base, tuned = (answer_of(url, model) for model in (PRESET, "tuned"))

    assert base
    assert tuned != base
    assert '"event": "fetched"' in stage.outlook.log("chat-0", "fetch-adapter-0")


def test_a_tuning_without_a_usable_row_fails_once_and_says_so(stage: Stage, tiny: Path) -> None:
    (stage.folder / "rows.jsonl").write_text('{"nothing": "of use"}\n')
    with served(stage.folder) as address:
        files = {
            "towline.yaml": fleet("  privateHosts: [127.0.0.1]\n", **OURS),
            "workspaces/claim.yaml": CLAIM,
            "workspaces/settings.yaml": SETTINGS,
            "workspaces/tune.yaml": TUNING.format(preset=PRESET, url=f"{address}/rows.jsonl"),
        }
        stage.person.push(files)
        with stage.daemon("--poll", "0.5") as daemon:
            stage.becomes_phase("tune", "Failed", daemon, PATIENCE)

    job = stage.outlook.find("Job", "tune") or {}
    failed = next(each for each in job["status"]["conditions"] if each["type"] == "Failed")
    assert failed["reason"] == "PodFailurePolicy"
    (pod,) = (each for each in stage.outlook.all("Pod") if each["metadata"]["name"].startswith("tune-"))
    message = pod["status"]["containerStatuses"][0]["state"]["terminated"]["message"]
    assert "row" in json.loads(message)["message"]


def address_of(stage: Stage, name: str) -> str:
    """Where the Service of a workspace answers."""
    service = stage.outlook.find("Service", name) or {}
    address: str = service["metadata"]["annotations"]["sandbox.towline.dev/address"]
    return address


def post(url: str, body: Any) -> Any:
    answer = urllib3.request("POST", url, json=body, timeout=PATIENCE)
    assert answer.status == 200, answer.data
    return answer.json()


def answer_of(url: str, model: str) -> str:
    """What a model, or an adapter of it, answers without chance."""
    message = {"role": "user", "content": "What is three and one?"}
    asked = {"model": model, "messages": [message], "temperature": 0, "max_tokens": 12}
    text: str = post(f"{url}/v1/chat/completions", asked)["choices"][0]["message"]["content"]
    return text


def telemetry(log: str) -> list[dict[str, Any]]:
    """The lines that are for the house."""
    lines = (json.loads(line) for line in log.splitlines() if line.startswith("{"))
    return [each for each in lines if each.get("event") == "telemetry"]


def remove(stage: Stage, name: str, daemon: Daemon) -> None:
    """Remove a workspace by a commit that approves it, and wait until its pod is gone."""
    stage.person.push({f"workspaces/{name}.yaml": None, **KEPT})
    stage.becomes_phase(name, "Held", daemon)
    message = str(stage.person.told(name)["message"])
    approval = message.partition("add ")[2].partition(" ")[0]
    stage.person.push({"towline.yaml": fleet(f"  approved: [{approval}]\n", **OURS)})
    stage.becomes(lambda: not stage.outlook.all("Pod"), daemon, PATIENCE)
