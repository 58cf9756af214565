"""Agent pools through the real SDK, begun and looked at: no poller, no thread."""

from __future__ import annotations

from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError

from .conftest import House, eventually

A100 = "Standard_NC24ads_A100_v4"
ZONED = {"availabilityZones": ["2"]}
SPOT = {"scaleSetPriority": "Spot"}


def put(house: House, name: str, **properties: Any) -> None:
    body: Any = {"properties": {"vmSize": A100, "count": 1, **properties}}
    house.client.agent_pools.begin_create_or_update(*house.at, name, body, polling=False)


def refused(house: House, name: str, **properties: Any) -> HttpResponseError:
    with pytest.raises(HttpResponseError) as failure:
        put(house, name, **properties)
    return failure.value


def codes(error: Any) -> list[str]:
    """An error's codes from the outermost in, whether the SDK read it or it is a document."""
    if isinstance(error, dict):
        inner = error.get("details") or ()
        return [error["code"], *(code for one in inner for code in codes(one))]
    return [error.code, *(code for one in error.details or () for code in codes(one))]


def ended(house: House, name: str) -> dict[str, Any]:
    """A pool's properties once nothing happens to it any more."""

    def look() -> dict[str, Any] | None:
        told: dict[str, Any] = house.client.agent_pools.get(*house.at, name).as_dict()["properties"]
        return told if told["provisioningState"] in ("Succeeded", "Failed", "Canceled") else None

    found: dict[str, Any] = eventually(look)
    return found
