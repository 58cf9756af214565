"""The peer of our tuning: what a person writes with TRL. `python -m tests.bench_runtime.plain_trl ORDER`.

ORDER is the path of a JSON object: `model`, `data` and `output` are paths, `arguments` SFTConfig's,
`lora` LoraConfig's, `dtype` the weights'. A line of JSON a step goes to `progress`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from datasets import load_dataset
from peft import LoraConfig
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


class Teller(TrainerCallback):
    """Appends what the trainer logs of a step."""

    def __init__(self, progress: Path) -> None:
        self._progress = progress

    def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
        """One line."""
        if "loss" in logs:
            known = {"step": state.global_step, "loss": logs["loss"], "tokens": int(logs["num_tokens"])}
            with self._progress.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(known) + "\n")


def main(order: dict[str, Any]) -> None:
    """Train, and save the adapter."""
    trainer = SFTTrainer(
        model=AutoModelForCausalLM.from_pretrained(order["model"], dtype=order["dtype"]),
        args=SFTConfig(output_dir=order["output"], **order["arguments"]),
        train_dataset=load_dataset("json", data_files=order["data"], split="train"),
        processing_class=AutoTokenizer.from_pretrained(order["model"]),
        peft_config=LoraConfig(task_type="CAUSAL_LM", **order["lora"]),
    )
    trainer.add_callback(Teller(Path(order["progress"])))
    trainer.train()
    trainer.save_model(order["output"])


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text("utf-8")))
