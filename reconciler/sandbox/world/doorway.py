"""A Service of this machine's own processes: a loopback port that leads to whichever pod is behind it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress

_PIECE = 64 * 1024
_NOBODY = b"no pod of this Service answers\n"
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_NOBODY), _NOBODY)
)


class Doorway:
    """Listens on a loopback port and passes each connection on to what `leads_to` gives then; None is
    answered 503."""

    def __init__(self, leads_to: Callable[[], str | None], port: int = 0) -> None:
        """Take the port; another where it is taken."""
        self._leads_to = leads_to
        listener = _listening(port)
        self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self._passing: set[asyncio.Task[None]] = set()
        self._server = asyncio.get_running_loop().create_task(
            asyncio.start_server(self._pass_on, sock=listener)
        )

    async def close(self) -> None:
        """Close the port and cut what goes through it."""
        (await self._server).close()
        for task in tuple(self._passing):
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a server's callback runs in a task of its own"
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        try:
            with suppress(OSError):  # one of the two sides is gone, and the other is let go of
                await self._join(reader, writer)
        finally:
            writer.close()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        opened = await _opened(self._leads_to())
        if opened is None:
            await reader.read(_PIECE)
            writer.write(_REFUSAL)
            await writer.drain()
            return
        there_reader, there_writer = opened
        asking = asyncio.create_task(_pump(reader, there_writer))
        try:
            await _pump(there_reader, writer)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
            there_writer.close()


async def _opened(address: str | None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    if address is None:
        return None
    host, _, port = address.rpartition(":")
    with suppress(OSError):
        return await asyncio.open_connection(host, int(port))
    return None


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until there are no more, and say so."""
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def _listening(port: int) -> socket.socket:
    """A socket on this port; on any free one where it is taken."""
    for wanted in (port, 0):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", wanted))
            break
        except OSError:
            listener.close()
            if not wanted:
                raise
    listener.listen()
    listener.setblocking(False)
    return listener
