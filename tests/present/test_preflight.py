"""What is there before the first pass and what is missing, as it is printed."""

from __future__ import annotations

import json

import click

from reconciler.domain.preflight import Answer, Check
from reconciler.present.preflight import preflight_json, preflight_text

CHECKS = (
    Check("login", Answer.YES, "cli: whoever `az login` let in"),
    Check("agent pools", Answer.NO, "AuthorizationFailed: no\x1b[31m", "az role assignment create"),
)


def test_each_check_is_a_line_with_its_mend_under_what_was_found() -> None:
    assert click.unstyle(preflight_text(CHECKS)).splitlines() == [
        "ok         login         cli: whoever `az login` let in",
        "missing    agent pools   AuthorizationFailed: no\\x1b[31m",
        "                         az role assignment create",
    ]


def test_machines_are_told_whether_a_pass_could_do_its_work() -> None:
    told = json.loads(preflight_json(CHECKS))
    assert told["ready"] is False
    assert told["checks"][1] == {
        "subject": "agent pools",
        "answer": "missing",
        "said": "AuthorizationFailed: no\x1b[31m",
        "mend": "az role assignment create",
    }
    assert json.loads(preflight_json(CHECKS[:1]))["ready"] is True
