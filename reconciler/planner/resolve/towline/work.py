"""A preset's pod, whichever image it is of, and the document it reads where that is ours."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.planner.resolve.blueprint import Pod

from .documents import Document


@dataclass(frozen=True, slots=True)
class Work:
    """A pod. Towline's own containers read `document`; `because` says what was chosen for them."""

    pod: Pod
    document: Document | None = None
    because: tuple[str, ...] = ()
