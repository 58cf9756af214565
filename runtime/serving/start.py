"""The course of a serving process: answer /health at once, fetch, load, be ready, drain.

The small engine answers on the very server that was there from the start. For vLLM that server ends just
before vLLM takes the port.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from runtime.artifacts import Passing, Progress, fetch
from runtime.serving.adapter_watch import LOOK_SECONDS as LOOK_EVERY_SECONDS
from runtime.serving.adapter_watch import Watch
from runtime.serving.app import build_app
from runtime.serving.aside import aside
from runtime.serving.bench_run import run_benchmark
from runtime.serving.document import ServingConfig, Small, Vllm
from runtime.serving.meters import Meters
from runtime.serving.own_address import own_address
from runtime.serving.server import Server, listen
from runtime.serving.standing import Draining, Loading, Ready, Standing
from runtime.serving.telling import tell
from runtime.telemetry import Downloads

LOOK_SECONDS = 1.0


class Course:
    """One process from start to end, or until vLLM takes over. `fetched` is the last that is known of the
    download of the weights; None where none was needed."""

    def __init__(self, config: ServingConfig) -> None:
        self.fetched: Progress | None = None
        self._config = config
        self._began = time.monotonic()
        self._downloads = Downloads()
        self._standing = Standing()
        self._meters = Meters(config.model.served_name)
        self._stop = asyncio.Event()
        app = build_app(self._standing, self._meters, adapters_may_change=config.adapters.may_change)
        self._server = Server(app, self._told_to_stop)

    async def run(self) -> Path | None:
        """Serve until told to stop. Gives the weights when it is vLLM's turn; raises a Fault when it cannot
        go on."""
        socket = listen(self._config.host, self._config.port)
        port = socket.getsockname()[1]
        tell("listening", host=self._config.host, port=port)
        serving = asyncio.create_task(self._server.serve(sockets=[socket]))
        living = asyncio.create_task(self._live(port))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            await asyncio.wait({serving, living, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if stopping.done():
                await self._drain()
            return living.result() if living.done() else None
        finally:
            living.cancel()
            stopping.cancel()
            self._server.finish()
            await serving

    async def _live(self, port: int) -> Path:
        weights, _ = await asyncio.gather(self._fetch(), self._check())
        if not isinstance(self._config.engine, Small):
            return weights
        adapters = Watch(own_address(self._config.host, port), Path(self._config.adapters.folder))
        await self._open(self._config.engine, weights)
        await asyncio.gather(
            self._watch(), self._measure(self._config.engine, port), self._follow_adapters(adapters)
        )
        return weights

    async def _fetch(self) -> Path:
        source, folder = self._config.model.source, Path(self._config.model.folder)
        self._standing.now = Loading("fetching the weights")
        weights = await aside(lambda: fetch(source, folder, self._tell_progress, expects="model"))
        tell("weights are here", folder=weights, seconds=self._seconds())
        return weights

    async def _check(self) -> None:
        """A mistake in vLLM's arguments is told before hours of download, not after."""
        if isinstance(self._config.engine, Vllm):
            from runtime.serving.vllm import check

            await aside(lambda: check(self._config))

    async def _open(self, small: Small, weights: Path) -> None:
        self._standing.now = Loading("loading the model")
        loop = asyncio.get_running_loop()

        def opened() -> Ready:
            from runtime.serving.small.opening import open_desk  # brings torch, which takes seconds

            return Ready(open_desk(self._config, small, weights, self._meters, loop))

        ready = await aside(opened)
        if self._stop.is_set():
            return
        self._standing.now = ready
        self._meters.ready.set(1)
        self._meters.ready_after.set(self._seconds())
        adapters = list(ready.desk.shelf.names)
        tell("ready", seconds=self._seconds(), limit_tokens=ready.desk.engine.limit, adapters=adapters)

    async def _measure(self, small: Small, port: int) -> None:
        """The benchmark, if one is wanted. It shares the machine with whoever asks meanwhile."""
        if self._config.benchmark.seconds > 0:
            clients = small.most_running
            figures = await run_benchmark(self._config, port, clients)
            for name, value in figures.items():
                self._meters.benchmark.labels(name).set(value)

    async def _follow_adapters(self, adapters: Watch) -> None:
        """Load and unload what comes and goes in their folder, where that is wanted."""
        while self._config.adapters.may_change and isinstance(self._standing.now, Ready):
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            await aside(adapters.once)

    async def _watch(self) -> None:
        """Returns never: the engine has nothing to end for."""
        while isinstance(self._standing.now, Ready):
            if why := self._standing.now.desk.engine.why_dead():
                raise Passing(f"The engine stopped: {why}.")
            await asyncio.sleep(LOOK_SECONDS)
        await asyncio.Event().wait()

    async def _drain(self) -> None:
        ready, self._standing.now = self._standing.now, Draining()
        self._meters.ready.set(0)
        if not isinstance(ready, Ready):
            tell("stopped while loading")
            return
        turns, engine = ready.desk.turns, ready.desk.engine
        tell("draining", running=turns.running, waiting=turns.waiting, seconds=self._config.drain_seconds)
        try:
            async with asyncio.timeout(self._config.drain_seconds):
                await turns.idle()
        except TimeoutError:
            tell("broken off", running=turns.running, waiting=turns.waiting)
        await asyncio.to_thread(engine.stop, LOOK_SECONDS)

    def _told_to_stop(self) -> None:
        asyncio.get_running_loop().call_soon_threadsafe(self._stop.set)

    def _tell_progress(self, progress: Progress) -> None:
        """Called by the thread that fetches."""
        self.fetched = progress
        self._meters.download.show(progress)
        self._standing.now = Loading(_words(progress))
        self._downloads.tell(progress)

    def _seconds(self) -> float:
        return round(time.monotonic() - self._began, 2)


def _words(progress: Progress) -> str:
    done, total = progress.done_bytes / 1e9, progress.total_bytes / 1e9
    speed = progress.bytes_per_second / 1e6
    return f"fetching {progress.what}: {done:.1f} of {total:.1f} GB at {speed:.0f} MB/s"
