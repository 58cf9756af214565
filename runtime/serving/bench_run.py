"""The benchmark as a child of the server: it asks over HTTP as anybody does, and costs the server no time but
for the answers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

from runtime.serving.document import ServingConfig
from runtime.serving.own_address import own_address
from runtime.telemetry import Benchmark, benchmark_line, say


async def run_benchmark(config: ServingConfig, port: int, clients: int) -> dict[str, float]:
    """Run it beside this server and give its figures; none when it found nothing. Its lines go to our log,
    and where it could not write its own end, we do."""
    child = await asyncio.create_subprocess_exec(
        *_command(config, port, clients), stdout=asyncio.subprocess.PIPE
    )
    found: dict[str, object] = {}
    try:
        assert child.stdout is not None
        async for raw in child.stdout:
            line = raw.decode()
            sys.stdout.write(line)
            sys.stdout.flush()
            found = _told(line) or found
        if await child.wait() and not found:
            say(benchmark_line(Benchmark(error=f"the benchmark ended with exit code {child.returncode}")))
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return {name: float(value) for name, value in found.items() if isinstance(value, int | float)}


def leave_benchmark(config: ServingConfig) -> None:
    """Start it for an engine that takes this process over: it waits for the engine, writes to our log, and
    ends with us. Of several pods only the first one answers questions."""
    if config.benchmark.seconds > 0 and os.environ.get("POD_INDEX", "0") == "0":
        subprocess.Popen(_command(config, config.port, 0))


def _told(line: str) -> dict[str, object]:
    """The figures in a line of telemetry about the benchmark; nothing in any other."""
    told = json.loads(line) if line.startswith("{") else {}
    return dict(told.get("benchmark", {}))


def _command(config: ServingConfig, port: int, clients: int) -> list[str]:
    wish = config.benchmark.model_dump_json()
    return [
        sys.executable,
        "-m",
        "runtime.serving.benchmark",
        own_address(config.host, port),
        config.model.served_name,
        wish,
        str(clients),
    ]
