"""The ARM API as the real SDK meets it, and by raw HTTP where the SDK hides what is on the wire."""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from azure.core.exceptions import (
    ResourceNotFoundError,
)
from azure.core.rest import HttpRequest

from .conftest import Build, House, eventually

GPU = {"vmSize": "Standard_NC24ads_A100_v4", "count": 1}


def test_the_cluster_says_that_it_runs_and_how_many_pools_it_takes(house: House) -> None:
    cluster = house.client.managed_clusters.get(*house.at)
    assert (cluster.provisioning_state, cluster.power_state.code) == ("Succeeded", "Running")
    assert cluster.node_resource_group == "MC_towline-sandbox_sandbox_eastus"
    assert cluster.max_agent_pools == 100


def test_a_pool_is_created_and_read_back_as_the_server_filled_it_in(house: House) -> None:
    pool = house.put_pool("filled", osDiskSizeGB=0, nodeTaints=[], scaleSetPriority="Regular")
    assert pool.provisioning_state == "Succeeded"
    told = pool.as_dict()["properties"]
    assert told["osDiskSizeGB"] == 128
    assert (told["osDiskType"], told["kubeletDiskType"], told["maxPods"]) == ("Ephemeral", "OS", 30)
    assert (told["scaleDownMode"], told["mode"], told["osSKU"]) == ("Delete", "User", "Ubuntu")
    assert "nodeTaints" not in told
    assert "scaleSetPriority" not in told


def test_the_vm_size_comes_back_in_the_callers_casing(house: House) -> None:
    assert house.put_pool("casing", vmSize="standard_nc24ADS_a100_v4").vm_size == "standard_nc24ADS_a100_v4"


def test_ids_are_answered_with_resourcegroups_in_lower_case(house: House) -> None:
    house.put_pool("lower")
    assert "/resourcegroups/towline-sandbox/" in house.client.agent_pools.get(*house.at, "lower").id


def test_a_new_pool_is_answered_201_with_an_operation_to_poll_and_no_retry_after(house: House) -> None:
    said = house.arm.ask("PUT", house.pool_path("wire"), {"properties": GPU})
    assert said.status == 201
    assert said.body["properties"]["provisioningState"] == "Creating"
    assert "retry-after" not in said.headers
    assert "x-ms-ratelimit-remaining-subscription-writes" in said.headers
    poll = said.headers["azure-asyncoperation"]
    assert house.arm.ask("GET", poll).body["status"] in ("InProgress", "Succeeded")
    ended = eventually(lambda: (one := house.arm.ask("GET", poll).body)["status"] == "Succeeded" and one)
    assert ended["endTime"] >= ended["startTime"]


def test_a_changed_pool_is_answered_200_and_scales(house: House) -> None:
    house.put_pool("scaled")
    said = house.arm.ask("PUT", house.pool_path("scaled"), {"properties": {**GPU, "count": 3}})
    assert (said.status, said.body["properties"]["provisioningState"]) == (200, "Scaling")
    eventually(lambda: house.client.agent_pools.get(*house.at, "scaled").provisioning_state == "Succeeded")
    assert house.client.agent_pools.get(*house.at, "scaled").count == 3


def test_a_delete_is_answered_202_with_both_addresses_and_ends_in_404(house: House) -> None:
    house.put_pool("gone")
    said = house.arm.ask("DELETE", house.pool_path("gone"))
    assert said.status == 202
    assert {"azure-asyncoperation", "location"} <= set(said.headers)
    eventually(lambda: house.arm.ask("GET", said.headers["location"]).status == 204)
    with pytest.raises(ResourceNotFoundError):
        house.client.agent_pools.get(*house.at, "gone")


def test_the_sdk_deletes_a_pool_and_takes_a_missing_one_for_done(house: House) -> None:
    house.put_pool("twice")
    for _ in range(2):
        house.client.agent_pools.begin_delete(*house.at, "twice", polling_interval=0.05).result()
    assert house.arm.ask("DELETE", house.pool_path("twice")).status == 204


def test_a_missing_pool_and_a_missing_cluster_are_told_apart_by_their_code(house: House) -> None:
    with pytest.raises(ResourceNotFoundError) as pool:
        house.client.agent_pools.get(*house.at, "nosuch")
    with pytest.raises(ResourceNotFoundError) as cluster:
        house.client.agent_pools.get(house.at[0], "nosuch", "nosuch")
    assert pool.value.error is not None
    assert cluster.value.error is not None
    assert (pool.value.error.code, cluster.value.error.code) == ("NotFound", "ResourceNotFound")
    assert "Microsoft.ContainerService/managedClusters/nosuch" in cluster.value.error.message


def test_every_page_of_pools_has_a_next_one_until_an_empty_one(house: House) -> None:
    house.put_pool("paged")
    first = house.arm.ask("GET", f"{house.cluster_path}/agentPools?api-version=2026-08-01").body
    last = house.arm.ask("GET", first["nextLink"]).body
    assert last == {"value": []}
    assert {"paged", "system"} <= {pool.name for pool in house.client.agent_pools.list(*house.at)}


