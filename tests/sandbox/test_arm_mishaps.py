"""What is lost, cut off, withheld or held up on its way; and whom a trouble strikes."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, IncompleteReadError, ResourceNotFoundError
from azure.core.rest import HttpRequest

from .conftest import House, eventually
from .pools import SPOT, ZONED, ended, put


@pytest.mark.parametrize(
    ("trouble", "path"), [("no-quota-api", "locations/eastus/usages"), ("no-sku-api", "skus")]
)
def test_what_compute_will_not_tell_is_a_403(troubled: House, trouble: str, path: str) -> None:
    compute = f"/subscriptions/{troubled.sandbox.subscription}/providers/Microsoft.Compute"
    url = f"{compute}/{path}?api-version=2021-07-01"
    troubled.sandbox.ask(trouble)
    answer = troubled.client.send_request(HttpRequest("GET", url))
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "AuthorizationFailed")
    troubled.sandbox.ask("none")
    assert troubled.client.send_request(HttpRequest("GET", url)).status_code == 200


def test_a_lost_list_is_the_parents_404_and_not_an_empty_list(troubled: House) -> None:
    troubled.sandbox.ask("lost-list:1")
    with pytest.raises(ResourceNotFoundError) as failure:
        list(troubled.client.agent_pools.list(*troubled.at))
    assert failure.value.error is not None
    assert failure.value.error.code == "ResourceNotFound"
    assert "system" in {pool.name for pool in troubled.client.agent_pools.list(*troubled.at)}


def test_a_stale_list_leaves_out_a_pool_that_can_be_read(troubled: House) -> None:
    put(troubled, "unseen")
    troubled.sandbox.ask("stale-list:1@unseen")
    assert "unseen" not in {pool.name for pool in troubled.client.agent_pools.list(*troubled.at)}
    assert troubled.client.agent_pools.get(*troubled.at, "unseen").name == "unseen"
    assert "unseen" in {pool.name for pool in troubled.client.agent_pools.list(*troubled.at)}


def test_a_truncated_list_gives_its_first_page_and_fails_on_the_next(troubled: House) -> None:
    troubled.sandbox.ask("truncated-list:1")
    with pytest.raises(HttpResponseError) as failure:
        list(troubled.client.agent_pools.list(*troubled.at))
    assert failure.value.status_code == 500


def test_a_reset_write_has_taken_effect_though_its_answer_is_lost(troubled: House) -> None:
    troubled.sandbox.ask("reset:1@agentPools/lost")
    with pytest.raises(IncompleteReadError) as failure:
        put(troubled, "lost")
    assert failure.value.response is None  # nor a status: whether the write was taken is not to be known
    assert ended(troubled, "lost")["provisioningState"] == "Succeeded"
    assert troubled.sandbox.requests.count(method="PUT", path="/agentPools/lost", status=0) == 1


def test_too_many_pools_are_told_beforehand_by_the_cluster(troubled: House) -> None:
    pools = len(list(troubled.client.agent_pools.list(*troubled.at)))
    troubled.sandbox.ask("too-many-pools")
    assert troubled.client.managed_clusters.get(*troubled.at).max_agent_pools == pools
    troubled.sandbox.ask("none")
    assert troubled.client.managed_clusters.get(*troubled.at).max_agent_pools == 100


def test_a_stuck_pool_goes_on_when_the_trouble_is_taken_back(troubled: House) -> None:
    troubled.sandbox.ask("stuck-creating@stuck")
    put(troubled, "stuck")
    put(troubled, "other")
    assert ended(troubled, "other")["provisioningState"] == "Succeeded"
    assert troubled.client.agent_pools.get(*troubled.at, "stuck").provisioning_state == "Creating"
    troubled.sandbox.ask("stuck-creating:0")
    assert ended(troubled, "stuck")["provisioningState"] == "Succeeded"


def test_a_stuck_pool_can_be_aborted_and_deleted(troubled: House) -> None:
    troubled.sandbox.ask("stuck-creating@aborted")
    put(troubled, "aborted")
    assert troubled.arm.ask("DELETE", troubled.pool_path("aborted")).status == 409
    troubled.client.agent_pools.begin_abort_latest_operation(*troubled.at, "aborted", polling=False)
    assert ended(troubled, "aborted")["provisioningState"] == "Canceled"
    troubled.client.agent_pools.begin_delete(*troubled.at, "aborted", polling=False)
    eventually(lambda: troubled.arm.ask("GET", troubled.pool_path("aborted")).status == 404)


def test_a_pool_stays_deleting_until_the_trouble_is_taken_back(troubled: House) -> None:
    put(troubled, "sticky")
    ended(troubled, "sticky")
    troubled.sandbox.ask("stuck-deleting@sticky")
    poll = troubled.arm.ask("DELETE", troubled.pool_path("sticky")).headers["azure-asyncoperation"]
    put(troubled, "pastime")
    ended(troubled, "pastime")
    assert troubled.arm.ask("GET", poll).body["status"] == "InProgress"
    assert troubled.client.agent_pools.get(*troubled.at, "sticky").provisioning_state == "Deleting"
    troubled.sandbox.ask("none")
    eventually(lambda: troubled.arm.ask("GET", troubled.pool_path("sticky")).status == 404)


@pytest.mark.parametrize(
    ("number", "only", "spared", "struck"),
    [
        (1, "spot", {}, SPOT),
        (2, "on-demand", SPOT, {}),
        (3, "zone-2", {"availabilityZones": ["1"]}, ZONED),
        (4, "nc24ads+spot", {}, SPOT),
        (5, "zone-2+spot", {**ZONED}, {**ZONED, **SPOT}),
    ],
)
def test_a_filter_names_capacity_type_zone_and_size(
    troubled: House, number: int, only: str, spared: dict[str, Any], struck: dict[str, Any]
) -> None:
    troubled.sandbox.ask(f"no-capacity@{only}")
    put(troubled, f"one{number}", **spared)
    put(troubled, f"two{number}", **struck)
    assert ended(troubled, f"one{number}")["provisioningState"] == "Succeeded"
    assert ended(troubled, f"two{number}")["provisioningState"] == "Failed"
