"""The Discord server: REST, gateway and CDN on one loopback port."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from reaper_tui.sandbox.community.nouns import Community
from reaper_tui.sandbox.discord_server.buckets import Buckets
from reaper_tui.sandbox.discord_server.cdn import Cdn
from reaper_tui.sandbox.discord_server.changes import Changes
from reaper_tui.sandbox.discord_server.faults import Faults
from reaper_tui.sandbox.discord_server.gateway import Gateway
from reaper_tui.sandbox.discord_server.inventory import inventory_of
from reaper_tui.sandbox.discord_server.metrics import Metrics
from reaper_tui.sandbox.discord_server.rest import Rest
from reaper_tui.sandbox.discord_server.signing import Signer
from reaper_tui.sandbox.discord_server.store import Store
from reaper_tui.sandbox.discord_server.wire_message import MessageWriter
from reaper_tui.sandbox.port import Port


class DiscordServer:
    """Serves one community; changes made while it serves are kept in `store_path` if given."""

    def __init__(
        self,
        community: Community,
        *,
        speed: float = 1.0,
        clock: Callable[[], float] = time.time,
        store_path: Path | None = None,
    ) -> None:
        self.community = community
        self.store = Store(community)
        self._signer = Signer(community.seed, clock)
        self.faults = Faults(self.store, self._signer, speed, community.seed)
        self._writer = MessageWriter(self.store, self._signer)
        self._changes = Changes(self.store, self._writer, clock)
        self._metrics = Metrics()
        self.gateway = Gateway(self.store, self.faults, lambda: self.facts()["gateway"])
        self._rest = Rest(
            self.store,
            self._writer,
            Buckets(clock, speed),
            self.faults,
            self._metrics,
            lambda: self.facts()["gateway"],
        )
        self._cdn = Cdn(self.store, self._signer, self.faults, self._metrics)
        self._runner: web.AppRunner | None = None
        self._host = "127.0.0.1"
        self.port = 0
        self._store_path = store_path
        if store_path is not None and store_path.exists():
            self._replay(store_path)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen on `port`, or on a free one; raises OSError if it is taken."""
        application = web.Application(client_max_size=1 << 20)
        self._rest.add_to(application.router)
        self._cdn.add_to(application.router)
        self.gateway.add_to(application.router)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        self.faults.port = listening = Port(self._runner)
        try:
            await listening.open(host, port)
        except OSError:
            await self.stop()
            raise
        self._host = host
        self.port = listening.number
        self._signer.base = self.facts()["cdn"]

    async def stop(self) -> None:
        """Close every connection and the port."""
        await self.gateway.cut(forget=True)
        if self.faults.port is not None:
            await self.faults.port.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def facts(self) -> dict[str, str]:
        """Return how to reach the server."""
        where = f"{self._host}:{self.port}"
        return {
            "api_base": f"http://{where}/api/v10",
            "gateway": f"ws://{where}/gateway",
            "cdn": f"http://{where}/cdn",
            "token": self.store.token,
            "guild_id": str(self.community.id),
        }

    async def change(self, wish: dict[str, Any]) -> dict[str, Any]:
        """Let somebody write, edit, delete, react…; return the change with its time and ids.

        Raises ChangeError if it cannot be made.
        """
        completed, events = self._changes.apply(wish)
        if self._store_path is not None:
            with self._store_path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(completed, ensure_ascii=False) + "\n")
        for event in events:
            await self.gateway.dispatch(event)
        return completed

    def state(self) -> dict[str, Any]:
        """Return what the guild holds, with message counts by container."""
        return inventory_of(self.store) | {"gateway_sessions": self.gateway.session_count}

    def metrics(self) -> dict[str, Any]:
        """Return the requests so far by route and status, and the bytes sent."""
        return self._metrics.snapshot()

    def _replay(self, path: Path) -> None:
        text = path.read_text("utf-8")
        for line in text.splitlines(keepends=True):
            if line.endswith("\n"):
                self._changes.apply(json.loads(line))
        # A kill in the middle of a write leaves half a line, which nobody was told about.
        complete = text[: text.rfind("\n") + 1]
        if complete != text:
            path.write_text(complete, "utf-8")
