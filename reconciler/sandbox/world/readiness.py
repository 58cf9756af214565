"""When a local process counts as ready: its probe answers, or its port is open."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aiohttp

_BETWEEN_PROBES = 0.25


async def until_ready(port: int, container: Mapping[str, Any], health: str = "") -> None:
    """Wait until a container's HTTP probe answers; where it is probed by a command, until `health` does, and
    where it has but ports, until one is open; else not at all."""
    probe = container.get("readinessProbe") or container.get("startupProbe") or {}
    path = (probe.get("httpGet") or {}).get("path") or (health if probe else "")
    if path:
        await _until_answered(f"http://127.0.0.1:{port}{path}")
    elif container.get("ports"):
        await _until_open(port)


async def _until_answered(url: str) -> None:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        while True:
            with suppress(aiohttp.ClientError, TimeoutError):
                async with session.get(url) as response:
                    if response.status < 400:
                        return
            await asyncio.sleep(_BETWEEN_PROBES)


async def _until_open(port: int) -> None:
    while True:
        with suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(_BETWEEN_PROBES)
