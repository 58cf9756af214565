"""What Azure's answers mean: one case of `azure_errors.yaml` an answer, and what holds for all of them."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.adapters.azure.errors import cloud_error, error_document
from reconciler.domain.cloud import CloudError
from reconciler.domain.provisioning import Kind, Scope, Setback
from reconciler.planner.provision.meanings import TABLE, UNKNOWN
from reconciler.planner.provision.meanings.machine import EXIT_STEPS
from reconciler.planner.provision.meanings.meaning import Meaning, names_in
from reconciler.planner.provision.setbacks import understand
from reconciler.planner.provision.wordings import LONGEST_SAID

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "azure_errors.yaml").read_text())


def answer(case: Mapping[str, Any]) -> CloudError:
    """The error that such an answer is, read by the door."""
    return cloud_error(case["status"], error_document(json.dumps(case["body"]).encode()), "c-1")


def matches(found: str, expected: str) -> bool:
    return bool(re.search(expected[1:], found)) if expected.startswith("/") else found == expected


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_answer_of_azure_means_what_its_case_says(case: dict[str, Any]) -> None:
    expected = case["expect"]

    found = understand(answer(case))

    assert matches(found.sentence, expected["says"]), found.sentence
    assert matches(found.next_step, expected.get("step", found.next_step)), found.next_step
    assert found.code == expected.get("code", found.code)
    assert (found.kind, found.rest) == (Kind(expected["kind"]), expected["rest"])
    assert found.closes == (Scope(expected["closes"]) if "closes" in expected else None)
    assert found.closed_seconds == expected.get("closed", 0)
    assert found.closed_seconds_on_spot == expected.get("closed_on_spot", 0)
    assert found.needs_managed_disk == expected.get("managed", False)
    assert found.correlation == "c-1"


def test_every_case_has_its_own_name() -> None:
    assert len({case["id"] for case in CASES}) == len(CASES)


@pytest.mark.parametrize("row", [*TABLE, UNKNOWN], ids=lambda row: row.name)
def test_every_row_of_the_table_decides_a_case(row: Meaning) -> None:
    sentences = [understand(answer(case)).sentence for case in CASES]

    assert any(re.fullmatch(pattern(says), each) for says in row.says for each in sentences)


def pattern(template: str) -> str:
    """A template as a regular expression that any figures fit."""
    return ".+".join(re.escape(each) for each in re.split(r"\{\w+\}", template))


CODES = [(row, code) for row in TABLE for code in row.codes if code.isidentifier()]


@pytest.mark.parametrize(("row", "code"), CODES, ids=lambda each: each if isinstance(each, str) else "")
def test_every_code_is_reached_wherever_it_stands_and_whatever_is_said(row: Meaning, code: str) -> None:
    bare = CloudError(400, (code,), "")
    outer = CloudError(200, ("ReconcileVMSSAgentPoolFailed", code), "x")
    inner = CloudError(200, ("DeploymentFailed", code, "NeverHeardOf"), "x")
    written = CloudError(200, ("DeploymentFailed",), f'it said: {{"code": "{code}", "message": "x"}}')

    for error in (bare, outer, inner, written):
        found = understand(error)
        assert (found.kind, found.closes, found.rest) == (row.kind, row.closes, row.rest)
        assert found.code == code


def test_the_innermost_error_decides() -> None:
    error = CloudError(409, ("OperationNotAllowed", "QuotaExceeded", "SkuNotAvailable"), "x")

    assert understand(error).code == "SkuNotAvailable"


@pytest.mark.parametrize("code", [each for row in TABLE for each in row.codes])
def test_no_code_stands_in_two_rows(code: str) -> None:
    assert len([row for row in TABLE if code in row.codes]) == 1


@pytest.mark.parametrize("row", [*TABLE, UNKNOWN], ids=lambda row: row.name)
def test_a_row_can_always_be_told_and_says_who_must_act(row: Meaning) -> None:
    assert row.means
    assert not [each for each in (*row.says, *row.step, row.means) if each.endswith(".")]
    assert row.step or row.kind is not Kind.PERMANENT
    assert bool(row.closes) == bool(row.closed_seconds)
    assert row.rest >= 600 or row.kind is not Kind.PERMANENT
    if row.step:
        assert not names_in(row.step[-1])


@pytest.mark.parametrize("exit_status", EXIT_STEPS)
def test_each_exit_status_of_a_node_has_its_words(exit_status: int) -> None:
    found = understand(CloudError(200, ("VMExtensionProvisioningError",), f"exit status={exit_status}"))

    assert EXIT_STEPS[exit_status] in found.sentence
    assert found.code == "VMExtensionProvisioningError"


def test_an_exit_status_is_found_inside_any_other_error() -> None:
    error = CloudError(
        200, ("ReconcileVMSSAgentPoolFailed",), "vmssCSE: terminated with exit status=87 [stderr]"
    )

    assert understand(error).kind is Kind.RECREATE


WORDS = (
    *(case["body"].get("message", "") for case in CASES),
    *("{family}", "{0}", "%s", "\\", '"', "'", "[", "(", ")", "exit status=", "requested", "remaining"),
    "Current Limit: 99999999999999999999",
    "Current Limit: 7, Current Usage:",
    "zones ''",
    "https://x/y?sig=abc",
    "é ü 模型 ²",
    "\n\r\t",
    "…" * 40,
    "٣" * 30,
)


def garbage(seed: int) -> CloudError:
    dice = random.Random(seed)
    words = [dice.choice(WORDS) for _ in range(dice.randint(0, 12))]
    pieces = [word[dice.randint(0, 9) : dice.randint(10, 400)] for word in words]
    return CloudError(
        dice.choice((0, 200, 400, 409, 418)), (f"Unheard{seed}",) * dice.randint(0, 3), " ".join(pieces)
    )


@pytest.mark.parametrize("seed", range(0, 2000, 100))
def test_nothing_that_azure_says_breaks_a_sentence(seed: int) -> None:
    for each in range(seed, seed + 100):
        assert_tellable(understand(garbage(each)))


def assert_tellable(found: Setback) -> None:
    assert found.sentence
    assert found.sentence == " ".join(found.sentence.split())
    assert not found.sentence.endswith(".")
    assert not found.next_step.endswith(".")
    assert "sig=" not in found.told
    assert len(found.sentence) < LONGEST_SAID + 450
    assert found.next_step or found.kind is not Kind.PERMANENT


@pytest.mark.parametrize("status", [100, 200, 202, 301, 400, 405, 409, 418, 422, 451, 507])
@pytest.mark.parametrize("codes", [(), ("",), ("NeverHeardOf",), ("Outer", "Inner")])
def test_what_is_not_known_is_tried_again_slowly_with_azures_own_words(
    status: int, codes: tuple[str, ...]
) -> None:
    found = understand(CloudError(status, codes, "the moon is in the wrong house"))

    assert (found.kind, found.rest, found.closes) == (Kind.TRANSIENT, 600, None)
    assert "the moon is in the wrong house" in found.sentence


def test_a_long_message_is_cut_and_a_signed_address_never_told() -> None:
    message = "word " * 200 + "https://management.azure.com/operations/x?api-version=1&t=638&c=MII&s=signed"

    found = understand(CloudError(400, ("NeverHeardOf",), message))
    assert len(found.sentence) <= LONGEST_SAID + len("Azure said no: ")
    assert found.sentence.endswith("…")
    assert "signed" not in understand(CloudError(400, ("X",), message[-90:])).told
