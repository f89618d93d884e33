"""A server's port, which can be closed for a while and opened again."""

import asyncio

from aiohttp import web


class Port:
    """Where a runner listens."""

    def __init__(self, runner: web.BaseRunner) -> None:
        self._runner = runner
        self._site: web.TCPSite | None = None
        self._host = ""
        self._reopening: asyncio.Task[None] | None = None
        self.number = 0

    async def open(self, host: str, number: int) -> None:
        """Listen; raises OSError if the port is taken."""
        site = web.TCPSite(self._runner, host, number)
        await site.start()
        self._site, self._host = site, host
        self.number = int(self._runner.addresses[0][1])

    async def refuse(self, seconds: float | None) -> None:
        """Refuse connections for so long, or until `accept`; cut those that are open."""
        if self._site is None:
            return
        site, self._site = self._site, None
        await self._settle(site)
        await site.stop()
        for connection in list(self._runner.server.connections if self._runner.server is not None else ()):
            if connection.transport is not None:
                connection.transport.abort()
        if seconds is not None:
            self._reopening = asyncio.create_task(self._accept_after(seconds))

    async def accept(self) -> None:
        """Listen again, if the port is closed."""
        if self._site is None and self.number:
            await self.open(self._host, self.number)

    async def close(self) -> None:
        """Stay closed."""
        self.number = 0
        if self._reopening is not None:
            self._reopening.cancel()
            await asyncio.gather(self._reopening, return_exceptions=True)

    async def _settle(self, site: web.TCPSite) -> None:
        """Accept nobody any more and let those who were accepted arrive: a closed server can take none of them."""
        loop, server = asyncio.get_running_loop(), site._server  # pyright: ignore[reportPrivateUsage]
        for listening in server.sockets if isinstance(server, asyncio.Server) else ():
            loop.remove_reader(listening.fileno())
        for _ in range(2):
            await asyncio.sleep(0)

    async def _accept_after(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self.accept()
