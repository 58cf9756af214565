from __future__ import annotations

from urllib.parse import quote

from tests.sandbox.kube.served import (
    Served,
    config_map,
    definition,
    widget,
)

SPACE = "/api/v1/namespaces/default"
CONFIG_MAPS = f"{SPACE}/configmaps"
WIDGETS = "/apis/example.com/v1/namespaces/default/widgets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"


def test_a_list_comes_in_pages_that_agree_on_their_version(api: Served) -> None:
    for number in range(7):
        api.call("POST", CONFIG_MAPS, config_map(f"c{number}"))
    names, versions, token, left = [], set(), "", []
    while True:
        page = api.call("GET", f"{CONFIG_MAPS}?limit=3&continue={quote(token)}").body
        names += [each["metadata"]["name"] for each in page["items"]]
        versions.add(page["metadata"]["resourceVersion"])
        left.append(page["metadata"].get("remainingItemCount", 0))
        token = page["metadata"].get("continue", "")
        if not token:
            break
    assert names == [f"c{number}" for number in range(7)]
    assert len(versions) == 1
    assert left == [4, 1, 0]


def test_a_page_of_a_forgotten_list_has_expired(api: Served) -> None:
    for number in range(3):
        api.call("POST", CONFIG_MAPS, config_map(f"c{number}"))
    token = api.call("GET", f"{CONFIG_MAPS}?limit=1").body["metadata"]["continue"]
    api.call("POST", CONFIG_MAPS, config_map("later"))
    api.inside(lambda store: store.ledger.compact())
    answer = api.call("GET", f"{CONFIG_MAPS}?limit=1&continue={quote(token)}")
    assert (answer.code, answer.body["reason"]) == (410, "Expired")


def test_items_of_a_builtin_list_do_not_say_what_they_are(api: Served) -> None:
    api.call("POST", CONFIG_MAPS, config_map())
    listed = api.call("GET", CONFIG_MAPS).body
    assert listed["kind"] == "ConfigMapList"
    assert "kind" not in listed["items"][0]
    api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    api.call("POST", WIDGETS, widget())
    assert api.call("GET", WIDGETS).body["items"][0]["kind"] == "Widget"


def test_selectors_choose_and_unreadable_ones_are_refused(api: Served) -> None:
    for name in ("a", "b"):
        api.call("POST", CONFIG_MAPS, config_map() | {"metadata": {"name": name, "labels": {"n": name}}})
    by_label = api.call("GET", f"{CONFIG_MAPS}?labelSelector={quote('n in (a,z)')}").body["items"]
    by_field = api.call("GET", f"{CONFIG_MAPS}?fieldSelector={quote('metadata.name!=a')}").body["items"]
    assert [[each["metadata"]["name"] for each in found] for found in (by_label, by_field)] == [["a"], ["b"]]
    assert api.call("GET", f"{CONFIG_MAPS}?fieldSelector=data.a%3D1").code == 400


def test_tables_and_partial_lists_are_served_to_who_asks(api: Served) -> None:
    api.call("POST", CONFIG_MAPS, config_map(a="1"))
    table = api.call("GET", CONFIG_MAPS, Accept=TABLE).body
    assert (table["kind"], table["rows"][0]["cells"][:2]) == ("Table", ["c", 1])
    partial = api.call("GET", CONFIG_MAPS, Accept=PARTIAL).body
    assert partial["kind"] == "PartialObjectMetadataList"
    assert "data" not in partial["items"][0]


def test_discovery_grows_with_a_definition(api: Served) -> None:
    assert api.call("GET", "/apis/example.com/v1").code == 404
    api.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition())
    listed = api.call("GET", "/apis/example.com/v1").body["resources"]
    assert [each["name"] for each in listed] == ["widgets", "widgets/status"]
    whole = api.call(
        "GET", "/apis", Accept="application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    ).body
    assert "example.com" in [each["metadata"]["name"] for each in whole["items"]]
    api.call("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.example.com")
    assert api.call("GET", "/apis/example.com/v1").code == 404
