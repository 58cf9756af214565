"""The table that README shows."""

from __future__ import annotations

from reconciler.planner.provision.lateness import STAGES
from reconciler.planner.provision.lexicon import lexicon
from reconciler.planner.provision.meanings import TABLE


def test_the_table_has_a_full_row_for_everything_that_can_be_said() -> None:
    rows = lexicon().splitlines()

    assert len(rows) == 2 + len(TABLE) + 1 + len(STAGES) + 1
    assert all(row.count("|") == 5 for row in rows)
    assert not [row for row in rows if "||" in row.replace(" ", "") or "{" in row]
