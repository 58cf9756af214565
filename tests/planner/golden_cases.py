"""The workspaces whose rendered objects are kept under golden/.

`python -m tests.planner.golden_cases` writes them anew: the diff is then read by a person.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

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


def path_of(name: str) -> Path:
    return FOLDER / f"{name}.yaml"


def as_text(documents: list[dict[str, Any]]) -> str:
    return yaml.dump_all(documents, Dumper=yaml.CSafeDumper, width=110, allow_unicode=True)


if __name__ == "__main__":
    for case, found in rendered().items():
        path_of(case).write_text(as_text(found))
