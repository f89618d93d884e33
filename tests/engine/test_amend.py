"""What changes after a message was carried over is carried over as well: exactly that, and never twice."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reaper_tui.exit_codes import ExitCode, code_of_summary
from reaper_tui.model.summary import Summary
from tests.engine.world import World, small_world


async def run(world: World) -> Summary:
    async with world.workspace() as workspace:
        return await workspace.run(world.settings)


async def change(world: World, action: str, channel_id: int, **more: Any) -> int:
    made = await world.sandbox.discord.change({"action": action, "channel_id": str(channel_id), **more})
    return int(made.get("message_id") or made.get("id") or 0)


def plain_messages(world: World) -> list[tuple[int, int]]:
    """Return (channel, message) of texts by people, the newest last."""
    community = world.sandbox.discord.store.community
    return sorted(
        (
            (channel.id, message.id)
            for channel in community.channels.values()
            if channel.type == 0
            for message in community.messages[channel.id]
            if message.type == 0 and message.content and not message.reactions and not message.pinned_ms
        ),
        key=lambda found: found[1],
    )


def discord_reads(world: World) -> int:
    routes = world.sandbox.discord.metrics()["by_route"]
    return sum(sum(counts.values()) for route, counts in routes.items() if "/messages" in route)


def writes(world: World) -> Counter[str]:
    kinds = {"webhooks": "post", "pins": "pin", "messages": "message", "reactions": "reaction"}
    found: Counter[str] = Counter()
    for method, path, _ in world.trouble.requests:
        name = next((word for part, word in kinds.items() if f"/{part}/" in path), path)
        if "/reactions/" in path:
            name = "reaction"
        if method != "GET":
            found[f"{method} {name}"] += 1
    return found


async def changed_world(world: World) -> None:
    """Let 50 messages be written, 3 edited, 2 deleted, 4 reacted to and 1 pinned."""
    known = plain_messages(world)
    for number in range(50):
        await change(world, "create", known[number % 4][0], content=f"new {number}")
    for place, message in known[0:3]:
        await change(world, "edit", place, message_id=str(message), content=f"edited {message}")
    for place, message in known[3:5]:
        await change(world, "delete", place, message_id=str(message))
    for place, message in known[5:9]:
        await change(world, "react", place, message_id=str(message), emoji="👍")
    place, message = known[9]
    await change(world, "pin", place, message_id=str(message))


async def test_exactly_what_changed_is_applied_where_posts_can_be_edited(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", generation="current") as world:
        first = await run(world)
        await changed_world(world)
        world.trouble.requests.clear()
        second = await run(world)
        assert second.is_faithful
        assert second.messages.sent == first.messages.sent + 50
        assert writes(world) == {
            "POST post": 50,
            "PATCH post": 7,
            "DELETE message": 3,
            "PUT pin": 1,
        }
        assert {kind: count.applied for kind, count in second.changes.items()} == {
            "edits": 3,
            "deletes": 2,
            "reactions": 4,
            "pins": 1,
        }
        said = [message.content for message in world.community.messages.values()]
        assert sum("edited" in content for content in said) >= 3
        world.trouble.requests.clear()
        third = await run(world)
        assert third.is_faithful
        assert world.trouble.writes() == []


async def test_what_a_target_cannot_change_is_told(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world:
        first = await run(world)
        await changed_world(world)
        world.trouble.requests.clear()
        second = await run(world)
        assert writes(world) == {"POST post": 50, "DELETE message": 3, "PUT pin": 1}
        assert second.changes["edits"].impossible == 3
        assert second.changes["reactions"].impossible == 4
        assert second.changes["deletes"].applied == 2
        assert second.changes["pins"].applied == 1
        assert Counter(failure.what for failure in second.failures) == {"edits": 3, "reactions": 4}
        assert first.changes == {}
        assert second.is_faithful
        world.trouble.requests.clear()
        await run(world)
        assert world.trouble.writes() == []


async def test_nothing_new_is_one_read_a_channel(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=600, channels=6) as world:
        await run(world)
        before = discord_reads(world)
        world.trouble.requests.clear()
        summary = await run(world)
        community = world.sandbox.discord.store.community
        containers = [each for each in community.messages if community.messages[each]]
        assert summary.is_faithful
        assert world.trouble.writes() == []
        assert 0 < discord_reads(world) - before <= len(containers) + 2


async def test_pins_of_the_first_run_stand_in_their_order(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        place = plain_messages(world)[-1][0]
        here = [await change(world, "create", place, content=f"to be pinned {number}") for number in range(3)]
        for message in (here[1], here[2], here[0]):
            await change(world, "pin", place, message_id=str(message))
            await asyncio.sleep(0.002)
        summary = await run(world)
        assert summary.is_faithful
        assert summary.changes["pins"].pending == 0
        target = world.community
        pinned = sorted(
            (message for message in target.messages.values() if message.pinned_at and message.webhook_id),
            key=lambda message: message.pinned_at,
        )
        order = [int(message.content[-1]) for message in pinned if "to be pinned" in message.content]
        assert order == [1, 2, 0]
        assert not [message for message in target.messages.values() if message.type == 6]


async def test_reactions_are_set_natively_by_choice(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        world.settings.copy.reactions = "native"
        place, message = plain_messages(world)[-1]
        await change(world, "react", place, message_id=str(message), emoji="👍")
        await change(world, "react", place, message_id=str(message), emoji="🎉")
        first = await run(world)
        assert first.is_faithful
        assert first.changes["reactions"].applied
        world.trouble.requests.clear()
        await change(world, "unreact", place, message_id=str(message), emoji="🎉")
        await run(world)
        assert writes(world) == {"DELETE reaction": 1}


async def test_a_server_that_was_emptied_empties_nothing(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=200) as world:
        first = await run(world)
        place = plain_messages(world)[-1][0]
        here = [str(message.id) for message in world.sandbox.discord.store.community.messages[place]]
        assert len(here) > 21
        await change(world, "bulk_delete", place, message_ids=here[:-1])
        world.trouble.requests.clear()
        second = await run(world)
        assert world.trouble.writes() == []
        assert second.messages == first.messages


async def test_a_reply_that_is_lost_is_asked_for_again(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60, generation="current") as world:
        await run(world)
        place, message = plain_messages(world)[-1]
        await change(world, "edit", place, message_id=str(message), content="now this")
        lost = iter((True, False))
        world.trouble.loses_reply = lambda request: request.method == "PATCH" and next(lost, False)
        summary = await run(world)
        assert summary.changes["edits"].applied == 1
        assert summary.is_faithful


async def test_links_to_what_comes_later_lead_there_in_the_end(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40, generation="current") as world:
        community = world.sandbox.discord.store.community
        places = [channel.id for channel in community.channels.values() if channel.type == 0]
        later = await change(world, "create", places[1], content="the later one")
        link = f"https://discord.com/channels/{community.id}/{places[1]}/{later}"
        for place in places:
            await change(world, "create", place, content=f"see {link}")
        held = asyncio.Event()

        async def hold(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if b"the later one" in body:
                await held.wait()
            elif b"see http" in body:
                held.set()
            return None

        world.trouble.answer_instead = hold
        assert (await run(world)).is_faithful
        target = next(message for message in world.community.messages.values() if "the later one" in message.content)
        seen = [message.content for message in world.community.messages.values() if "see http" in message.content]
        assert seen
        assert all(str(target.id) in content for content in seen)


async def test_a_refusal_fails_the_change_and_nothing_else(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40, generation="current") as world:
        await run(world)
        for place, message in plain_messages(world)[-2:]:
            await change(world, "edit", place, message_id=str(message), content=f"poison {message}")

        async def refuse(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.method != "PATCH" or b"poison" not in body:
                return None
            return web.json_response({"code": "CONTENT_BLOCKED", "message": "no"}, status=403)

        world.trouble.answer_instead = refuse
        summary = await run(world)
        assert summary.state == "done"
        assert summary.changes["edits"].failed == 2
        assert not summary.is_faithful
        assert [failure.what for failure in summary.failures] == ["edits", "edits"]
        assert code_of_summary(summary) is ExitCode.INCOMPLETE
        world.trouble.answer_instead = None
        again = await run(world)
        assert again.is_faithful
        assert again.changes["edits"].applied == 2
        assert sum("poison" in message.content for message in world.community.messages.values()) == 2


@pytest.mark.parametrize("generation", ["2026-02", "current"])
async def test_a_kill_between_two_changes_repeats_none(tmp_path: Path, generation: str) -> None:
    async with small_world(tmp_path / "profile", messages=60, generation=generation) as world:
        await run(world)
        await changed_world(world)
        killed = asyncio.Event()

        async def watch(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.method in ("PUT", "DELETE", "PATCH"):
                killed.set()
            return None

        world.trouble.answer_instead = watch
        async with world.workspace() as workspace:
            task = asyncio.create_task(workspace.run(world.settings))
            await killed.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        world.trouble.answer_instead = None
        summary = await run(world)
        assert summary.is_faithful
        assert summary.changes["deletes"].applied == 2
        assert not [message for message in world.community.messages.values() if message.type == 6]
        new = [message.content for message in world.community.messages.values() if "new " in message.content]
        assert len(new) == 50


async def test_a_reaction_that_was_refused_is_tried_again(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40) as world:
        world.settings.copy.reactions = "native"
        place, message = plain_messages(world)[-1]
        for emoji in ("👍", "🎉"):
            await change(world, "react", place, message_id=str(message), emoji=emoji)

        async def refuse(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.method != "PUT" or "🎉" not in request.path:
                return None
            return web.json_response({"code": "MAX_REACTIONS", "message": "no"}, status=400)

        world.trouble.answer_instead = refuse
        first = await run(world)
        assert first.changes["reactions"].failed
        world.trouble.answer_instead = None
        world.trouble.requests.clear()
        second = await run(world)
        assert second.changes["reactions"].failed == 0
        assert {method for method, _ in world.trouble.writes()} == {"PUT"}
        assert all("🎉" in path for _, path in world.trouble.writes())


async def test_content_that_is_hidden_later_is_no_edit(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40, generation="current") as world:
        place = plain_messages(world)[-1][0]
        written = [await change(world, "create", place, content=f"text {number}") for number in range(3)]
        first = await run(world)
        for message in written:
            await change(world, "edit", place, message_id=str(message), content="")
        world.trouble.requests.clear()
        second = await run(world)
        assert world.trouble.writes() == []
        assert second.messages == first.messages
