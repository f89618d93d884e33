"""What comes up on the source while the mirror runs: threads, channels, reactions, pins, and what nobody may see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reaper_tui.model.community import Channel
from tests.live.mirror import Mirror, People, mirror, people, posts_in, target_channel, text_channel


async def test_new_channels_threads_and_a_voice_channels_first_words_are_followed(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=30, channels=3, generation="2026-02") as crowd:
        channel = text_channel(crowd.world)
        async with mirror(crowd.world) as run:
            await run.is_live()
            made = int((await crowd.do("channel_create", 0, name="brand-new"))["id"])
            await crowd.write(made, "first in the new channel")
            thread = int((await crowd.do("thread_create", channel.id, name="a new thread"))["id"])
            await crowd.write(thread, "first in the thread")
            await crowd.write(channel.id, "meanwhile in the channel")
            await crowd.write(thread, "second in the thread")
            await run.until(lambda: posts_in(crowd.world, "brand-new") == ["first in the new channel"], "a new channel")
            await run.until(lambda: "second in the thread" in posts_in(crowd.world, channel.name), "a new thread")
            await run.until(lambda: run.live.waiting == 0, "nothing waits")
            said = posts_in(crowd.world, channel.name)
            assert said.index("first in the thread") < said.index("second in the thread")
            assert "meanwhile in the channel" in said
            summary = await run.stop()
        assert summary.messages.balances
        assert summary.messages.pending == 0


async def test_native_threads_hang_on_the_message_they_were_started_from(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=30, channels=3) as crowd:
        channel = text_channel(crowd.world)
        async with mirror(crowd.world) as run:
            await run.is_live()
            starter = await crowd.write(channel.id, "let us talk about this")
            await crowd.do("thread_create", channel.id, name="talk", message_id=str(starter))
            await crowd.write(starter, "inside")

            def stands() -> bool:
                found = [each for each in crowd.world.community.threads.values() if each.name == "talk"]
                rows = crowd.world.community.message_ids.get(found[0].id, ()) if found else ()
                return any("inside" in crowd.world.community.messages[each].content for each in rows)

            await run.until(stands, "the thread and its message")
            opened = next(each for each in crowd.world.community.threads.values() if each.name == "talk")
            assert opened.parent_id == target_channel(crowd.world, channel.name).id


async def test_reactions_and_pins_follow(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=30, channels=3) as crowd:
        channel = text_channel(crowd.world)
        async with mirror(crowd.world) as run:
            await run.is_live()
            message = await crowd.write(channel.id, "a good one")
            await run.until(lambda: "a good one" in posts_in(crowd.world, channel.name), "the message")
            await crowd.do("react", channel.id, message_id=str(message), emoji="👍")
            await crowd.do("pin", channel.id, message_id=str(message))

            def post() -> Any:
                target = target_channel(crowd.world, channel.name)
                rows = [crowd.world.community.messages[each] for each in crowd.world.community.message_ids[target.id]]
                return next(row for row in rows if "a good one" in row.content)

            await run.until(lambda: "👍" in post().content, "the reaction below the message")
            await run.until(lambda: _pinned(crowd, post().id), "the pin")
            await crowd.do("unpin", channel.id, message_id=str(message))
            await run.until(lambda: not _pinned(crowd, post().id), "no pin any more")


async def test_bulk_deletion_takes_exactly_those(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=30, channels=3) as crowd:
        channel = text_channel(crowd.world)
        async with mirror(crowd.world) as run:
            await run.is_live()
            ids = [await crowd.write(channel.id, f"number {number}") for number in range(6)]
            await run.until(lambda: "number 5" in posts_in(crowd.world, channel.name), "six messages")
            await crowd.do("bulk_delete", channel.id, message_ids=[str(each) for each in ids[1:5]])
            left = ["number 0", "number 5"]
            await run.until(lambda: _numbers(run, channel) == left, "the two that are left")


async def test_a_hidden_channel_does_no_harm(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=30, channels=3) as crowd:
        hidden, open_one = text_channel(crowd.world, 1), text_channel(crowd.world, 0)
        async with mirror(crowd.world) as run:
            await run.is_live()
            crowd.world.sandbox.discord.store.hidden_channels = frozenset({hidden.id})
            await crowd.do("channel_update", hidden.id, topic="nobody may know")
            await crowd.write(open_one.id, "still here")
            await run.until(lambda: "still here" in posts_in(crowd.world, open_one.name), "the other channel")
            names = {channel.name for channel in crowd.world.community.channels.values()}
            assert "___hidden___" not in names


def _pinned(crowd: People, message_id: int) -> bool:
    return crowd.world.community.messages[message_id].pinned_at is not None


def _numbers(run: Mirror, channel: Channel) -> list[str]:
    return [said for said in posts_in(run.world, channel.name) if said.startswith("number")]


async def test_roles_emojis_names_and_topics_follow(tmp_path: Path) -> None:
    async with people(tmp_path / "profile", messages=20, channels=3) as crowd:
        channel = text_channel(crowd.world)
        source, target = crowd.world.sandbox.discord.store.community, crowd.world.community
        role = max(source.roles, key=lambda each: each.position)
        async with mirror(crowd.world) as run:
            await run.is_live()
            await crowd.do("emoji_create", 0, name="brand_new_emoji")
            await run.until(lambda: "brand_new_emoji" in _names(target.emojis), "a new emoji")
            await crowd.do("role_create", 0, name="brand-new role")
            await run.until(lambda: "brand-new role" in _names(target.roles), "a new role")
            await crowd.do("role_update", 0, role_id=str(role.id), name="another name for a role")
            await run.until(lambda: "another name for a role" in _names(target.roles), "a role's name")
            await crowd.do("channel_update", channel.id, topic="what is new to talk about", name="renamed")
            await run.until(lambda: target_channel(crowd.world, "renamed") is not None, "a channel's name")
            await run.until(
                lambda: target_channel(crowd.world, "renamed").topic == "what is new to talk about", "a channel's topic"
            )
            await crowd.do("guild_update", 0, name="Another Name")
            await run.until(lambda: target.guild.name == "Another Name", "the community's name")


def _names(found: object) -> set[str]:
    rows = found.values() if isinstance(found, dict) else found
    return {each.name for each in rows}
