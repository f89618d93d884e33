"""The structure follows the source: kinds, people, and what became different between two runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from reaper_tui.engine.drift import REASON
from reaper_tui.engine.matching import target_kind
from reaper_tui.engine.overwrites import VIEW_CHANNEL, overwrites_for
from reaper_tui.journal.records import Mapping
from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.community import Channel, ChannelKind, Community, Emoji, Guild, Limits, Overwrite, Role
from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.permissions import THREADS, carried, left_behind
from reaper_tui.model.plan import Action, ItemKind
from reaper_tui.profile.settings import CopySettings, Settings, check_members, with_environment
from tests.engine.test_plan import community, guild, plan
from tests.engine.world import World, small_world

PLAIN = TargetCapabilities()
RICH = TargetCapabilities(has_threads=True, has_forums=True, has_announcements=True)


@pytest.mark.parametrize(
    ("kind", "can", "has_native_posts", "expected"),
    [
        (ChannelKind.ANNOUNCEMENT, PLAIN, True, "text"),
        (ChannelKind.ANNOUNCEMENT, RICH, False, "announcement"),
        (ChannelKind.FORUM, RICH, True, "forum"),
        (ChannelKind.MEDIA, RICH, True, "media"),
        (ChannelKind.FORUM, RICH, False, "text"),
        (ChannelKind.FORUM, PLAIN, True, "text"),
        (ChannelKind.STAGE, RICH, True, "voice"),
        (ChannelKind.OTHER, RICH, True, ""),
    ],
)
def test_a_channel_keeps_its_kind_where_the_target_has_it(
    kind: ChannelKind, can: TargetCapabilities, has_native_posts: bool, expected: str
) -> None:
    assert target_kind(kind, can, has_native_posts=has_native_posts) == expected


def test_what_stands_keeps_the_kind_it_has() -> None:
    news = Channel(10, ChannelKind.ANNOUNCEMENT, "news")
    made = Mapping("channel", 10, 90, "news", "created")
    target = community(capabilities=RICH, channels=(Channel(90, ChannelKind.TEXT, "news"),))
    (item,) = [item for item in plan(guild(news), target, (made,)).items if item.kind is ItemKind.CHANNEL]
    assert (item.target_kind, item.target_id) == ("text", 90)
    fresh = plan(guild(news), community(capabilities=RICH))
    assert [item.target_kind for item in fresh.items if item.kind is ItemKind.CHANNEL] == ["announcement"]


def test_thread_permissions_go_where_there_are_threads() -> None:
    assert carried(THREADS | 1 << 10) == 1 << 10
    assert carried(THREADS | 1 << 31, has_threads=True) == THREADS
    assert left_behind(THREADS, has_threads=True) == ()
    assert "Manage Threads" in left_behind(THREADS)
    channel = Channel(11, ChannelKind.TEXT, "c", overwrites=(Overwrite(1, False, 0, 1 << 38),))
    (row,) = overwrites_for(channel, {}, 1, 2, {}, keep_all=True, has_threads=True)
    assert row.deny == 1 << 38
    role = Role(20, "r", permissions=THREADS)
    assert "Manage Threads" in plan(guild(roles=(role,))).exclusions[0].reason
    assert plan(guild(roles=(role,)), community(capabilities=RICH)).exclusions == ()


def test_people_keep_their_doors_where_they_are_known() -> None:
    door = Channel(11, ChannelKind.TEXT, "m", overwrites=(Overwrite(77, True, VIEW_CHANNEL, 0),))
    found = overwrites_for(door, {}, 1, 2, {}, keep_all=True, members={77: 707})
    assert found == (Overwrite(707, True, VIEW_CHANNEL, 0),)
    assert [found.name for found in plan(guild(door)).exclusions] == ["what 1 person may do in single channels"]
    assert plan(guild(door), members={"77": "707"}).exclusions == ()
    private = msgspec.structs.replace(door, kind=ChannelKind.THREAD, is_private=True)
    assert overwrites_for(private, {}, 1, 2, {}, keep_all=True, members={77: 707})[0].deny == VIEW_CHANNEL


def test_people_are_named_by_ids_only() -> None:
    check_members(Settings(copy=CopySettings(members={"77": "707"})))
    for members in ({"bob": "7"}, {"7": ""}):
        with pytest.raises(ConfigurationError, match="members"):
            check_members(Settings(copy=CopySettings(members=members)))
    told = with_environment(Settings(), {"REAPER_COPY_MEMBERS": "77=707, 78=708"})
    assert told.copy.members == {"77": "707", "78": "708"}


def test_emojis_share_one_pool_where_the_target_says_so() -> None:
    emojis = tuple(Emoji(100 + number, f"e{number}", "u", number % 2 == 0) for number in range(6))
    limits = Limits(emojis=4, static_emojis=4, animated_emojis=4)
    found = plan(guild(emojis=emojis), community(limits=limits, emojis=(Emoji(1, "old", "u"),)))
    assert found.count(ItemKind.EMOJI, Action.CREATE) == 3
    assert found.count(ItemKind.EMOJI, Action.CANNOT) == 3


def test_what_the_source_deleted_is_told_and_left_standing() -> None:
    mappings = (
        Mapping("channel", 10, 90, "old", "created"),
        Mapping("channel", 11, 91, "here", "created"),
        Mapping("channel", 12, 92, "hidden", "created"),
        Mapping("channel", 13, 93, "gone on both sides", "created"),
        Mapping("category", 5, 95, "Old", "reused"),
        Mapping("role", 20, 80, "mods", "created"),
        Mapping("role", 21, None, "never made", "failed"),
    )
    standing = tuple(Channel(found, ChannelKind.TEXT, "x") for found in (90, 91, 92, 95))
    source: Guild = guild(Channel(11, ChannelKind.TEXT, "here"), hidden_channel_ids=(12,))
    target: Community = community(channels=standing, roles=(Role(80, "mods"),))
    found = plan(source, target, mappings)
    gone = {exclusion.name for exclusion in found.exclusions if exclusion.reason == REASON}
    assert gone == {"#old", "category Old", "role mods"}


async def test_renamed_moved_and_deleted_things_are_followed_and_nothing_else(tmp_path: Path) -> None:
    async with small_world(tmp_path, messages=5, channels=4, generation="current") as world:
        world.settings = msgspec.structs.replace(
            world.settings, copy=msgspec.structs.replace(world.settings.copy, history=False)
        )
        await _run(world)
        source = world.sandbox.discord.store.community
        texts = [channel for channel in source.channels.values() if channel.type == 0]
        category = next(channel for channel in source.channels.values() if channel.type == 4)
        renamed, moved = texts[0], texts[1]
        elsewhere = category.id if moved.parent_id != category.id else None
        world.sandbox.discord.store.set_channel(msgspec.structs.replace(renamed, name="quite-new"))
        world.sandbox.discord.store.set_channel(msgspec.structs.replace(moved, parent_id=elsewhere))
        source.emojis[0] = msgspec.structs.replace(source.emojis[0], name="brand_new")
        made_before = _kinds(world)
        world.trouble.requests.clear()
        await _run(world)
        assert _kinds(world) == made_before
        writes = {(method, _what(path)) for method, path in world.trouble.writes()}
        assert writes <= {("PATCH", "channels"), ("PATCH", "emojis")}
        assert ("PATCH", "emojis") in writes
        names = {channel.name for channel in world.community.channels.values()}
        assert "quite-new" in names
        assert "brand_new" in {kept.name for kept in world.community.emojis.values()}
        world.trouble.requests.clear()
        await _run(world)
        assert world.trouble.writes() == []


async def _run(world: World) -> None:
    async with world.workspace() as workspace:
        await workspace.run(world.settings)


def _kinds(world: World) -> tuple[int, int, int]:
    community: Any = world.community
    return len(community.channels), len(community.roles), len(community.emojis)


def _what(path: str) -> str:
    return next(part for part in reversed(path.split("/")) if not part.isdigit())


async def test_the_filter_of_explicit_media_is_set_last_and_once(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=30) as world:
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        asked = [body for method, _, body in world.trouble.requests if method == "PATCH" and body]
        assert [body for body in asked if "explicit_content_filter" in body] == [{"explicit_content_filter": 2}]
        last_post = max(n for n, (method, path, _) in enumerate(world.trouble.requests) if _is_post(method, path))
        place = next(
            n for n, (_, _, body) in enumerate(world.trouble.requests) if body == {"explicit_content_filter": 2}
        )
        assert place > last_post
        assert world.community.guild.explicit_content_filter == 2
        world.trouble.requests.clear()
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        assert world.trouble.writes() == []


def _is_post(method: str, path: str) -> bool:
    return method == "POST" and "/webhooks/" in path and not path.endswith("/webhooks")
