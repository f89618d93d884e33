"""A client of both sandbox servers that knows nothing but HTTP."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from reaper_tui.sandbox.service import Sandbox, SandboxOptions

LOST = (aiohttp.ClientError, ConnectionError, TimeoutError)


class Client:
    """Speaks to one sandbox as its two bots, each request on a connection of its own."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session
        facts = sandbox.facts()
        self.discord, self.fluxer, self.control = facts["discord"], facts["fluxer"], facts["control"]
        self.guild = f"/guilds/{self.discord['guild_id']}"
        self.community = f"/guilds/{self.fluxer['community_id']}"

    async def set(self, *faults: str | dict[str, Any]) -> None:
        """Turn on exactly these faults through the control server."""
        async with self.session.post(self.control + "/faults", json={"faults": faults}) as response:
            assert response.status == 200, await response.text()

    async def report(self) -> list[dict[str, Any]]:
        """What became of the faults that are on."""
        async with self.session.get(self.control + "/faults") as response:
            return (await response.json())["report"]

    async def struck(self) -> int:
        """How often the faults struck."""
        return sum(row["struck"] for row in await self.report())

    async def ask(
        self, side: dict[str, str], method: str, path: str, body: Any = None, *, as_bot: bool = True, **options: Any
    ) -> tuple[int, Any, bytes]:
        """Status, headers and body of an answer."""
        headers = {"Authorization": f"Bot {side['token']}"} if as_bot else {}
        address = side["api_base"] + path
        async with self.session.request(method, address, json=body, headers=headers, **options) as response:
            return response.status, response.headers, await response.read()

    async def json(self, side: dict[str, str], method: str, path: str, body: Any = None, **options: Any) -> Any:
        """The JSON of an answer that must be a success."""
        status, _, raw = await self.ask(side, method, path, body, **options)
        assert status < 300, (status, raw[:300])
        return json.loads(raw) if raw else None

    async def is_lost(self, side: dict[str, str], method: str, path: str, body: Any = None, **options: Any) -> bool:
        """Whether no answer comes."""
        try:
            await self.ask(side, method, path, body, **options)
        except LOST:
            return True
        return False

    async def general(self) -> str:
        """The target's first text channel."""
        channels = await self.json(self.fluxer, "GET", self.community + "/channels")
        return next(each["id"] for each in channels if each["type"] == 0)

    async def webhook(self) -> str:
        """The path of a new webhook in the first text channel."""
        made = await self.json(self.fluxer, "POST", f"/channels/{await self.general()}/webhooks", {"name": "Importer"})
        return f"/webhooks/{made['id']}/{made['token']}?wait=true"

    async def texts(self) -> list[str]:
        """What stands in the first text channel, oldest first, without the join notice."""
        rows = await self.json(self.fluxer, "GET", f"/channels/{await self.general()}/messages?limit=100")
        return [row["content"] for row in reversed(rows) if row.get("webhook_id")]

    async def post(self, hook: str, content: str, **more: Any) -> tuple[int, Any, bytes]:
        """Post through a webhook."""
        return await self.ask(self.fluxer, "POST", hook, {"content": content, **more}, as_bot=False)

    async def upload(self, hook: str, name: str, file: bytes, content: str = "") -> tuple[int, Any, bytes]:
        """Post one file through a webhook."""
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps({"content": content, "attachments": [{"id": 0, "filename": name}]}))
        form.add_field("files[0]", io.BytesIO(file), filename=name)
        return await self.ask(self.fluxer, "POST", hook, as_bot=False, data=form)

    async def attachments(self, wanted: int) -> list[tuple[str, str, dict[str, Any]]]:
        """Some attachments of the source: channel id, message id, and what the message says of the file."""
        community = self.sandbox.discord.community
        found: list[tuple[str, str, dict[str, Any]]] = []
        for place, messages in community.messages.items():
            for message in messages:
                if message.attachments and len(found) < wanted and 2000 < message.attachments[0].size < 3_000_000:
                    row = {"id": str(message.attachments[0].id), "size": message.attachments[0].size}
                    row["url"] = self.sandbox.discord._writer.attachment(message.attachments[0], place)["url"]
                    found.append((str(place), str(message.id), row))
        return found

    async def fetch(self, address: str) -> tuple[int, bytes]:
        """Status and bytes of a file."""
        async with self.session.get(address) as response:
            return response.status, await response.read()


@asynccontextmanager
async def client_of(*faults: str, speed: float = 1000.0, messages: int = 600) -> AsyncIterator[Client]:
    """Start a sandbox with these faults and give a client of it."""
    options = SandboxOptions(channels=9, messages=messages, speed=speed, faults=faults)
    async with Sandbox(options) as sandbox:
        connector = aiohttp.TCPConnector(force_close=True)
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
            yield Client(sandbox, session)
