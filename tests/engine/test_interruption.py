"""Runs that are cut off, stopped, paused or robbed of replies end like one that was left alone."""

from __future__ import annotations

import asyncio
import random
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reaper_tui.engine.control import RunState
from reaper_tui.engine.reading import LiveReading
from reaper_tui.journal import changes, live
from reaper_tui.journal.changes import ChangeKind
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.model.summary import Summary
from reaper_tui.sandbox.faults.wish import Wish
from reaper_tui.workspace import OpenWorkspace
from tests.engine.world import World, small_world

FOUNDING_CHANNELS = 4
IDS = re.compile(r"https?://\S+|\d{15,20}")


@pytest.fixture(autouse=True)
def _impatient_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reaper_tui.writer.client.BACK_OFF", (0.01, 0.01, 0.01, 0.01))


def without_ids(posts: dict[str, list[str]]) -> dict[str, list[str]]:
    return {key: [IDS.sub("ID", text) for text in rows] for key, rows in posts.items()}


@pytest.fixture(scope="module")
def calm(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What stands on the target after a run that nothing disturbed."""

    async def clone() -> dict[str, list[str]]:
        async with small_world(tmp_path_factory.mktemp("calm") / "profile") as world:
            summary = await run(world)
            assert summary.is_faithful
            return without_ids(world.posts())

    return asyncio.run(clone())


async def run(world: World) -> Summary:
    async with world.workspace() as workspace:
        return await workspace.run(world.settings)


def assert_whole(world: World, summary: Summary, calm: dict[str, list[str]]) -> None:
    assert (summary.state, summary.note) == ("done", "")
    assert summary.messages.balances
    assert summary.messages.source == world.source_count()
    assert summary.is_faithful, summary
    assert without_ids(world.posts()) == calm
    assert len(world.community.channels) == summary.structure["channels"].created + FOUNDING_CHANNELS
    roles = Counter(role.name for role in world.community.roles.values())
    sources = Counter(role.name for role in world.sandbox.discord.store.community.roles)
    assert all(count <= sources[name] or name == "reaper" for name, count in roles.items()), roles


async def until(is_due: Callable[[], bool]) -> None:
    """Wait, turn of the loop by turn of the loop, for a condition."""
    while not is_due():
        await asyncio.sleep(0)


async def cut_off(world: World, when: Callable[[], bool]) -> bool:
    """Run and cancel at the first turn of the loop at which a condition holds; return whether it struck."""
    async with world.workspace() as workspace:
        task = asyncio.create_task(workspace.run(world.settings))
        await until(lambda: task.done() or when())
        struck = not task.done()
        task.cancel()
        await asyncio.wait([task])
        assert not workspace.control.is_active
        return struck


@pytest.mark.parametrize("seed", range(2))
async def test_cancelled_at_random_requests(tmp_path: Path, calm: dict[str, list[str]], seed: int) -> None:
    moments = random.Random(seed)
    async with small_world(tmp_path / "profile") as world:
        landed = 0
        for _ in range(8):
            limit = len(world.trouble.requests) + moments.randint(3, 60)
            turns = moments.randint(0, 40)

            def is_due(limit: int = limit, left: list[int] = [turns]) -> bool:  # noqa: B006
                if len(world.trouble.requests) >= limit:
                    left[0] -= 1
                return left[0] < 0

            landed += await cut_off(world, is_due)
        assert landed >= 4
        assert_whole(world, await run(world), calm)


async def stop_when(world: World, is_due: Callable[[OpenWorkspace], bool]) -> tuple[Summary, OpenWorkspace]:
    async with world.workspace() as workspace:
        task = asyncio.create_task(workspace.run(world.settings))
        await until(lambda: task.done() or is_due(workspace))
        workspace.control.stop("enough")
        async with asyncio.timeout(10):
            return await task, workspace


async def test_stopped_at_random_requests_it_ends_and_leaves_no_doubt(
    tmp_path: Path, calm: dict[str, list[str]]
) -> None:
    moments = random.Random(5)
    async with small_world(tmp_path / "profile") as world:
        states: Counter[str] = Counter()
        for _ in range(10):
            limit = len(world.trouble.requests) + moments.randint(0, 45)
            summary, workspace = await stop_when(world, lambda _, limit=limit: len(world.trouble.requests) >= limit)
            states[summary.state] += 1
            assert workspace.control.state in (RunState.STOPPED, RunState.DONE)
            assert summary.messages.balances
        assert states["stopped"] >= 3
        assert_whole(world, await run(world), calm)


@pytest.mark.parametrize("is_stopped_again", [False, True])
async def test_what_a_stopped_run_knew_of_a_channel_is_looked_at_again(tmp_path: Path, is_stopped_again: bool) -> None:
    async with small_world(tmp_path / "profile", messages=900, channels=1, generation="current") as world:
        place = text_channel(world)
        source = world.sandbox.discord.store.community.messages[place]
        assert len(source) > 300
        await stop_when(world, lambda workspace: has_read_a_part(workspace, place))
        read, heard = await read_in_part(world, place, [message.id for message in source[-12:]])
        people = {message.id for message in source if message.type == 0}
        victims = [[each for each in ids if each in people][-2:] for ids in (read, heard)]
        for doomed, changed in victims:
            about = {"channel_id": str(place)}
            await world.sandbox.discord.change({**about, "action": "delete", "message_id": str(doomed)})
            edit = {**about, "action": "edit", "message_id": str(changed), "content": f"said anew {changed}"}
            await world.sandbox.discord.change(edit)
        if is_stopped_again:
            await stop_when(world, lambda workspace: has_read_all(workspace, place))
        summary = await run(world)
        assert summary.is_faithful
        assert await gone(world) == {doomed for doomed, _ in victims}
        said = "\n".join(post.content for post in world.community.messages.values())
        assert all(said.count(f"said anew {changed}") == 1 for _, changed in victims)


def has_read_a_part(workspace: OpenWorkspace, place: int) -> bool:
    tally = workspace.progress.channels.get(place)
    return tally is not None and tally.source > 0


def has_read_all(workspace: OpenWorkspace, place: int) -> bool:
    tally = workspace.progress.channels.get(place)
    return tally is not None and tally.is_captured


def text_channel(world: World) -> int:
    channels = world.sandbox.discord.store.community.channels.values()
    return next(channel.id for channel in channels if channel.type == 0)


async def read_in_part(world: World, place: int, heard: list[int]) -> tuple[list[int], list[int]]:
    """Return what was read of a channel, and what was heard of behind that, as a live mirror puts it on record."""

    def messages(raw: sqlite3.Connection) -> list[int]:
        rows = raw.execute("SELECT id FROM message WHERE container_id = ? ORDER BY id", (place,)).fetchall()
        return [row[0] for row in rows]

    async with world.workspace() as workspace:
        reader, journal = workspace.clone.reader, workspace.clone.journal
        read = await journal.read(messages)
        assert 0 < len(read) < 200
        told = [raw for raw in (await reader.recent(place)).messages if raw.id in heard]
        events = [LiveEvent(LiveKind.MESSAGE, 0.0, place, (raw.id,), raw.payload) for raw in told]
        await journal.write(lambda raw: live.take(raw, events, LiveReading(reader, lambda _: (), time.time), 0.0))
        assert await journal.read(messages) == read + heard
    return read, heard


async def gone(world: World) -> set[int]:
    """Return the messages that are on record as deleted on the source."""
    async with world.workspace() as workspace:
        rows = await workspace.clone.journal.read(
            lambda raw: raw.execute("SELECT id FROM message WHERE is_gone").fetchall()
        )
    return {row[0] for row in rows}


async def test_a_channel_that_is_hidden_after_a_part_was_read_loses_nothing(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=900, channels=1) as world:
        place = text_channel(world)

        await stop_when(world, lambda workspace: has_read_a_part(workspace, place))
        async with world.workspace() as workspace:
            # Few enough that single deletions would be believed.
            await workspace.clone.journal.write(
                lambda raw: (
                    raw.execute(
                        "DELETE FROM message WHERE state = 0 AND id NOT IN (SELECT id FROM message ORDER BY id LIMIT 8)"
                    ).rowcount
                )
            )
        world.sandbox.discord.store.community.messages[place].clear()
        await run(world)
        assert await gone(world) == set()


@pytest.mark.parametrize("phase", ["survey", "structure", "messages", "verify"])
async def test_a_stop_in_any_phase_ends_stopped(tmp_path: Path, phase: str) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        summary, workspace = await stop_when(
            world, lambda workspace: workspace.control.is_active and workspace.progress.phase == phase
        )
        assert (summary.state, summary.note) == ("stopped", "enough")
        assert workspace.control.state is RunState.STOPPED


async def test_a_stop_is_not_kept_waiting_by_the_ceiling(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        world.settings.speed.max_messages_per_minute = 1
        summary, _ = await stop_when(world, lambda workspace: workspace.progress.snapshot(RunState.RUNNING).sent >= 1)
        assert summary.state == "stopped"


async def test_a_stop_is_not_kept_waiting_by_a_file(tmp_path: Path, calm: dict[str, list[str]]) -> None:
    async with small_world(tmp_path / "profile") as world:
        world.sandbox.discord.faults.set([Wish("cdn-slow", probability=1.0)])
        messages = world.sandbox.discord.store.community.messages
        place, before = next(
            (place, sum(other.id < message.id for other in rows))
            for place, rows in messages.items()
            for message in rows
            if any(file.size > 50_000 for file in message.attachments)
        )

        looks = 0

        def waits_for_the_file(workspace: OpenWorkspace) -> bool:
            nonlocal looks
            tally = workspace.progress.channels.get(place)
            if tally is not None and tally.snapshot().settled == before and workspace.clone.spool.bytes_held > 0:
                looks += 1
            # The file takes minutes; by now the lane has come to it.
            return looks > 200

        summary, workspace = await stop_when(world, waits_for_the_file)
        assert (summary.state, workspace.clone.spool.bytes_held) == ("stopped", 0)
        world.sandbox.discord.faults.set([])
        assert_whole(world, await run(world), calm)


async def test_paused_at_random_it_holds_still_and_goes_on(tmp_path: Path, calm: dict[str, list[str]]) -> None:
    moments = random.Random(11)
    async with small_world(tmp_path / "profile") as world, world.workspace() as workspace:
        task = asyncio.create_task(workspace.run(world.settings))
        pauses = 0
        while not task.done():
            limit = len(world.trouble.requests) + moments.randint(5, 40)
            await until(lambda limit=limit: task.done() or len(world.trouble.requests) >= limit)
            if workspace.control.pause():
                pauses += 1
                sent = -1
                while sent != (sent := len(world.trouble.requests)):
                    await asyncio.sleep(0.05)
                assert workspace.control.state is RunState.PAUSED
                assert not task.done()
                workspace.control.resume()
        assert pauses >= 2
        assert_whole(world, await task, calm)


async def test_every_first_reply_lost_is_adopted(tmp_path: Path, calm: dict[str, list[str]]) -> None:
    lost: set[str] = set()

    def loses(request: web.BaseRequest) -> bool:
        is_first = request.method == "POST" and request.path not in lost
        lost.add(request.path)
        return is_first

    async with small_world(tmp_path / "profile") as world:
        world.trouble.loses_reply = loses
        summary = await run(world)
        assert_whole(world, summary, calm)
        assert len(lost) > 5


async def test_every_seventh_reply_lost_is_adopted(tmp_path: Path, calm: dict[str, list[str]]) -> None:
    count = 0

    def loses(request: web.BaseRequest) -> bool:
        nonlocal count
        count += request.method == "POST"
        return request.method == "POST" and count % 7 == 0

    async with small_world(tmp_path / "profile") as world:
        world.trouble.loses_reply = loses
        assert_whole(world, await run(world), calm)


async def test_a_reply_that_outlives_its_process_is_found(tmp_path: Path, calm: dict[str, list[str]]) -> None:
    """The server is still busy with a post when its sender is cut off, and stores it while the next run looks."""
    async with small_world(tmp_path / "profile") as world:
        held: list[asyncio.Task[None]] = []
        running = asyncio.Event()

        async def hold(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if not held and request.method == "POST" and request.path.count("/webhooks/") and body:
                held.append(asyncio.create_task(asyncio.sleep(0)))
                running.set()
                await asyncio.shield(asyncio.sleep(0.3))
            return None

        world.trouble.answer_instead = hold
        await cut_off(world, running.is_set)
        world.trouble.answer_instead = None
        assert_whole(world, await run(world), calm)


@pytest.mark.parametrize(("generation", "becomes"), [("2026-02", "impossible"), ("current", "applied")])
async def test_what_was_edited_while_its_post_was_in_doubt_is_edited_there(
    tmp_path: Path, generation: str, becomes: str
) -> None:
    async with small_world(tmp_path / "profile", messages=40, generation=generation) as world:
        posts = world.community.messages

        def has_enough() -> bool:
            return sum(bool(post.webhook_id) for post in posts.values()) > 12

        world.trouble.loses_reply = lambda request: "/webhooks/" in request.path and has_enough()
        assert await cut_off(world, has_enough)
        world.trouble.loses_reply = lambda request: False
        confirmed = await confirmed_posts(world)
        standing = sum(bool(post.webhook_id) and post.id not in confirmed for post in posts.values())
        edited = await edit_what_is_in_doubt(world)
        summary = await run(world)
        assert (summary.state, summary.messages.pending) == ("done", 0)
        assert getattr(summary.changes["edits"], becomes) == standing
        if becomes == "applied":
            assert summary.is_faithful
            for message in edited:
                assert [post for post in posts.values() if f"edited {message}" in post.content]


async def confirmed_posts(world: World) -> set[int]:
    async with world.workspace() as workspace:
        rows = await workspace.clone.journal.read(
            lambda raw: raw.execute("SELECT target_id FROM part WHERE target_id IS NOT NULL").fetchall()
        )
    return {row[0] for row in rows}


async def edit_what_is_in_doubt(world: World) -> list[int]:
    """Edit the messages whose posts may or may not stand, and put that on record as a live mirror does."""
    async with world.workspace() as workspace:
        reader, journal = workspace.clone.reader, workspace.clone.journal
        edited = await journal.read(
            lambda raw: raw.execute(
                "SELECT container_id, message_id FROM part JOIN message ON message.id = message_id "
                "WHERE target_id IS NULL"
            ).fetchall()
        )
        for place, message in edited:
            change = {"action": "edit", "channel_id": str(place), "message_id": str(message)}
            await world.sandbox.discord.change({**change, "content": f"edited {message}"})
            (now, *_) = (await reader.recent(place, message + 1)).messages
            await journal.write(lambda raw, now=now: changes.renew(raw, now.id, now.payload, (ChangeKind.EDIT,), 0.0))
    return [message for _, message in edited]


async def test_an_outage_is_waited_out(tmp_path: Path, calm: dict[str, list[str]]) -> None:
    async with small_world(tmp_path / "profile") as world:
        seen = 0

        async def down(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            nonlocal seen
            seen += 1
            return web.Response(status=503, text="down") if 60 <= seen < 140 else None

        world.trouble.answer_instead = down
        summary = await run(world)
        assert seen > 140
        assert_whole(world, summary, calm)


async def test_a_restarting_target_is_waited_out(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world, world.workspace() as workspace:
        task = asyncio.create_task(workspace.run(world.settings))
        await until(lambda: task.done() or workspace.progress.snapshot(RunState.RUNNING).sent >= 30)
        running = world.sandbox.fluxer._runner
        assert running is not None
        port = running.addresses[0][1]
        sites: Any = list(running.sites)
        for site in sites:
            await site.stop()
        assert running.server is not None
        for connection in running.server.connections:
            assert connection.transport is not None
            connection.transport.abort()
        await until(lambda: task.done() or bool(workspace.progress.hold))
        assert "next try at" in workspace.progress.hold
        await web.TCPSite(running, "127.0.0.1", port).start()
        summary = await task
        assert summary.is_faithful
        assert summary.messages.source == world.source_count()


@pytest.mark.parametrize("where", ["/roles", "/emojis/bulk", "/webhooks"])
async def test_creates_that_fail_for_ever_back_off_and_can_be_stopped(tmp_path: Path, where: str) -> None:
    tries = 0
    stuck = asyncio.Event()

    async def fail(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
        nonlocal tries
        if request.method != "POST" or not request.path.endswith(where):
            return None
        tries += 1
        if tries == 3:
            stuck.set()
        return web.json_response({"code": "INTERNAL_SERVER_ERROR", "message": "No."}, status=500)

    async with small_world(tmp_path / "profile") as world:
        world.trouble.answer_instead = fail
        async with world.workspace() as workspace:
            task = asyncio.create_task(workspace.run(world.settings))
            async with asyncio.timeout(20):
                await stuck.wait()
                assert workspace.control.stop("enough")
                summary = await task
        assert (summary.state, summary.note) == ("stopped", "enough")
        world.trouble.answer_instead = None
        async with world.workspace() as workspace:
            assert (await workspace.run(world.settings)).is_faithful
