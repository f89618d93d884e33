"""A surveyed guild after events about its channels and threads."""

from __future__ import annotations

import json
from typing import Any

from reaper_tui.model.community import Channel, ChannelKind, Guild
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.reader.growth import Viewpoint, changed_guild
from reaper_tui.reader.permissions import READ_MESSAGE_HISTORY, VIEW_CHANNEL
from reaper_tui.reader.structure import OBFUSCATED_NAME

GUILD = Guild(500, "g", channels=(Channel(1, ChannelKind.TEXT, "one"), Channel(2, ChannelKind.TEXT, "two")))
VIEW = Viewpoint(900, VIEW_CHANNEL | READ_MESSAGE_HISTORY, frozenset(), {})


def after(kind: LiveKind, body: dict[str, Any], guild: Guild = GUILD) -> Guild:
    event = LiveEvent(kind, 0.0, int(body.get("id", 0)), payload=json.dumps(body).encode())
    return changed_guild(guild, event, VIEW)


def named(guild: Guild) -> dict[int, str]:
    return {channel.id: channel.name for channel in guild.channels}


def test_a_new_channel_and_its_thread_come_in() -> None:
    guild = after(LiveKind.PLACE, {"id": "3", "type": 0, "name": "three"})
    guild = after(LiveKind.PLACE, {"id": "4", "type": 11, "name": "a thread", "parent_id": "3"}, guild)
    assert named(guild) == {1: "one", 2: "two", 3: "three", 4: "a thread"}
    assert all(channel.cannot_read == "" for channel in guild.channels)


def test_a_closed_channel_is_known_as_unreadable() -> None:
    closed = [{"id": "500", "type": 0, "allow": "0", "deny": str(VIEW_CHANNEL)}]
    guild = after(LiveKind.PLACE, {"id": "3", "type": 0, "name": "three", "permission_overwrites": closed})
    assert next(channel for channel in guild.channels if channel.id == 3).cannot_read


def test_hidden_channels_are_counted_and_never_taken_up() -> None:
    guild = after(LiveKind.PLACE, {"id": "2", "type": 0, "name": OBFUSCATED_NAME, "flags": 1 << 17, "bitrate": None})
    assert named(guild) == {1: "one"}
    assert guild.hidden_channel_ids == (2,)
    shown = after(LiveKind.PLACE, {"id": "2", "type": 0, "name": "two again"}, guild)
    assert named(shown) == {1: "one", 2: "two again"}
    assert shown.hidden_channel_ids == ()


def test_a_channel_goes_with_its_threads() -> None:
    guild = after(LiveKind.PLACE, {"id": "4", "type": 11, "name": "a thread", "parent_id": "2"})
    assert named(after(LiveKind.PLACE_GONE, {"id": "2"}, guild)) == {1: "one"}


def test_a_listing_brings_what_was_missed_and_keeps_archived_threads() -> None:
    guild = after(LiveKind.PLACE, {"id": "4", "type": 11, "name": "old thread", "parent_id": "2"})
    listing = {
        "id": "500",
        "channels": [{"id": "1", "type": 0, "name": "renamed"}, {"id": "8", "type": 0, "name": "new"}, {"type": 0}],
        "threads": [{"id": "9", "type": 11, "name": "thread", "parent_id": "8"}, {"id": "10", "parent_id": "77"}],
    }
    assert named(after(LiveKind.STRUCTURE, listing, guild)) == {
        1: "renamed",
        2: "two",
        4: "old thread",
        8: "new",
        9: "thread",
        10: "",
    }


def test_a_thread_of_an_unknown_channel_is_left_out() -> None:
    assert named(after(LiveKind.PLACE, {"id": "4", "type": 11, "name": "t", "parent_id": "77"})) == named(GUILD)
