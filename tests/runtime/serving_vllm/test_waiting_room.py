from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, Gauge

from runtime.artifacts import Progress
from runtime.serving.vllm.asgi import Message, Receive, Scope, Send, answer
from runtime.serving.vllm.environment import WAITING, shown_download
from runtime.serving.vllm.waiting_room import Room, WaitingRoom, room_of


def engine(seats: int, *, data: int = 1, servers: int | None = None) -> Any:
    """What vLLM's app knows of its engine, as far as it is asked."""
    scheduler = SimpleNamespace(max_num_seqs=seats, max_num_active_seqs=None)
    parallel = SimpleNamespace(data_parallel_size=data)
    config = SimpleNamespace(scheduler_config=scheduler, parallel_config=parallel)
    return SimpleNamespace(vllm_config=config, args=SimpleNamespace(api_server_count=servers))


class Place:
    """The middleware before an API whose answers last until they are let go."""

    def __init__(self, *, seats: int, waiting: int) -> None:
        self.registry = CollectorRegistry()
        self.counted = Gauge("vllm:num_requests_waiting", "As vLLM has it.", registry=self.registry)
        self.let_go = asyncio.Event()
        self._room = WaitingRoom(self._api, self.registry, {WAITING: str(waiting)})
        self._app = SimpleNamespace(state=engine(seats))

    async def ask(self, path: str = "/v1/completions", method: str = "POST") -> Message:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        await self._room({"type": "http", "path": path, "method": method, "app": self._app}, receive, send)
        return {**sent[0], "body": sent[1]["body"]}

    def rejected(self) -> float:
        return self.registry.get_sample_value("kaito_ratelimit_rejected_total") or 0

    async def _api(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "POST":
            await self.let_go.wait()
        await answer(send, 200, b"{}")


async def fill(place: Place, number: int) -> list[asyncio.Task[Message]]:
    asked = [asyncio.create_task(place.ask()) for _ in range(number)]
    await asyncio.sleep(0)  # one turn of the loop, in which each of them goes in
    return asked


def test_a_burst_beyond_seats_and_waiting_is_sent_away_with_429() -> None:
    async def story() -> None:
        place = Place(seats=2, waiting=1)
        inside = await fill(place, 3)
        turned_away = await place.ask()
        assert turned_away["status"] == 429
        assert (b"retry-after", b"5") in turned_away["headers"]
        assert json.loads(turned_away["body"])["error"]["code"] == 429
        assert place.rejected() == 1
        assert (await place.ask("/health", "GET"))["status"] == 200
        place.let_go.set()
        assert [task["status"] for task in await asyncio.gather(*inside)] == [200, 200, 200]
        assert (await place.ask())["status"] == 200

    asyncio.run(story())


def test_where_the_engine_has_room_for_fewer_its_own_count_decides() -> None:
    async def story() -> None:
        place = Place(seats=100, waiting=2)
        inside = await fill(place, 3)
        place.counted.set(2)
        assert (await place.ask("/chat"))["status"] == 429
        place.counted.set(1)
        inside += await fill(place, 1)
        place.let_go.set()
        assert len(await asyncio.gather(*inside)) == 4

    asyncio.run(story())


def test_who_leaves_makes_room() -> None:
    async def story() -> None:
        place = Place(seats=1, waiting=0)
        (asked,) = await fill(place, 1)
        assert (await place.ask())["status"] == 429
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        place.let_go.set()
        assert (await place.ask())["status"] == 200

    asyncio.run(story())


@pytest.mark.parametrize(
    ("state", "room"),
    [
        (engine(256), Room(256, 64)),
        (engine(256, data=4), Room(1024, 64)),
        (engine(256, data=4, servers=4), Room(256, 16)),
    ],
)
def test_several_api_processes_share_the_room_of_all_copies(state: Any, room: Room) -> None:
    assert room_of(state, 64) == room


def test_how_the_weights_came_stays_known_while_they_are_served() -> None:
    registry = CollectorRegistry()
    Gauge("vllm:num_requests_waiting", "As vLLM has it.", registry=registry)
    environment = {WAITING: "1", **shown_download(Progress("acme/tiny", 500, 500, 12.5, is_over=True))}
    WaitingRoom(answered, registry, environment)
    assert registry.get_sample_value("kaito_model_download_speed_bytes_per_second") == 12.5
    assert registry.get_sample_value("kaito_model_download_remaining_seconds") == 0
    assert registry.get_sample_value("towline_model_download_bytes") == 500


async def answered(scope: Scope, receive: Receive, send: Send) -> None:
    """An API that has nothing against anything."""
    await answer(send, 200, b"{}")
