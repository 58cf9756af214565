"""What the README says of the code is what the code says."""

from __future__ import annotations

from reconciler.planner.provision.lexicon import lexicon
from tests.cluster.differences import told
from tests.house.test_house import ROOT


def test_the_table_of_what_keeps_nodes_away_is_the_one_decided_by() -> None:
    assert lexicon().strip() in (ROOT / "README.md").read_text()


def test_the_differences_of_the_sandbox_are_those_that_the_tests_find() -> None:
    assert told().strip() in (ROOT / "README.md").read_text()
