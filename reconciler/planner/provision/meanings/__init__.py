"""What Azure's errors mean, as a table: the first row that fits an error decides."""

from __future__ import annotations

from . import access, capacity, machine, network, passing, quota, refused
from .meaning import Meaning

UNKNOWN = refused.UNKNOWN
TABLE: tuple[Meaning, ...] = (
    passing.NO_ANSWER,
    *quota.ROWS,
    *capacity.ROWS,
    *machine.ROWS,
    *network.ROWS,
    *access.ROWS,
    *refused.ROWS,
    *passing.ROWS,
)
