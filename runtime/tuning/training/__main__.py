"""`python -m runtime.tuning.training ORDER`: one training process. Started by runtime.tuning.ranks alone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import traceback
import warnings
from functools import partial
from pathlib import Path
from types import TracebackType

from runtime.artifacts.faults import Fault
from runtime.tuning.data.checking import recall
from runtime.tuning.document import TuningConfig
from runtime.tuning.document_file import read_document, read_training_config
from runtime.tuning.faults import Interrupted
from runtime.tuning.training.machine import look
from runtime.tuning.training.order import CRASHED, INTERRUPTED, MISTAKEN, OUT_OF_MEMORY, Order, Words
from runtime.tuning.work_folder import WorkFolder

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main(argument: str) -> int:
    """The exit code; a fault's sentence is left in the folder of words."""
    _die_with_parent()
    order = Order.parse(argument)
    document = read_document(order.document)
    folder = WorkFolder(Path(document.work))
    os.environ.setdefault("HF_HOME", str(folder.cache))
    words, rank = Words(folder.words), int(os.environ.get("RANK", "0"))
    sys.excepthook = partial(_leave_unexpected, words, rank)
    _hush()
    try:
        _train(order, document, folder)
    except Fault as fault:
        words.leave_fault(rank, str(fault))
        return INTERRUPTED if isinstance(fault, Interrupted) else MISTAKEN
    except RuntimeError as bad:
        return _code(bad)
    return 0


def _train(order: Order, document: TuningConfig, folder: WorkFolder) -> None:
    from runtime.tuning.training.train import Task, train

    parsed, _ = read_training_config(document.user_config)
    train(
        Task(
            order=order,
            config=parsed.config,
            method=document.method,
            data=recall(folder.checked),
            folder=folder,
            checkpoint_minutes=document.checkpoint_minutes,
            machine=look(document.device),
        )
    )


def _code(bad: RuntimeError) -> int:
    """Memory and devices fail as RuntimeError; whatever else comes so is unexpected."""
    import torch
    from accelerate.utils.memory import should_reduce_batch_size  # type: ignore[import-untyped]

    if should_reduce_batch_size(bad):
        return OUT_OF_MEMORY
    if isinstance(bad, torch.AcceleratorError | torch.distributed.DistError):
        traceback.print_exception(bad)
        return CRASHED
    raise bad


def _leave_unexpected(
    words: Words, rank: int, kind: type[BaseException], bad: BaseException, trace: TracebackType | None
) -> None:
    """A bug, or a configuration nobody foresaw: the traceback for the log, its last line for the status."""
    traceback.print_exception(kind, bad, trace)
    said = " ".join(str(bad).split())[:500]
    words.leave_fault(
        rank, f"the training failed unexpectedly, {kind.__name__}: {said}; the log has the traceback"
    )


def _die_with_parent() -> None:
    """Without the one that watches it, a second run would find two trainings in one folder."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _hush() -> None:
    """The libraries' chatter is not the log's: they warn of what was decided here on purpose."""
    warnings.simplefilter("ignore")
    import datasets  # type: ignore[import-untyped]
    import transformers

    datasets.disable_progress_bars()
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers.logging.disable_progress_bar()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
