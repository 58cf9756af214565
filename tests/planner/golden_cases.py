"""The workspaces whose rendered objects are kept under golden/.

`python -m tests.planner.golden_cases` writes them anew: the diff is then read by a person.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from reconciler.domain.state import DesiredWorkspace
from reconciler.planner.desire.desire import desire_cluster
from tests.planner.asking import config, desired, manifest, serving, templates, tuning

FOLDER = Path(__file__).parent / "golden"
NC48 = "Standard_NC48ads_A100_v4"
LONG = {"inference_config.yaml": "vllm:\n  max-model-len: 16384\n  gpu-memory-utilization: 0.95\n"}
OWN = {
    "metadata": {"labels": {"team": "search"}, "annotations": {"note": "ours"}},
    "spec": {
        "affinity": {"podAffinity": {}},
        "tolerations": [{"key": "dedicated", "operator": "Exists"}],
        "containers": [
            {
                "name": "server",
                "image": "registry.example.com/llm:1",
                "args": ["--model", "custom"],
                "resources": {"limits": {"nvidia.com/gpu": 1}},
            }
        ],
    },
}
OURS = {"runtime": "towline", "image_registry": "registry.example.com/towline"}
PVC = {"persistentVolumeClaim": {"claimName": "data"}}


def _adapters() -> dict[str, Any]:
    image = {
        "name": "support",
        "image": "registry.example.com/adapters/support:2",
        "imagePullSecrets": ["login"],
    }
    volume = {"name": "legal.v2", "volumeSource": {"persistentVolumeClaim": {"claimName": "legal"}}}
    return serving("phi-3-mini-128k-instruct", adapters=[{"source": image}, {"source": volume}])


def _llama() -> dict[str, Any]:
    preset = {"name": "llama-3.3-70b-instruct", "presetOptions": {"modelAccessSecret": "hf-token"}}
    return manifest(NC48, count=2, name="llama", inference={"preset": preset, "config": "llama-settings"})


def _own_adapters() -> dict[str, Any]:
    """Weights of the person's own, several logins, an adapter of each kind, without a measurement."""
    options = {"image": "registry.example.com/weights/phi:1", "imagePullSecrets": ["login", "other-login"]}
    document = _adapters()
    document["inference"]["preset"]["presetOptions"] = options
    document["metadata"]["annotations"] = {"kaito.sh/disable-benchmark": "true"}
    return document


def _on_processors(**sections: Any) -> dict[str, Any]:
    """Without a GPU, on a node that has the weights."""
    return manifest(
        None,
        annotations={"towline.dev/device": "cpu", "kaito.sh/use-local-weights": "true"},
        **sections,
    )


def _served() -> dict[str, Any]:
    return {"inference": serving()["inference"]}


def _transformers() -> dict[str, Any]:
    return {
        **serving("phi-4"),
        "metadata": {"name": "model", "annotations": {"kaito.sh/runtime": "transformers"}},
    }


def rendered() -> dict[str, list[dict[str, Any]]]:
    """Every case's documents by the name of its file."""
    tuned: dict[str, Any] = {
        "input": {"volumeSource": PVC},
        "output": {"volumeSource": PVC},
        "config": "my-training",
    }
    training = {"training_config.yaml": "training_config:\n  TrainingArguments:\n    output_dir: runs/one\n"}
    cases = {
        "phi-4-mini-on-a100": desired(serving()),
        "llama-3.3-70b-on-two-nodes": desired(_llama(), LONG),
        "phi-4-by-transformers": desired(_transformers()),
        "phi-3-with-adapters": desired(_adapters()),
        "custom-template": desired(manifest(inference={"template": OWN})),
        "tuning-url-to-image": desired(tuning()),
        "tuning-volume-to-volume": desired(tuning(**tuned), training),
        "deepseek-v4-pro-builds-its-kernels": desired(
            serving("deepseek-ai/DeepSeek-V4-Pro", "Standard_ND96isr_H200_v5")
        ),
        "spot-in-a-zone": desired(
            manifest(annotations={"towline.dev/capacity-type": "spot", "towline.dev/zones": "2"}, **_served())
        ),
        "driver-left-to-the-gpu-operator": desired(
            manifest(
                annotations={"towline.dev/gpu-driver": "none", "kaito.sh/node-image-family": "azurelinux"},
                **_served(),
            )
        ),
        "nodes-a-person-names": desired(
            manifest(version="v1alpha1", preferredNodes=["gpu-1", "gpu-2"], **_served())
        ),
        "karpenter-node-pool": desired(serving(), node_provisioner="karpenter"),
        "karpenter-with-a-choice": desired(
            manifest(
                annotations={
                    "towline.dev/instance-types": "Standard_NC40ads_H100_v5, Standard_NC48ads_A100_v4",
                    "towline.dev/capacity-type": "spot,on-demand",
                    "towline.dev/zones": "1,3",
                },
                **_served(),
            ),
            node_provisioner="karpenter",
        ),
        "karpenter-tuning": desired(tuning(), node_provisioner="karpenter"),
        "gpu-provisioner-node-claims": desired(_llama(), LONG, node_provisioner="gpu-provisioner"),
        **_in_own_containers(tuned, training),
    }
    documents = {
        name: [
            *(each.document for each in case.objects),
            *([json.loads(case.pool.body)] if case.pool else []),
        ]
        for name, case in cases.items()
    }
    fleet = config(node_provisioner="karpenter", namespaces=["default", "research"])
    documents["cluster"] = [each.document for each in desire_cluster(fleet, templates())]
    return documents


def _in_own_containers(tuned: dict[str, Any], training: dict[str, str]) -> dict[str, DesiredWorkspace]:
    """The same in Towline's containers."""
    local = {"node_provisioner": "byo", "private_hosts": ["data.example.com"], **OURS}
    insecure = {"insecure_registries": ["registry.example.com"], **local}
    claimed = {**tuning(), "metadata": {"name": "model", "annotations": {"towline.dev/work-claim": "work"}}}
    return {
        "towline-phi-4-mini-on-a100": desired(serving(), **OURS),
        "towline-llama-3.3-70b-on-two-nodes": desired(_llama(), LONG, **OURS),
        "towline-phi-4-by-transformers": desired(_transformers(), **OURS),
        "towline-phi-3-with-adapters": desired(_own_adapters(), **OURS),
        "towline-phi-4-without-gpus": desired(_on_processors(**_served()), **local),
        "towline-mistral-in-its-own-format": desired(
            serving("mistral-large-3-675b-instruct", "Standard_ND96isr_H200_v5"), **OURS
        ),
        "towline-tuning-url-to-image": desired(claimed, **OURS),
        "towline-tuning-volume-to-volume": desired(tuning(**tuned), training, **OURS),
        "towline-tuning-without-gpus": desired(_on_processors(tuning=tuning()["tuning"]), **insecure),
    }


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.yaml"


def as_text(documents: list[dict[str, Any]]) -> str:
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, width=110, allow_unicode=True)


if __name__ == "__main__":
    for case, found in rendered().items():
        path_of(case).write_text(as_text(found))
