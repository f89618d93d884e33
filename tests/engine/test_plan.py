"""The plan says beforehand what fits, what does not, and where everything goes."""

from __future__ import annotations

from typing import Any

import pytest

from reaper_tui.engine.overwrites import VIEW_CHANNEL, overwrites_for
from reaper_tui.engine.plan import make_plan
from reaper_tui.engine.selection import selected_channels, unknown_choices
from reaper_tui.engine.since import first_cursor
from reaper_tui.journal.records import Mapping
from reaper_tui.model.community import (
    Channel,
    ChannelKind,
    Community,
    Emoji,
    Guild,
    Limits,
    Overwrite,
    Role,
    Sticker,
    Webhook,
)
from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.plan import Action, ItemKind, Placement, Plan
from reaper_tui.profile.settings import CopySettings, Settings

GUILD = 1
TEXT, VOICE, THREAD, CATEGORY, FORUM = (
    ChannelKind.TEXT,
    ChannelKind.VOICE,
    ChannelKind.THREAD,
    ChannelKind.CATEGORY,
    ChannelKind.FORUM,
)


def guild(*channels: Channel, **more: Any) -> Guild:
    return Guild(GUILD, "source", channels=channels, **more)


def community(**more: Any) -> Community:
    return Community(2, "target", 3, **more)


def plan(source: Guild, target: Community | None = None, mappings: tuple[Mapping, ...] = (), **copy: Any) -> Plan:
    estimates = {channel.id: (10, False) for channel in source.containers()}
    return make_plan(source, target or community(), estimates, Settings(copy=CopySettings(**copy)), mappings)


def actions(found: Plan, kind: ItemKind) -> list[str]:
    return [item.action.value for item in found.items if item.kind is kind]


def test_what_does_not_fit_is_named_before_the_start() -> None:
    limits = Limits(guild_roles=3, guild_channels=3, static_emojis=1, animated_emojis=1, stickers=1)
    source = guild(
        *(Channel(10 + number, TEXT, f"c{number}") for number in range(5)),
        roles=(Role(GUILD, "@everyone"), *(Role(20 + number, f"r{number}") for number in range(4))),
        emojis=tuple(Emoji(30 + number, f"e{number}", "", number % 2 == 1) for number in range(4)),
        stickers=(Sticker(40, "a", ""), Sticker(41, "b", ""), Sticker(42, "c", "", "lottie")),
    )
    found = plan(source, community(limits=limits, roles=(Role(2, "@everyone"),)))
    for kind, fitting in ((ItemKind.ROLE, 2), (ItemKind.CHANNEL, 3), (ItemKind.EMOJI, 2), (ItemKind.STICKER, 1)):
        assert actions(found, kind).count("create") == fitting, kind
    left = {item.source_id for item in found.items if item.action is Action.CANNOT}
    assert left <= {exclusion.source_id for exclusion in found.exclusions}
    assert len(left) == 2 + 2 + 2 + 2
    assert len(found.routes) == 3


def test_a_category_that_is_full_is_told_and_the_rest_stands_outside() -> None:
    source = guild(Channel(5, CATEGORY, "big"), *(Channel(100 + number, TEXT, f"c{number}", 5) for number in range(60)))
    found = plan(source)
    inside = [item for item in found.items if item.kind is ItemKind.CHANNEL and item.parent_id == 5]
    outside = [item for item in found.items if item.kind is ItemKind.CHANNEL and item.parent_id is None]
    assert (len(inside), len(outside)) == (50, 10)
    assert sum("stands outside" in warning for warning in found.warnings) == 10


def test_a_category_that_is_partly_filled_on_the_target() -> None:
    there = (Channel(70, CATEGORY, "big"), *(Channel(200 + number, TEXT, f"old{number}", 70) for number in range(49)))
    source = guild(Channel(5, CATEGORY, "big"), Channel(100, TEXT, "a", 5), Channel(101, TEXT, "b", 5))
    found = plan(source, community(channels=there))
    assert [item.parent_id for item in found.items if item.kind is ItemKind.CHANNEL] == [5, None]


def test_text_in_voice_needs_room_too() -> None:
    source = guild(Channel(10, VOICE, "talk", last_message_id=5), Channel(11, VOICE, "more", last_message_id=6))
    found = plan(source, community(limits=Limits(guild_channels=3)))
    assert [route.placement for route in found.routes] == [Placement.COMPANION]
    assert [item.target_kind for item in found.items if item.kind is ItemKind.CHANNEL] == [
        "voice",
        "voice",
        "companion",
    ]
    assert "messages of #more" in [exclusion.name for exclusion in found.exclusions]


@pytest.mark.parametrize(
    ("mode", "placements"),
    [
        ("auto", {12: "inline", 13: "own"}),
        ("inline", {12: "inline", 13: "own"}),
        ("channel", {12: "own", 13: "own"}),
        ("native", {12: "inline", 13: "own"}),
        ("skip", {}),
    ],
)
def test_ways_with_threads_keep_private_ones_apart(mode: str, placements: dict[int, str]) -> None:
    source = guild(Channel(10, TEXT, "c"), Channel(12, THREAD, "t", 10), Channel(13, THREAD, "p", 10, is_private=True))
    found = plan(source, threads=mode)
    assert {
        route.container_id: route.placement.value for route in found.routes if route.container_id != 10
    } == placements
    if mode == "skip":
        assert {"thread t", "thread p"} <= {exclusion.name for exclusion in found.exclusions}


