"""What Towline relies on when it reads a Kubernetes API, held by the real server and by the sandbox alike."""

from __future__ import annotations

from tests.cluster.contract import Space, config_map


def test_a_list_comes_in_pages_of_one_revision(space: Space) -> None:
    for number in range(5):
        space.make(f"c{number}")
    listed = f"{space.maps()}?labelSelector=t%3D1&limit=2"

    first = space.get(listed).body
    second = space.get(f"{listed}&continue={first['metadata']['continue']}").body
    last = space.get(f"{listed}&continue={second['metadata']['continue']}").body

    names = [each["metadata"]["name"] for page in (first, second, last) for each in page["items"]]
    assert names == ["c0", "c1", "c2", "c3", "c4"]
    assert len({page["metadata"]["resourceVersion"] for page in (first, second, last)}) == 1
    assert not last["metadata"].get("continue")
    assert (first["kind"], first["apiVersion"]) == ("ConfigMapList", "v1")
    assert "kind" not in first["items"][0]


def test_a_whole_list_in_pages_tells_how_much_is_left(space: Space) -> None:
    for number in range(3):
        space.make(f"c{number}")
    whole = len(space.get(space.maps()).body["items"])

    assert space.get(f"{space.maps()}?limit=1").body["metadata"]["remainingItemCount"] == whole - 1


def test_a_continue_token_that_is_none_is_refused(space: Space) -> None:
    assert space.get(f"{space.maps()}?limit=1&continue=nonsense").code == 400


def test_selectors_choose(space: Space) -> None:
    space.make("a", labels={"tier": "one"})
    space.make("b", labels={"tier": "two"})
    space.make("c")

    def chosen(selector: str) -> list[str]:
        return [each["metadata"]["name"] for each in space.get(f"{space.maps()}?{selector}").body["items"]]

    assert chosen("labelSelector=tier%20in%20(one,two)") == ["a", "b"]
    assert chosen("labelSelector=t,tier!%3Done") == ["b", "c"]
    assert chosen("labelSelector=t,!tier") == ["c"]
    assert chosen("fieldSelector=metadata.name%3Db") == ["b"]
    assert space.get(f"{space.maps()}?labelSelector=%3D%3Dx").code == 400
    assert space.get(f"{space.maps()}?fieldSelector=data.a%3D1").code == 400


def test_a_watch_tells_what_came_after_a_list_in_order(space: Space) -> None:
    since = space.get(space.maps()).body["metadata"]["resourceVersion"]
    space.make("a")
    space.merge(space.maps("a"), {"data": {"a": "2"}})
    space.delete(space.maps("a"))

    told = space.plane.events(f"{space.maps()}?watch=true&labelSelector=t%3D1&resourceVersion={since}", 3)

    assert [each["type"] for each in told] == ["ADDED", "MODIFIED", "DELETED"]
    revisions = [int(each["object"]["metadata"]["resourceVersion"]) for each in told]
    assert revisions == sorted(revisions)
    assert (told[0]["object"]["kind"], told[0]["object"]["apiVersion"]) == ("ConfigMap", "v1")


def test_a_watch_with_a_selector_takes_leaving_for_deletion(space: Space) -> None:
    since = space.make("a", labels={"tier": "one"}).body["metadata"]["resourceVersion"]
    space.merge(space.maps("a"), {"metadata": {"labels": {"tier": "two"}}})
    space.merge(space.maps("a"), {"metadata": {"labels": {"tier": "one"}}})

    path = f"{space.maps()}?watch=true&labelSelector=tier%3Done&resourceVersion={since}"

    assert [each["type"] for each in space.plane.events(path, 2)] == ["DELETED", "ADDED"]


def test_a_watch_without_a_revision_begins_with_what_there_is(space: Space) -> None:
    space.make("a")
    space.make("b")

    told = space.plane.events(f"{space.maps()}?watch=true&labelSelector=t%3D1", 2)

    assert {(each["type"], each["object"]["metadata"]["name"]) for each in told} == {
        ("ADDED", "a"),
        ("ADDED", "b"),
    }


def test_a_watch_ends_when_its_time_is_over_and_tells_of_no_change(space: Space) -> None:
    since = space.make("a").body["metadata"]["resourceVersion"]

    told = space.plane.events(
        f"{space.maps()}?watch=true&allowWatchBookmarks=true&timeoutSeconds=2"
        f"&labelSelector=t%3D1&resourceVersion={since}"
    )

    assert {each["type"] for each in told} <= {"BOOKMARK"}


def test_what_is_forgotten_is_told_so(space: Space) -> None:
    for name in "ab":
        space.make(name)
    page = space.get(f"{space.maps()}?limit=1").body["metadata"]
    space.merge(space.maps("a"), {"data": {"a": "2"}})
    space.plane.forget()

    path = f"{space.maps()}?watch=true&resourceVersion={page['resourceVersion']}"
    [told] = space.plane.events(path, 1)
    expired = space.get(f"{space.maps()}?limit=1&continue={page['continue']}")

    assert (told["type"], told["object"]["code"], told["object"]["reason"]) == ("ERROR", 410, "Expired")
    assert (expired.code, expired.reason) == (410, "Expired")


def test_metadata_alone_can_be_asked_for(space: Space) -> None:
    space.make("a")
    partial = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"

    listed = space.plane.call("GET", f"{space.maps()}?labelSelector=t", Accept=partial).body

    assert (listed["kind"], listed["apiVersion"]) == ("PartialObjectMetadataList", "meta.k8s.io/v1")
    [item] = listed["items"]
    assert item["metadata"]["name"] == "a"
    assert "data" not in item


def test_what_is_not_there_is_404_with_its_name(space: Space) -> None:
    missing, unserved = space.get(space.maps("nobody")), space.get("/apis/apps/v1/gizmos")
    strange = space.get("/apis/gizmos.example.com/v1/gizmos")

    assert (missing.code, missing.reason) == (404, "NotFound")
    assert missing.body["details"] == {"name": "nobody", "kind": "configmaps"}
    assert (unserved.code, unserved.reason) == (404, "NotFound")
    assert (strange.code, strange.body) == (404, "404 page not found\n")


def test_a_name_is_made_where_one_is_asked_for(space: Space) -> None:
    wanted = config_map("x")
    wanted["metadata"] = {"generateName": "made-"}

    names = {space.plane.call("POST", space.maps(), wanted).body["metadata"]["name"] for _ in range(2)}

    assert len(names) == 2
    assert all(name.startswith("made-") and len(name) == 10 for name in names)
