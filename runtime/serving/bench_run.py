"""The benchmark as a child of the server: it asks over HTTP as anybody does, and costs the server no time but
for the answers."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys

from runtime.serving.benchmark import RESULT
from runtime.serving.document import ServingConfig
from runtime.serving.telling import tell


async def run_benchmark(config: ServingConfig, port: int, clients: int) -> dict[str, float]:
    """Run it beside this server and give its figures; none when it found nothing. Its lines go to our log."""
    child = await asyncio.create_subprocess_exec(
        *_command(config, port, clients), stdout=asyncio.subprocess.PIPE
    )
    figures: dict[str, float] = {}
    try:
        assert child.stdout is not None
        async for raw in child.stdout:
            line = raw.decode()
            sys.stdout.write(line)
            sys.stdout.flush()
            if line.startswith(RESULT):
                figures = {
                    name: float(value) for name, value in json.loads(line.removeprefix(RESULT)).items()
                }
        if await child.wait():
            tell("benchmark found nothing", exit_code=child.returncode)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    return figures


def leave_benchmark(config: ServingConfig) -> None:
    """Start it for an engine that takes this process over: it waits for the engine, writes to our log, and
    ends with us. Of several pods only the first one answers questions."""
    if config.benchmark.seconds > 0 and os.environ.get("POD_INDEX", "0") == "0":
        subprocess.Popen(_command(config, config.port, 0))


def _command(config: ServingConfig, port: int, clients: int) -> list[str]:
    address = f"http://{_reachable(config.host)}:{port}"
    wish = config.benchmark.model_dump_json()
    return [
        sys.executable,
        "-m",
        "runtime.serving.benchmark",
        address,
        config.model.served_name,
        wish,
        str(clients),
    ]


def _reachable(host: str) -> str:
    match host:
        case "0.0.0.0":  # noqa: S104  told apart, not listened on
            return "127.0.0.1"
        case "::":
            return "[::1]"
        case _:
            return f"[{host}]" if ":" in host else host