def test_names_that_leave_doubt_are_not_matched() -> None:
    source = guild(
        Channel(10, TEXT, "general"),
        Channel(11, TEXT, "general"),
        Channel(12, TEXT, "rules"),
        roles=(Role(20, "mod"), Role(21, "mod"), Role(22, "guest")),
        emojis=(Emoji(30, "ok", ""), Emoji(31, "OK", "")),
    )
    there = community(
        channels=(Channel(70, TEXT, "general"), Channel(71, TEXT, "Rules")),
        roles=(Role(2, "@everyone"), Role(80, "mod"), Role(82, "guest")),
        emojis=(Emoji(90, "ok", ""),),
    )
    found = plan(source, there)
    reused = {item.source_id: item.target_id for item in found.items if item.action is Action.REUSE}
    assert reused == {12: 71, 22: 82, 30: 90}


def test_what_stands_by_the_journal_is_used_again_whatever_its_name() -> None:
    records = (Mapping("channel", 10, 70, "old", "created"), Mapping("channel", 11, 999, "gone", "created"))
    source = guild(Channel(10, TEXT, "new name"), Channel(11, TEXT, "b"))
    found = plan(source, community(channels=(Channel(70, TEXT, "x"),)), records)
    assert actions(found, ItemKind.CHANNEL) == ["reuse", "create"]


def test_a_channel_full_of_webhooks_is_told() -> None:
    hooks = tuple(Webhook(500 + number, 70, "someone", "t") for number in range(15))
    found = plan(guild(Channel(10, TEXT, "c")), community(channels=(Channel(70, TEXT, "c"),), webhooks=hooks))
    assert any("15 webhooks" in warning for warning in found.warnings)


def test_what_cannot_be_read_is_excluded_by_name() -> None:
    found = plan(guild(Channel(10, TEXT, "c", cannot_read="no permission"), hidden_channel_ids=(7, 8)))
    assert found.routes == ()
    assert len(found.exclusions) == 2


def test_a_selection_takes_what_it_names_and_all_below() -> None:
    source = guild(
        Channel(5, CATEGORY, "cat"),
        Channel(10, TEXT, "a", 5),
        Channel(11, FORUM, "b", 5),
        Channel(12, THREAD, "post", 11),
        Channel(13, TEXT, "loose"),
        Channel(14, THREAD, "t", 13),
    )

    def chosen(**copy: Any) -> tuple[set[int], set[int]]:
        found = selected_channels(source, CopySettings(**copy))
        return set(found.carried), set(found.standing)

    assert chosen()[0] == {5, 10, 11, 12, 13, 14}
    assert chosen(channels=["5"])[0] == {5, 10, 11, 12}
    assert chosen(channels=["12"]) == ({12}, {5, 11, 12})
    assert chosen(channels=["14"]) == ({14}, {13, 14})
    assert chosen(channels=["13"])[0] == {13, 14}
    assert chosen(exclude=["11"])[0] == {5, 10, 13, 14}
    assert chosen(channels=["5"], exclude=["5"])[0] == set()
    assert unknown_choices(source, CopySettings(channels=["5", "x"], exclude=["99"])) == ("x", "99")


def test_doors_stay_closed() -> None:
    parent = Channel(
        10, TEXT, "p", overwrites=(Overwrite(GUILD, False, 0, VIEW_CHANNEL), Overwrite(20, False, VIEW_CHANNEL, 0))
    )
    channels = {10: parent}

    def closed(channel: Channel, roles: dict[int, int], **more: Any) -> dict[int, tuple[int, int]]:
        found = overwrites_for(channel, channels, GUILD, 2, roles, keep_all=more.pop("keep_all", True), **more)
        return {row.subject_id: (row.allow, row.deny) for row in found}

    assert closed(parent, {20: 80}) == {2: (0, VIEW_CHANNEL), 80: (VIEW_CHANNEL, 0)}
    assert closed(parent, {}) == {2: (0, VIEW_CHANNEL)}
    assert closed(Channel(12, THREAD, "t", 10), {20: 80}) == closed(parent, {20: 80})
    assert closed(Channel(12, THREAD, "t", 10, is_private=True), {20: 80}) == {2: (0, VIEW_CHANNEL)}
    assert closed(Channel(12, THREAD, "t", 99), {20: 80}) == {2: (0, VIEW_CHANNEL)}
    plain = Channel(11, TEXT, "open")
    assert closed(plain, {20: 80}) == {}
    assert closed(plain, {20: 80}, seen_only_by=[80]) == {2: (0, VIEW_CHANNEL), 80: (VIEW_CHANNEL, 0)}
    assert closed(parent, {20: 80, 21: 81}, seen_only_by=[81]) == {2: (0, VIEW_CHANNEL), 80: (VIEW_CHANNEL, 0)}
    shown = Channel(11, TEXT, "shown", overwrites=(Overwrite(GUILD, False, VIEW_CHANNEL, 0),))
    assert closed(shown, {}, seen_only_by=[80]) == {2: (VIEW_CHANNEL, 0)}
    member = Channel(11, TEXT, "m", overwrites=(Overwrite(77, True, VIEW_CHANNEL, 0),))
    assert closed(member, {77: 1}) == {}


def test_a_beginning_is_a_date_or_an_id() -> None:
    assert first_cursor("") == 0
    assert first_cursor("2014-01-01") == 0
    assert first_cursor("123456789012345678") == 123456789012345677
    assert first_cursor("2025-01-31") < first_cursor("2025-01-31T00:00:01+00:00")
    for text in ("soon", "2025-13-01", "9" * 30, "9999-12-31", "0001-01-01T00:00:00+14:00x"):
        with pytest.raises(ConfigurationError):
            first_cursor(text)
