"""The dashboard, the alerts and the README's table ask for metrics that a real daemon tells."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from http.client import HTTPConnection
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.promql import Asked, asked_for, grouped_by
from tests.e2e.stage import ROOT, config_repo, staged

INSTALL = ROOT / "templates" / "install"
OF_THE_TARGET = frozenset({"instance", "job"})
"""Labels that Prometheus adds to what it scrapes."""
ELSEWHERE = frozenset({"towline_kubernetes_flows_total"})
"""Metrics of a server that does more than the sandbox's: it says how it ranks requests."""
_NAME = re.compile(r"`((?:towline|gotk|controller_runtime|rest_client|leader_election)_[a-z_]+)")
_SUFFIXES = ("_bucket", "_sum", "_count", "_created")

Labels = Mapping[str, frozenset[str]]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Labels:
    """Each sample's name that a daemon with a ready workspace tells, with its labels."""
    with staged(tmp_path_factory.mktemp("stage")) as stage:
        stage.person.push(config_repo("chat"))
        words = ("--listen", "127.0.0.1:0", "--poll", "1", "--leader-elect")
        with stage.daemon(*words) as daemon:
            stage.becomes_phase("chat", "Ready", daemon)
            address = re.findall(r"event=listening address=(\S+)", daemon.said)[0]
            stage.becomes(lambda: "towline_git_lag_seconds 0.0" in scraped(address), daemon)
            text = scraped(address)
    names: dict[str, frozenset[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            names[sample.name] = names.get(sample.name, frozenset()) | frozenset(sample.labels)
    return names


def scraped(address: str) -> str:
    connection = HTTPConnection(address, timeout=20)
    try:
        connection.request("GET", "/metrics")
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def document(name: str) -> Any:
    return json.loads((INSTALL / name).read_text(encoding="utf-8"))


def panels() -> list[Any]:
    return [each for each in document("grafana-dashboard.json")["panels"] if each["type"] != "row"]


def alerts() -> list[Any]:
    return [rule for group in document("prometheus-rules.json")["spec"]["groups"] for rule in group["rules"]]


def shown() -> list[str]:
    """Every expression, Grafana's own variables filled in."""
    every = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [each.replace("$__rate_interval", "5m") for each in (*every, *(rule["expr"] for rule in alerts()))]


@pytest.mark.parametrize("expression", shown())
def test_every_expression_asks_for_what_a_daemon_tells(expression: str, told: Labels) -> None:
    for asked in asked_for(expression):
        assert asked.metric in told, f"nobody tells {asked.metric}"
        unknown = asked.labels - told[asked.metric] - OF_THE_TARGET
        assert not unknown, f"{asked.metric} has no {unknown}"


@pytest.mark.parametrize("expression", shown())
def test_what_is_grouped_by_is_there_and_only_counters_have_rates(expression: str, told: Labels) -> None:
    asked = asked_for(expression)
    known = frozenset().union(*(told[each.metric] for each in asked)) | OF_THE_TARGET

    assert grouped_by(expression) <= known
    for each in asked:
        assert each.ranged == each.metric.endswith(("_total", "_bucket")), each.metric


def test_the_readme_tells_of_every_metric_and_of_no_other(told: Labels) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.split("## Metrics and probes")[1].split("\n## ")[0]
    table = "\n".join(line for line in section.splitlines() if line.startswith("| "))
    written = {name for name in _NAME.findall(table) if not name.endswith("_")}

    ours = {_family(name) for name in told if not name.startswith("process_")}

    assert written - ours == ELSEWHERE, "the README names what nobody tells"
    assert ours - written == set(), "nobody is told of these"


def _family(name: str) -> str:
    return next((name.removesuffix(each) for each in _SUFFIXES if name.endswith(each)), name)


def test_grafana_can_load_the_dashboard() -> None:
    dashboard = document("grafana-dashboard.json")
    every = dashboard["panels"]

    assert dashboard["schemaVersion"] >= 39
    assert dashboard["uid"] == "towline-fleet"
    assert len({each["id"] for each in every}) == len(every)
    variables = {each["name"] for each in dashboard["templating"]["list"]}
    assert variables == {"datasource", "fleet", "namespace", "instance"}
    used = set(re.findall(r"\$\{?([a-z]+)\}?", json.dumps(every))) - {"labels"}
    assert used <= variables
    for panel in panels():
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}, panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]


def test_panels_do_not_overlap_and_fill_the_width() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in document("grafana-dashboard.json")["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert not cells & taken, panel["title"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        taken |= cells
    rows = {y for _, y in taken}
    assert all((x, y) in taken for y in rows for x in range(24))


def test_alerts_say_what_is_wrong_and_what_to_look_at() -> None:
    rules = alerts()

    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        assert rule["labels"]["severity"] in {"critical", "warning", "info"}
        assert re.fullmatch(r"\d+[mh]", rule["for"])
        assert rule["annotations"]["description"].endswith(".")
        known = {
            *grouped_by(rule["expr"]),
            *re.findall(r"\w+", "".join(re.findall(r"on \((.*?)\)", rule["expr"]))),
        }
        assert set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"]))) <= known


@pytest.mark.parametrize(
    "wrong",
    ["sum(x", "x}", 'x{a~"b"}', 'x{a="b" c="d"}', "nonesuch(x)", "rate(x[5m]", "by (x)", "x & y", "1 + 2"],
)
def test_what_is_no_expression_is_not_taken_for_one(wrong: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        asked_for(wrong)


def test_an_expression_is_read_as_prometheus_reads_it() -> None:
    expression = (
        'histogram_quantile(0.5, sum by (le) (rate(a_bucket{x=~"y",z!="1"}[5m]))) unless on (i) (b == 0)'
    )

    assert asked_for(expression) == (
        Asked("a_bucket", frozenset({"x", "z"}), ranged=True),
        Asked("b", frozenset(), ranged=False),
    )
