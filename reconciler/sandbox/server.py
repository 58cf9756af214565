"""The sandbox as its users hold it: started and stopped from any thread, it runs in one of its own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from datetime import datetime
from types import TracebackType

from .arm.place import Place
from .embedded import Embedded
from .requests import RequestLog
from .settings import SandboxSettings

_PLACE = Place("00000000-0000-0000-0000-000000070514", "towline-sandbox", "sandbox", "eastus")
_LONGEST_STOP = 30.0


class Sandbox:
    """A world of one AKS cluster. Its addresses and kubeconfig are there while it runs."""

    def __init__(self, settings: SandboxSettings) -> None:
        self.settings = settings
        self.kubeconfig = settings.state / "kubeconfig"
        self.subscription, self.resource_group = _PLACE.subscription, _PLACE.group
        self.cluster, self.location = _PLACE.cluster, _PLACE.location
        self.requests = RequestLog()
        self.kube_url = self.arm_url = ""
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._embedded: Embedded | None = None
        self._over: asyncio.Event | None = None

    def __enter__(self) -> Sandbox:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start, and return once both APIs answer. OSError: a port is taken; ValueError: a bad snapshot."""
        if self._thread:
            raise RuntimeError("the sandbox runs already")
        self.settings.state.mkdir(parents=True, exist_ok=True)
        opened: Future[tuple[str, str]] = Future()
        self._thread = threading.Thread(target=self._run, args=(opened,), name="sandbox", daemon=True)
        self._thread.start()
        try:
            self.kube_url, self.arm_url = opened.result()
        except (OSError, ValueError, RuntimeError):
            self._thread.join()
            self._thread = None
            raise

    def stop(self) -> None:
        """Stop: close the APIs, end local processes, write the world down."""
        if self._thread and self._loop and self._over:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(_LONGEST_STOP)
        self._thread = None

    @property
    def hub_url(self) -> str:
        """The address of its hub of models; "" without a runtime."""
        return self._embedded.hub_url if self._embedded else ""

    def now(self) -> datetime:
        """The world's time."""
        if not self._embedded:
            raise RuntimeError("the sandbox does not run")
        return self._embedded.now()

    def ask(self, *words: str) -> None:
        """Add troubles (`no-quota`, `api-500:3@kube` …), or clear all (`none`); ValueError for others."""
        if not self._embedded or not self._loop:
            raise RuntimeError("the sandbox does not run")
        asked: Future[None] = Future()
        self._loop.call_soon_threadsafe(_settle, asked, self._embedded, words)
        asked.result()

    def _run(self, opened: Future[tuple[str, str]]) -> None:
        try:
            asyncio.run(self._main(opened))
        finally:
            if not opened.done():
                opened.set_exception(RuntimeError("the sandbox did not start"))

    async def _main(self, opened: Future[tuple[str, str]]) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        try:
            self._embedded = Embedded(self.settings, _PLACE, self.requests)
            addresses = await self._embedded.open()
        except (OSError, ValueError) as error:
            opened.set_exception(error)
            return
        opened.set_result(addresses)
        await self._over.wait()
        await self._embedded.close()


def _settle(asked: Future[None], embedded: Embedded, words: tuple[str, ...]) -> None:
    try:
        embedded.ask(*words)
    except ValueError as error:
        asked.set_exception(error)
    else:
        asked.set_result(None)
