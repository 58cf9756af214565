"""The sandbox from inside its event loop: the store, the cloud, the world and their two HTTP faces."""

from __future__ import annotations

import secrets
import ssl
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web

from .arm.cloud import Cloud, Terms
from .arm.face import ArmFace
from .arm.place import Place
from .arm.pool import Pool, settle, with_disk
from .arm.quota import Limits
from .arm.sizes import Sizes
from .arm.throttle import Buckets
from .certificate import certificate_of, server_context
from .clock import Clock
from .containers.hub import Hub
from .containers.own_images import OwnImages
from .keeper import Keeper
from .kube.store import Store
from .kubeconfig import write_kubeconfig
from .kubeface import kube_application
from .requests import RequestLog
from .settings import SandboxSettings
from .snapshot import Snapshot, read_snapshot
from .trouble import Troubles
from .world.definitions import karpenter_definitions
from .world.ground import Pace
from .world.world import World, ground_of

_SYSTEM_POOL: dict[str, Any] = {"properties": {"vmSize": "Standard_D4s_v5", "count": 1, "mode": "System"}}


class Embedded:
    """Everything the sandbox runs; made, opened and closed within one event loop."""

    def __init__(self, settings: SandboxSettings, place: Place, requests: RequestLog) -> None:
        """Build the world, from its snapshot where there is one (ValueError where that cannot be read)."""
        self._settings, self._requests = settings, requests
        before = read_snapshot(settings.state / "world.jsonl")
        self._clock = Clock(settings.speed, _beginning(before))
        self._token = before.token if before else secrets.token_urlsafe(24)
        self.troubles = Troubles(settings.troubles)
        self._store = Store(self._clock.now)
        sizes, terms = _sizes(settings.sizes), _terms(settings)
        self._cloud = Cloud(place, sizes, terms, self._clock, self.troubles)
        pace = Pace(settings.node_seconds, settings.image_seconds, settings.load_seconds)
        ground = ground_of(self._store, self._clock, pace, self.troubles)
        self._hub = Hub(settings.runtime, self.troubles) if settings.runtime else None
        own = (OwnImages(settings.runtime, self._hub),) if settings.runtime and self._hub else ()
        self._world = World(ground, self._cloud, (*settings.local_images, *own), settings.state)
        self._keeper = Keeper(settings.state / "world.jsonl", self._look)
        self._fill(before)
        self._runners: list[web.AppRunner] = []

    async def open(self) -> tuple[str, str]:
        """Set the world going and open both APIs; the addresses of the Kubernetes and the ARM one."""
        if self._hub:
            self._hub.url = await self._listen(self._hub.application(), 0)
        self._world.start()
        self._store.subscribe(self._keeper.note)
        buckets = Buckets(self._clock) if self._settings.throttling else None
        arm = ArmFace(self._cloud, self.troubles, self._requests.note, buckets).application()
        kube = kube_application(self._store, self._token, self._world.logs, self._requests, self.troubles)
        pem = self._settings.state / "tls.pem"
        kube_url = await self._listen(kube, self._settings.kube_port, server_context(pem))
        arm_url = await self._listen(arm, self._settings.arm_port)
        write_kubeconfig(self._settings.state / "kubeconfig", kube_url, self._token, certificate_of(pem))
        return kube_url, arm_url

    async def close(self) -> None:
        """Close both APIs, end local processes, and write the world down."""
        for runner in self._runners:
            await runner.cleanup()
        await self._world.stop()
        await self._keeper.stop()

    @property
    def hub_url(self) -> str:
        """The address of the hub; "" without one."""
        return self._hub.url if self._hub else ""

    def now(self) -> datetime:
        """The world's time."""
        return self._clock.now()

    def ask(self, *words: str) -> None:
        """Add troubles, or clear them; ValueError for an unknown word."""
        self.troubles.ask(*words)
        self._cloud.look_again()

    async def _listen(self, app: web.Application, port: int, tls: ssl.SSLContext | None = None) -> str:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2, handler_cancellation=True)
        await runner.setup()
        self._runners.append(runner)
        await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
        return f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"

    def _fill(self, before: Snapshot | None) -> None:
        if before:
            self._store.ledger.load(before.objects, before.revision)
            self._cloud.adopt(before.pools, before.operations, before.power)
        else:
            self._cloud.adopt([_system_pool(self._cloud.sizes)], ())
            for definition in karpenter_definitions():
                self._store.create(definition)

    def _look(self) -> Snapshot:
        return Snapshot(
            time=self._clock.now(),
            token=self._token,
            pools=tuple(self._cloud.pools.values()),
            operations=tuple(self._cloud.estate.operations),
            revision=self._store.ledger.revision,
            objects=tuple(self._store.ledger.bodies()),
            power=self._cloud.estate.power,
        )


def _beginning(before: Snapshot | None) -> Any:
    return before.time if before else None


def _sizes(facts: Path | None) -> Sizes:
    return Sizes(yaml.safe_load(facts.read_text()) if facts and facts.exists() else None)


def _terms(settings: SandboxSettings) -> Terms:
    limits = Limits(settings.quota_vcpus, settings.regional_vcpus, settings.spot_vcpus)
    return Terms(settings.pool_seconds, limits, settings.most_pools)


def _system_pool(sizes: Sizes) -> Pool:
    properties = settle(_SYSTEM_POOL, None)
    size = sizes.find(properties["vmSize"])
    if size:
        properties = with_disk(properties, size)
    return Pool("system", properties, "Succeeded", secrets.token_hex(16), machines=(0,), next_machine=1)
