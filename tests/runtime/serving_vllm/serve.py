"""A process that becomes vLLM, as the serving container does after its fetch: `python serve.py DOCUMENT`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from runtime.artifacts.faults import Fault
from runtime.serving.document import ServingConfig
from runtime.serving.vllm import become


def main(path: str) -> None:
    """Serve what the document says, from the folder it names."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    config = ServingConfig.model_validate_json(Path(path).read_text("utf-8"))
    try:
        become(config, Path(config.model.source.path))  # type: ignore[union-attr]  # these tests serve folders
    except Fault as fault:
        sys.stderr.write(f"{type(fault).__name__}: {fault}\n")
        sys.exit(fault.exit_code)


if __name__ == "__main__":
    main(sys.argv[1])
