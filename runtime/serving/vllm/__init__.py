"""vLLM as the engine: one document turned into vLLM's own arguments, in a process that becomes vLLM's server.

`check` and `become` are all that the room above needs. vLLM itself is imported when they are called: it takes
seconds, and whoever only reads a document has no need of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from runtime.artifacts import Progress
from runtime.serving.document import ServingConfig

__all__ = ["become", "check"]


def check(config: ServingConfig) -> None:
    """Tell every mistake that can be known before the weights are fetched: options that vLLM has not, values
    it does not take. Raises Mistaken with one sentence."""
    from runtime.serving.vllm.launch import check_arguments

    check_arguments(config)


def become(config: ServingConfig, weights: Path, fetched: Progress | None = None) -> NoReturn:
    """Turn this process into vLLM's server of the model in folder `weights`, or into one of its Ray workers.
    What is known of their download, `fetched`, stays in /metrics.

    Signals, metrics and the API are vLLM's from here on; answers in flight at SIGTERM finish. It leaves by
    SystemExit, or by Mistaken or Passing, each with one sentence, where vLLM could not start or died.
    """
    from runtime.serving.vllm.launch import launch

    launch(config, weights, fetched)