def test_an_operation_can_be_aborted_and_the_pool_deleted_after(build) -> None:
    house = build(pool_seconds=3000)
    poll = house.arm.ask("PUT", house.pool_path("stuck"), {"properties": GPU}).headers["azure-asyncoperation"]
    house.client.agent_pools.begin_abort_latest_operation(*house.at, "stuck", polling_interval=0.05).result()
    assert house.arm.ask("GET", poll).body["status"] == "Canceled"
    assert house.client.agent_pools.get(*house.at, "stuck").provisioning_state == "Canceled"
    assert house.arm.ask("DELETE", house.pool_path("stuck")).status == 202


@pytest.mark.parametrize("quoted", [True, False])
def test_a_write_with_the_right_etag_is_taken_quoted_or_raw(house: House, quoted: bool) -> None:
    name = "etag1" if quoted else "etag2"
    etag = house.put_pool(name).e_tag
    assert '"' not in etag
    sent = f'"{etag}"' if quoted else etag
    assert house.arm.ask("PUT", house.pool_path(name), {"properties": GPU}, If_Match=sent).status == 200


def test_usages_and_skus_are_answered_through_the_sdks_own_door(house: House) -> None:
    house.put_pool("used", vmSize="Standard_NC40ads_H100_v5", count=2)
    root = f"/subscriptions/{house.sandbox.subscription}/providers/Microsoft.Compute"
    usages = house.client.send_request(
        HttpRequest("GET", f"{root}/locations/eastus/usages?api-version=2026-04-01")
    ).json()["value"]
    found = {one["name"]["value"]: (one["currentValue"], one["limit"]) for one in usages}
    assert found["StandardNCadsH100v5Family"] == (80, 2000)
    assert found["cores"][0] >= 80
    skus = house.client.send_request(
        HttpRequest("GET", f"{root}/skus?api-version=2021-07-01&$filter=location eq 'eastus'")
    ).json()["value"]
    traits = {sku["name"]: {one["name"]: one["value"] for one in sku["capabilities"]} for sku in skus}
    assert traits["Standard_NC24ads_A100_v4"]["vCPUs"] == "24"
    assert traits["Standard_NC24ads_A100_v4"]["GPUs"] == "1"


def test_named_machines_are_deleted_and_the_count_with_them(house: House) -> None:
    house.put_pool("picked", count=3)
    path = "/api/v1/nodes?labelSelector=agentpool%3Dpicked"
    names = eventually(
        lambda: len(found := sorted(n["metadata"]["name"] for n in house.objects(path))) == 3 and found
    )
    house.client.agent_pools.begin_delete_machines(
        *house.at, "picked", {"machineNames": [names[1]]}, polling_interval=0.05
    ).result()
    assert house.client.agent_pools.get(*house.at, "picked").count == 2
    eventually(lambda: names_at(house, path) == [names[0], names[2]])


def names_at(house: House, path: str) -> list[str]:
    return sorted(one["metadata"]["name"] for one in house.objects(path))


def test_machines_are_named_as_scale_sets_name_them(house: House) -> None:
    house.put_pool("named")
    (machine,) = house.client.machines.list(*house.at, "named")
    assert re.fullmatch(r"aks-named-\d{8}-vmss000000", machine.name)


def test_addresses_are_read_in_any_case(house: House) -> None:
    assert house.arm.ask("GET", f"{house.cluster_path.upper()}?api-version=2026-08-01").status == 200


def test_requests_are_written_down_with_who_asked(house: House) -> None:
    house.sandbox.requests.clear()
    house.client.agent_pools.get(*house.at, "system")
    assert house.sandbox.requests.count(api="arm", method="GET", path="/agentPools/system", status=200) == 1
    assert house.sandbox.requests.count(agent="azsdk-python") == 1


def test_every_answer_has_ids_of_its_own_and_the_callers_back(house: House) -> None:
    house.sandbox.requests.clear()
    said = house.arm.ask("GET", house.pool_path("system"), x_ms_client_request_id="mine")
    denied = house.arm.ask("GET", house.pool_path("nosuch"))
    ids = [one.headers["x-ms-correlation-request-id"] for one in (said, denied)]
    assert len(set(ids)) == 2
    assert said.headers["x-ms-client-request-id"] == "mine"
    assert "x-ms-client-request-id" not in denied.headers
    assert [asked.correlation for asked in house.sandbox.requests if asked.api == "arm"] == ids
    assert not any(one in str(said.body) + str(denied.body) for one in ids)


def test_the_address_of_an_operation_is_signed(house: House) -> None:
    poll = house.arm.ask("PUT", house.pool_path("signed"), {"properties": GPU}).headers[
        "azure-asyncoperation"
    ]
    assert set(parse_qs(urlsplit(poll).query)) == {"api-version", "t", "c", "s", "h"}


def test_a_pool_takes_twenty_six_minutes_of_the_worlds_time_where_that_was_asked(build: Build) -> None:
    house = build(pool_seconds=1560, speed=5000)
    poll = house.arm.ask("PUT", house.pool_path("slow"), {"properties": GPU}).headers["azure-asyncoperation"]
    ended = eventually(lambda: (one := house.arm.ask("GET", poll).body)["status"] == "Succeeded" and one)
    began, end = (datetime.fromisoformat(ended[name]) for name in ("startTime", "endTime"))
    assert (end - began).total_seconds() >= 1560
