"""Threads and forum posts are threads and posts again where the target has them, each opened once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reaper_tui.model.summary import Summary
from tests.engine.world import World, small_world


async def run(world: World) -> Summary:
    async with world.workspace() as workspace:
        return await workspace.run(world.settings)


def source_threads(world: World) -> list[Any]:
    community = world.sandbox.discord.store.community
    return [thread for thread in community.threads.values() if community.messages.get(thread.id)]


def target_threads(world: World) -> list[Any]:
    return list(world.community.threads.values())


def texts(world: World, thread: Any) -> list[str]:
    found = [world.community.messages[each] for each in world.community.message_ids.get(thread.id, ())]
    return [message.content for message in found if message.webhook_id]


async def test_each_thread_and_post_stands_once_with_its_messages(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=400, channels=14, generation="current") as world:
        summary = await run(world)
        assert summary.is_faithful, summary
        wanted = Counter(thread.name for thread in source_threads(world))
        assert Counter(thread.name for thread in target_threads(world)) == wanted
        assert len(wanted) > 3
        world.trouble.requests.clear()
        again = await run(world)
        assert again.is_faithful
        assert world.trouble.writes() == []


async def test_a_thread_that_grew_goes_on_where_it_stands(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=300, channels=14, generation="current") as world:
        await run(world)
        thread = source_threads(world)[0]
        await world.sandbox.discord.change({"action": "create", "channel_id": str(thread.id), "content": "grown"})
        world.trouble.requests.clear()
        summary = await run(world)
        assert summary.is_faithful
        assert len([path for method, path in world.trouble.writes() if method == "POST"]) == 1
        [place] = [found for found in target_threads(world) if "grown" in " ".join(texts(world, found))]
        assert place.name == thread.name


@pytest.mark.parametrize("route", ["/threads", "thread_name"])
async def test_a_lost_reply_opens_nothing_twice(tmp_path: Path, route: str) -> None:
    async with small_world(tmp_path / "profile", messages=300, channels=14, generation="current") as world:
        bodies: dict[int, bytes] = {}

        async def remember(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            bodies[id(request)] = body
            return None

        lost = Counter[str]()

        def loses(request: web.BaseRequest) -> bool:
            body = bodies.get(id(request), b"")
            wanted = request.path.endswith(route) if route.startswith("/") else route.encode() in body
            if request.method != "POST" or not wanted:
                return False
            lost[request.path] += 1
            return sum(lost.values()) % 2 == 1

        world.trouble.answer_instead = remember
        world.trouble.loses_reply = loses
        summary = await run(world)
        assert sum(lost.values()) > 1
        assert summary.is_faithful, summary
        assert Counter(thread.name for thread in target_threads(world)) == Counter(
            thread.name for thread in source_threads(world)
        )


async def test_a_cut_in_the_middle_of_threads_resumes(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=300, channels=14, generation="current") as world:
        opened = asyncio.Event()

        async def watch(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.path.endswith("/threads") or b"thread_name" in body:
                opened.set()
            return None

        world.trouble.answer_instead = watch
        async with world.workspace() as workspace:
            task = asyncio.create_task(workspace.run(world.settings))
            await opened.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        world.trouble.answer_instead = None
        summary = await run(world)
        assert summary.is_faithful, summary
        assert Counter(thread.name for thread in target_threads(world)) == Counter(
            thread.name for thread in source_threads(world)
        )


async def test_threads_inside_their_channel_by_choice(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=200, channels=14, generation="current") as world:
        world.settings.copy.threads = "inline"
        summary = await run(world)
        assert summary.is_faithful
        assert target_threads(world) == []
