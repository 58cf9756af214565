"""The ways a fine-tuning fails, beside those of fetching and pushing; the text of each is for a person."""

from __future__ import annotations

from runtime.artifacts.faults import Mistaken, Passing


class BadConfig(Mistaken):
    """The person's configuration cannot be used as it stands."""


class BadData(Mistaken):
    """There is nothing in the data to learn from."""


class BadModel(Mistaken):
    """The base model cannot be tuned as asked: no chat template, no such modules, a broken folder."""


class TooLarge(Mistaken):
    """Not even one row fits into the memory there is."""


class Failed(Mistaken):
    """A training process ended with a sentence of its own."""


class Interrupted(Passing):
    """The machine was taken away; a checkpoint was saved, and the next run goes on from it."""


class ToldToEnd(BaseException):
    """The machine is taken away while nothing trains. Like KeyboardInterrupt, no road for faults may catch
    it: what is patient with a fault would try again."""


class Crashed(Passing):
    """A training process died by itself; the next run goes on from the newest checkpoint."""
