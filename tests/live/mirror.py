"""A live mirror at work: people on one side, the community on the other, and what a user compares."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import msgspec

from reaper_tui.engine.control import StopRequested
from reaper_tui.engine.progress import Phase
from reaper_tui.model.summary import Summary
from reaper_tui.sandbox.service import Sandbox, SandboxOptions
from reaper_tui.workspace import OpenWorkspace
from tests.engine.world import SPEED, World

PATIENCE = 30.0


class Mirror:
    """One run of a live mirror."""

    def __init__(self, world: World, workspace: OpenWorkspace, task: asyncio.Task[Summary]) -> None:
        self.world = world
        self.workspace = workspace
        self.task = task

    @property
    def live(self) -> Any:
        return self.workspace.progress.live

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds; fail with what it was."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + PATIENCE
        while not holds():
            if self.task.done():
                self.task.result()
                raise AssertionError(f"the mirror ended before: {what}")
            assert loop.time() < deadline, f"not in time: {what}\n{self.workspace.progress.live}\n" + "\n".join(
                line.text for line in self.workspace.log.since(0)[-15:]
            )
            await asyncio.sleep(0.01)

    async def is_live(self) -> None:
        await self.until(
            lambda: self.workspace.progress.phase is Phase.LIVE and self.live.is_connected, "the mirror is live"
        )

    async def stop(self) -> Summary:
        self.workspace.control.stop("done watching")
        return await asyncio.wait_for(self.task, PATIENCE)


@contextlib.asynccontextmanager
async def mirror(world: World) -> AsyncGenerator[Mirror]:
    """Run a mirror; it is stopped at the end if it still runs."""
    settings = msgspec.structs.replace(world.settings, copy=msgspec.structs.replace(world.settings.copy, live=True))
    async with world.workspace() as workspace:
        task = asyncio.create_task(workspace.run(settings))
        made = Mirror(world, workspace, task)
        try:
            yield made
        finally:
            if not task.done():
                workspace.control.stop("the test is over")
                with contextlib.suppress(StopRequested):
                    await asyncio.wait_for(task, PATIENCE)


class People:
    """Those who go on writing on the source; remembers what should stand on the target."""

    def __init__(self, world: World) -> None:
        self.world = world

    async def do(self, action: str, channel_id: int, **change: Any) -> dict[str, Any]:
        return await self.world.sandbox.discord.change({"action": action, "channel_id": str(channel_id), **change})

    async def write(self, channel_id: int, content: str, **change: Any) -> int:
        return int((await self.do("create", channel_id, content=content, **change))["id"])

    async def edit(self, channel_id: int, message_id: int, content: str) -> None:
        await self.do("edit", channel_id, message_id=str(message_id), content=content)

    async def delete(self, channel_id: int, message_id: int) -> None:
        await self.do("delete", channel_id, message_id=str(message_id))


def text_channel(world: World, index: int = 0) -> Any:
    found = [channel for channel in world.sandbox.discord.store.community.channels.values() if channel.type == 0]
    return found[index]


def target_channel(world: World, name: str) -> Any:
    found = [channel for channel in world.community.channels.values() if channel.name == name and channel.type == 0]
    return max(found, key=lambda channel: channel.id) if found else None


def posts_in(world: World, name: str) -> list[str]:
    """What was said in every post of a target channel, oldest first, without times and marks around it."""
    channel = target_channel(world, name)
    if channel is None:
        return []
    messages = [world.community.messages[each] for each in world.community.message_ids.get(channel.id, ())]
    return [_said(message.content) for message in messages]


def _said(content: str) -> str:
    lines = [line for line in content.splitlines() if line and not line.startswith("-#")]
    return lines[-1] if lines else ""


@contextlib.asynccontextmanager
async def people(
    home: Path, messages: int = 60, channels: int = 4, generation: str = "current"
) -> AsyncGenerator[People]:
    """A source and a target that can change posts."""
    options = SandboxOptions(seed=3, channels=channels, messages=messages, speed=SPEED, generation=generation)
    async with Sandbox(options) as sandbox:
        yield People(World(sandbox, home))
