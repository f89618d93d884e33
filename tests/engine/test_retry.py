"""What failed, vanished or was left out is tried again: once, in order, and without a double however it is cut off."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reaper_tui.exit_codes import ExitCode, code_of_summary
from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.summary import Summary, Verification
from tests.engine.world import Intercept, World, small_world

LATER = "-# ↪ Carried over later"
POISON = "poison of the year"
WORDS = [f"word{number}" for number in range(400)]


@pytest.fixture(autouse=True)
def _impatient_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reaper_tui.writer.client.BACK_OFF", (0.01, 0.01, 0.01, 0.01))


async def run(world: World) -> Summary:
    async with world.workspace() as workspace:
        return await workspace.run(world.settings)


async def retry(world: World) -> Summary:
    async with world.workspace() as workspace:
        return await workspace.retry(world.settings)


async def verify(world: World) -> Verification:
    async with world.workspace() as workspace:
        return await workspace.verify()


async def write(world: World, channel: Any, **change: Any) -> int:
    made = await world.sandbox.discord.change({"action": "create", "channel_id": str(channel.id), **change})
    return int(made["message_id"] if "message_id" in made else made["id"])


def text_channel(world: World, number: int = 0) -> Any:
    rows = [channel for channel in world.sandbox.discord.store.community.channels.values() if channel.type == 0]
    return rows[number]


def posts_in(world: World, channel: Any) -> list[Any]:
    """What stands in the target channel of a source channel, oldest first."""
    community = world.community
    found = [row for row in community.channels.values() if row.name == channel.name and row.type == 0]
    place = max(found, key=lambda row: row.id)
    return [community.messages[each] for each in community.message_ids.get(place.id, ())]


def texts_in(world: World, channel: Any) -> list[str]:
    return [message.content for message in posts_in(world, channel)]


def remove(world: World, message: Any) -> None:
    """A moderator deletes a post."""
    world.community.message_ids[message.channel_id].remove(message.id)
    world.community.messages.pop(message.id)


def refusing(is_refused: Callable[[dict[str, Any]], bool], status: int = 400) -> Intercept:
    async def refuse(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
        if request.method != "POST" or "/webhooks/" not in request.path or not body:
            return None
        if not is_refused(json.loads(body)):
            return None
        return web.json_response({"code": "CONTENT_BLOCKED", "message": "This content is blocked."}, status=status)

    return refuse


def is_poison(sent: dict[str, Any]) -> bool:
    return POISON in sent.get("content", "")


async def poisoned(world: World, channel: Any, count: int = 1) -> Summary:
    """A run in which messages of a channel were refused, each among neighbours."""
    await write(world, channel, content="before")
    for number in range(count):
        await write(world, channel, content=f"{POISON} {number}")
        await write(world, channel, content=f"after {number}")
    world.trouble.answer_instead = refusing(is_poison)
    summary = await run(world)
    world.trouble.answer_instead = None
    assert (summary.messages.failed, summary.is_faithful) == (count, False)
    return summary


async def test_a_refused_message_is_sent_anew_and_its_placeholder_goes(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=40) as world:
        channel = text_channel(world)
        before = await poisoned(world, channel, count=2)
        async with world.workspace() as workspace:
            assert (await workspace.retriable()).failed == 2
        summary = await retry(world)
        texts = texts_in(world, channel)
        assert [text for text in texts if "could not be carried over" in text] == []
        late = [text.split("\n") for text in texts[-2:]]
        assert [(lines[0], lines[-1]) for lines in late] == [(LATER, f"{POISON} {number}") for number in range(2)]
        assert all(lines[1].startswith("-# <t:") for lines in late)
        assert summary.retry is not None and summary.verify is not None
        assert (summary.retry.tried, summary.retry.sent, summary.retry.deleted) == (2, 2, 2)
        assert summary.messages.balances and summary.messages.failed == 0
        assert summary.messages.sent == before.messages.sent + 2
        assert (summary.verify.out_of_order, summary.verify.extra, summary.verify.missing) == (0, 0, 0)
        assert code_of_summary(summary) is ExitCode.DONE
        world.trouble.requests.clear()
        again = await retry(world)
        assert world.trouble.writes() == [] and again.is_faithful
        await write(world, channel, content="one more")
        assert (await run(world)).is_faithful
        assert texts_in(world, channel)[-1].endswith("one more")


async def test_what_is_refused_again_stays_as_it_was(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=40) as world:
        channel = text_channel(world)
        await poisoned(world, channel)
        standing = texts_in(world, channel)
        world.trouble.answer_instead = refusing(is_poison)
        summary = await retry(world)
        assert texts_in(world, channel) == standing
        assert summary.retry is not None and summary.retry.failed == 1
        assert summary.messages.balances and summary.messages.failed == 1
        assert code_of_summary(summary) is ExitCode.INCOMPLETE


async def test_half_a_message_is_replaced_as_a_whole(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=40) as world:
        channel = text_channel(world)
        await write(world, channel, content="first words " + "long " * 700 + POISON)
        await write(world, channel, content="after")
        world.trouble.answer_instead = refusing(lambda sent: is_poison(sent) or "⚠" in sent.get("content", ""))
        summary = await run(world)
        assert summary.messages.failed == 1
        assert any("first words" in text for text in texts_in(world, channel))
        world.trouble.answer_instead = None
        summary = await retry(world)
        texts = texts_in(world, channel)
        assert sum("first words" in text for text in texts) == sum(POISON in text for text in texts) == 1
        assert texts.index(next(text for text in texts if text.endswith("after"))) < len(texts) - 2
        assert summary.is_faithful, summary


async def test_a_post_deleted_by_hand_is_named_by_verify_and_sent_again(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=60) as world:
        channel = text_channel(world)
        await write(world, channel, content="a post to lose")
        await write(world, channel, content="a post to keep")
        assert (await run(world)).is_faithful
        remove(world, posts_in(world, channel)[-2])
        assert (await retry(world)).retry.tried == 0  # type: ignore[union-attr]
        found = await verify(world)
        assert (found.missing, found.mendable) == (1, 1)
        assert "retry sends it again" in found.details[0]
        count = len(texts_in(world, channel))
        summary = await retry(world)
        texts = texts_in(world, channel)
        assert len(texts) == count + 1 and texts[-1].endswith("a post to lose")
        assert summary.is_faithful and summary.messages.balances


async def test_a_post_that_came_back_is_not_sent_again(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=60) as world:
        channel = text_channel(world)
        assert (await run(world)).is_faithful
        lost = posts_in(world, channel)[-1]
        remove(world, lost)
        assert (await verify(world)).missing == 1
        world.community.messages[lost.id] = lost
        world.community.message_ids[lost.channel_id].append(lost.id)
        count = len(texts_in(world, channel))
        assert (await retry(world)).is_faithful
        assert len(texts_in(world, channel)) == count


async def test_files_that_were_left_out_come_after_and_the_ledger_says_so(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=40) as world:
        channel = text_channel(world)
        files = [{"filename": "same.txt", "size": size} for size in (10, 20, 30)]
        await write(world, channel, content="with files", attachments=files)
        world.sandbox.set_faults(("cdn-404:every=1",))
        before = await run(world)
        assert before.messages.failed == 0 and before.attachments.sent == 0
        assert before.attachments.source == before.attachments.placeholder
        world.sandbox.set_faults(())
        summary = await retry(world)
        assert summary.retry is not None and summary.retry.files > 0
        assert summary.attachments.placeholder == 0
        assert summary.attachments.sent == summary.attachments.source == before.attachments.source
        assert summary.attachments.bytes > 60
        assert not [failure for failure in summary.failures if failure.what == "part"]
        last = next(row for row in reversed(posts_in(world, channel)) if "Left out of a message" in row.content)
        assert [file.size for file in last.attachments] == [10, 20, 30]
        assert "[jump](" in last.content
        assert summary.is_faithful
        count = len(texts_in(world, channel))
        assert (await retry(world)).is_faithful
        assert len(texts_in(world, channel)) == count


async def test_files_that_still_cannot_be_had_cost_no_post(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=40) as world:
        await write(world, text_channel(world), content="x", attachments=[{"filename": "a.txt", "size": 9}])
        world.sandbox.set_faults(("cdn-404:every=1",))
        before = await run(world)
        world.trouble.requests.clear()
        summary = await retry(world)
        assert world.trouble.writes() == []
        assert summary.attachments == before.attachments


def closed_after_one_lost_reply(world: World, *, arrives: bool) -> None:
    """The reply to one post is lost, and its channel cannot be read back."""
    struck: list[str] = []

    async def closed(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
        if "/webhooks/" in request.path and request.method == "POST" and not struck and not arrives:
            struck.append(str(world.community.webhooks[int(request.path.split("/")[4])].channel_id))
            assert request.transport is not None
            request.transport.close()
            return web.Response(status=500)
        if struck and request.method == "GET" and request.path.endswith(f"/channels/{struck[0]}/messages"):
            return web.json_response({"code": "NSFW_CONTENT_AGE_RESTRICTED", "message": "no"}, status=403)
        return None

    def loses(request: web.BaseRequest) -> bool:
        is_one = arrives and "/webhooks/" in request.path and request.method == "POST" and not struck
        if is_one:
            struck.append(str(world.community.webhooks[int(request.path.split("/")[4])].channel_id))
        return is_one

    world.trouble.answer_instead, world.trouble.loses_reply = closed, loses


@pytest.mark.parametrize("arrives", [True, False])
async def test_an_uncertain_message_is_looked_for_before_it_is_sent(tmp_path: Path, arrives: bool) -> None:
    async with small_world(tmp_path / "calm", messages=60) as world:
        assert (await run(world)).is_faithful
        wanted = sum(len(rows) for rows in world.posts().values())
    async with small_world(tmp_path / "p", messages=60) as world:
        closed_after_one_lost_reply(world, arrives=arrives)
        summary = await run(world)
        assert summary.messages.uncertain == 1
        summary = await retry(world)
        assert summary.messages.uncertain == 1, "it cannot be read back yet"
        world.trouble.answer_instead, world.trouble.loses_reply = None, lambda request: False
        summary = await retry(world)
        assert summary.retry is not None and summary.messages.balances
        assert (summary.retry.adopted, summary.retry.sent) == ((1, 0) if arrives else (0, 1))
        assert summary.is_faithful, summary
        assert sum(len(rows) for rows in world.posts().values()) == wanted


async def test_without_the_right_to_delete_the_placeholder_waits(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=40) as world:
        channel = text_channel(world)
        await poisoned(world, channel)

        async def deny(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.method != "DELETE":
                return None
            return web.json_response({"code": "MISSING_PERMISSIONS", "message": "no"}, status=403)

        world.trouble.answer_instead = deny
        summary = await retry(world)
        assert summary.messages.failed == 0 and summary.verify is not None
        assert (summary.verify.extra, summary.verify.mendable) == (1, 1)
        assert code_of_summary(summary) is ExitCode.INCOMPLETE
        world.trouble.answer_instead = None
        summary = await retry(world)
        assert summary.is_faithful and summary.retry is not None and summary.retry.deleted == 1
        assert not [text for text in texts_in(world, channel) if "could not be carried over" in text]


async def test_a_channel_that_is_not_complete_waits_for_its_run(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=60) as world:
        channel = text_channel(world)
        await write(world, channel, content=POISON)
        for number in range(30):
            await write(world, channel, content=f"later {number}")
        world.trouble.answer_instead = refusing(is_poison)
        async with world.workspace() as workspace:
            task = asyncio.create_task(workspace.run(world.settings))
            while not workspace.progress.snapshot(workspace.control.state).failed:
                await asyncio.sleep(0)
            workspace.control.stop()
            summary = await task
        world.trouble.answer_instead = None
        if not summary.messages.pending:
            pytest.skip("the run was over before the stop")
        count = len(texts_in(world, channel))
        tried = await retry(world)
        assert tried.retry is not None and tried.retry.waiting == 1
        assert len(texts_in(world, channel)) == count and tried.messages.failed == 1
        assert tried.note and code_of_summary(tried) is ExitCode.INCOMPLETE
        assert (await run(world)).messages.failed == 1
        assert (await retry(world)).is_faithful


async def test_a_target_that_changes_posts_keeps_the_order(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=40, generation="current") as world:
        channel = text_channel(world)
        await poisoned(world, channel, count=2)
        summary = await retry(world)
        texts = texts_in(world, channel)
        assert summary.retry is not None and (summary.retry.edited, summary.retry.sent) == (2, 0)
        assert [text.split("\n")[-1] for text in texts[-5:]] == [
            "before",
            f"{POISON} 0",
            "after 0",
            f"{POISON} 1",
            "after 1",
        ]
        assert summary.is_faithful and summary.messages.balances
        posts_in(world, channel)[-1].content = "something else"
        found = await verify(world)
        assert (found.changed, found.mendable) == (1, 1)
        assert (await retry(world)).is_faithful
        assert texts_in(world, channel)[-1].endswith("after 1")


async def test_cut_off_anywhere_it_loses_and_doubles_nothing(tmp_path: Path) -> None:
    moments = random.Random(20261128)
    async with small_world(tmp_path / "p", messages=40) as world:
        channel = text_channel(world)
        await write(world, channel, content=f"{POISON} " + " ".join(WORDS))
        await poisoned_more(world, channel)
        landed = 0
        for _ in range(25):
            async with world.workspace() as workspace:
                task = asyncio.create_task(workspace.retry(world.settings))
                due = len(world.trouble.requests) + moments.randint(6, 34)
                turns = moments.randint(0, 25)
                while not task.done() and turns >= 0:
                    turns -= len(world.trouble.requests) >= due
                    await asyncio.sleep(0)
                landed += not task.done()
                task.cancel()
                await asyncio.wait([task])
            if moments.random() < 0.2:
                await run(world)
        assert landed > 5
        summary = await retry(world)
        texts = texts_in(world, channel)
        assert summary.is_faithful, summary
        assert summary.messages.balances
        for number in range(4):
            assert sum(text.endswith(f"{POISON} {number}") for text in texts) == 1
        assert [word for text in texts for word in text.split() if word in WORDS] == WORDS
        assert not [text for text in texts if "could not be carried over" in text]
        late = [text for text in texts if POISON in text]
        assert [text.rsplit(" ", 1)[-1] for text in late[-4:]] == ["0", "1", "2", "3"]


@pytest.mark.parametrize("resumed_by", ["retry", "run"])
async def test_a_post_that_stood_before_its_reply_came_is_adopted(tmp_path: Path, resumed_by: str) -> None:
    async with small_world(tmp_path / "p", messages=40) as world:
        channel = text_channel(world)
        await poisoned(world, channel)
        async with world.workspace() as workspace:
            task = asyncio.create_task(workspace.retry(world.settings))
            while not any(text.startswith(LATER) for text in texts_in(world, channel)):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
        if resumed_by == "run":
            assert (await run(world)).messages.failed == 1
        summary = await retry(world)
        assert sum(text.startswith(LATER) for text in texts_in(world, channel)) == 1
        assert not [text for text in texts_in(world, channel) if "could not be carried over" in text]
        assert summary.is_faithful and summary.messages.balances


async def poisoned_more(world: World, channel: Any) -> None:
    for number in range(4):
        await write(world, channel, content=f"{POISON} {number}")
    world.trouble.answer_instead = refusing(is_poison)
    summary = await run(world)
    world.trouble.answer_instead = None
    assert summary.messages.failed == 5


async def test_there_is_nothing_to_retry_before_the_first_run(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        with pytest.raises(ConfigurationError, match="never run"):
            await retry(world)
        assert world.trouble.requests == []
