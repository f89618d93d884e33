"""A small world for whole runs: both sandbox servers in this process, and a profile's workspace upon them."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Any

from aiohttp import web

from reaper_tui.profile.settings import CopySettings, DiscordSettings, FluxerSettings, Settings, SpeedSettings
from reaper_tui.sandbox.service import Sandbox, SandboxOptions
from reaper_tui.wiring import open_workspace
from reaper_tui.workspace import OpenWorkspace

SPEED = 2000.0
Intercept = Callable[[web.BaseRequest, bytes], Awaitable[web.StreamResponse | None]]


class Trouble:
    """Sits before and behind the Fluxer server: records every request, answers instead of it, loses its replies."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str, Any]] = []
        self.answer_instead: Intercept | None = None
        self.loses_reply: Callable[[web.BaseRequest], bool] = lambda request: False

    async def intercept(self, request: web.BaseRequest) -> web.StreamResponse | None:
        body = b""
        if request.method in ("POST", "PATCH", "PUT") and request.content_type == "application/json":
            body = await request.read()
        self.requests.append((request.method, request.path, json.loads(body) if body else None))
        return None if self.answer_instead is None else await self.answer_instead(request, body)

    async def after(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse | None:
        # There is no transport once the client is gone.
        if response.status < 300 and self.loses_reply(request) and request.transport is not None:
            request.transport.close()
        return None

    def writes(self) -> list[tuple[str, str]]:
        """Return every request that changes something, or would."""
        return [(method, path) for method, path, _ in self.requests if method != "GET"]


class World:
    """Both servers and one profile."""

    def __init__(self, sandbox: Sandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.trouble = Trouble()
        sandbox.fluxer.faults = self.trouble
        self.home = home
        facts = sandbox.facts()
        self.settings = Settings(
            discord=DiscordSettings(
                **{name: facts["discord"][name] for name in ("token", "guild_id", "api_base", "cdn")}
            ),
            fluxer=FluxerSettings(
                token=facts["fluxer"]["token"],
                community_id=facts["fluxer"]["community_id"],
                instance="/".join(facts["fluxer"]["api_base"].split("/")[:3]),
                limits_scale=SPEED,
            ),
            copy=CopySettings(),
            speed=SpeedSettings(),
        )

    @contextlib.asynccontextmanager
    async def workspace(self) -> AsyncGenerator[OpenWorkspace]:
        async with open_workspace(self.settings, self.home) as workspace:
            yield workspace

    @property
    def community(self) -> Any:
        """The Fluxer server's own memory."""
        return self.sandbox.fluxer._context.community

    def posts(self) -> dict[str, list[str]]:
        """Return what webhooks posted, oldest first, by channel; a channel's key does not depend on ids."""
        community = self.community
        found: dict[str, list[str]] = {}
        seen = Counter[str]()
        for channel in sorted(community.channels.values(), key=lambda channel: channel.id):
            parent = community.channels.get(channel.parent_id)
            name = f"{parent.name if parent else ''}/{channel.name}"
            seen[name] += 1
            messages = [community.messages[each] for each in community.message_ids.get(channel.id, ())]
            found[f"{name} {seen[name]}"] = [message.content for message in messages if message.webhook_id]
        return {key: rows for key, rows in found.items() if rows}

    def source_count(self) -> int:
        return sum(len(rows) for rows in self.sandbox.discord.store.community.messages.values())


@contextlib.asynccontextmanager
async def small_world(
    home: Path, messages: int = 150, channels: int = 4, seed: int = 3, generation: str = "2026-02"
) -> AsyncGenerator[World]:
    options = SandboxOptions(seed=seed, channels=channels, messages=messages, speed=SPEED, generation=generation)
    async with Sandbox(options) as sandbox:
        yield World(sandbox, home)
