"""What the writer makes stands on a Fluxer server as it was meant."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reaper_tui.model.community import ChannelKind, Community, Overwrite
from reaper_tui.model.errors import AccessDenied, CloneError, NotFound, WebhookGone
from reaper_tui.model.outgoing import Part, SpooledFile
from reaper_tui.profile.secrets import Secret
from reaper_tui.sandbox.fluxer_server import FluxerServer
from reaper_tui.writer.client import Call
from reaper_tui.writer.events import WriterEvent
from reaper_tui.writer.writer import FluxerWriter

SPEED = 2000.0
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


class Target:
    """A writer on a sandbox community."""

    def __init__(self, writer: FluxerWriter, community_id: int) -> None:
        self.writer = writer
        self.id = community_id

    async def community(self) -> Community:
        return await self.writer.community(self.id)

    async def text(self, name: str, parent_id: int | None = None, overwrites: tuple[Overwrite, ...] = ()) -> int:
        return await self.writer.create_channel(
            self.id, "text", name, parent_id=parent_id, topic="words", overwrites=overwrites, bitrate=0, user_limit=0
        )

    async def made(self, kind: str, name: str, parent_id: int | None = None) -> int:
        return await self.writer.create_channel(
            self.id, kind, name, parent_id=parent_id, topic="", overwrites=(), bitrate=96_000, user_limit=7
        )


@pytest.fixture
async def target() -> AsyncIterator[Target]:
    server = FluxerServer(speed=SPEED)
    await server.start()
    facts = server.facts()
    events: list[WriterEvent] = []
    async with FluxerWriter(
        Secret(facts["token"]),
        instance="https://fluxer.app",
        api_base=facts["api_base"],
        limits_scale=SPEED,
        notify=events.append,
        clock=time.monotonic,
        sleep=asyncio.sleep,
    ) as writer:
        yield Target(writer, int(facts["community_id"]))
    await server.stop()


async def test_the_bot_says_who_and_where_it_is(target: Target) -> None:
    found = await target.writer.identity()
    assert (found.name, found.places[0][0], found.warnings) == ("reaper", str(target.id), ())
    community = await target.community()
    assert community.bot_id == found.bot_id
    assert community.notes == ()
    assert {channel.name for channel in community.channels} >= {"general", "General", "Text Channels"}
    assert community.link_base.startswith("http")
    assert not community.has_icon


async def test_roles_stand_in_the_order_given_with_their_settings(target: Target) -> None:
    ids = [await target.writer.create_role(target.id, name, 255, 1 << 10 | 1 << 19) for name in ("a", "b", "c")]
    await target.writer.edit_role(target.id, ids[1], {"hoist": True, "mentionable": True, "permissions": 1 << 11})
    await target.writer.order_roles(target.id, [ids[2], ids[0], ids[1]])
    roles = {role.id: role for role in (await target.community()).roles}
    ranked = sorted(ids, key=lambda role_id: -roles[role_id].position)
    assert ranked == [ids[2], ids[0], ids[1]]
    assert roles[ids[0]].permissions == 1 << 10
    assert (roles[ids[1]].is_hoisted, roles[ids[1]].is_mentionable, roles[ids[1]].permissions) == (True, True, 1 << 11)


async def test_channels_are_private_from_the_start_and_changeable(target: Target) -> None:
    hidden = Overwrite(target.id, False, 0, 1 << 10)
    category = await target.made("category", "Stuff")
    text = await target.text("My Channel", category, (hidden,))
    voice = await target.made("voice", "Talk", category)
    await target.writer.edit_channel(
        text, "text", {"rate_limit_per_user": 5, "topic": "", "permission_overwrites": (), "parent_id": None}
    )
    channels = {channel.id: channel for channel in (await target.community()).channels}
    assert (channels[text].kind, channels[text].name) == (ChannelKind.TEXT, "my-channel")
    assert (channels[text].topic, channels[text].slowmode_seconds, channels[text].overwrites) == ("", 5, ())
    assert channels[text].parent_id is None
    assert (channels[voice].bitrate, channels[voice].user_limit, channels[voice].parent_id) == (96_000, 7, category)
    other = await target.text("other", category, (hidden,))
    channels = {channel.id: channel for channel in (await target.community()).channels}
    assert channels[other].overwrites == (hidden,)


async def test_text_is_ordered_above_voice_whatever_was_asked(target: Target) -> None:
    category = await target.made("category", "Stuff")
    first, second = await target.text("first", category), await target.text("second", category)
    voice = await target.made("voice", "Talk", category)
    await target.writer.order_channels(target.id, [(voice, 0), (second, 1), (first, 2)])
    channels = {channel.id: channel for channel in (await target.community()).channels}
    assert channels[second].position < channels[first].position < channels[voice].position


async def test_names_may_be_kept_as_they_are(target: Target) -> None:
    await target.community()
    await target.writer.allow_flexible_names(target.id)
    kept = await target.text("Mixed Case Name")
    assert {channel.id: channel.name for channel in (await target.community()).channels}[kept] == "Mixed Case Name"


async def test_one_bad_emoji_does_not_cost_the_others(target: Target) -> None:
    made = await target.writer.create_emojis(target.id, [("ok", PNG), ("no spaces!", PNG), ("OK", PNG)])
    assert [bool(found) for found, _ in made] == [True, False, True]
    assert made[1][1]
    good = await target.writer.create_emojis(target.id, [("one", PNG), ("two", PNG)])
    assert all(found for found, _ in good)
    stickers = await target.writer.create_stickers(target.id, [("wave", "", ("hi",), PNG)])
    assert stickers[0][0]
    community = await target.community()
    assert {emoji.name for emoji in community.emojis} == {"ok", "OK", "one", "two"}
    assert community.stickers[0].tags == ("hi",)


async def test_a_refused_banner_does_not_cost_the_icon(target: Target) -> None:
    with pytest.raises(CloneError):
        await target.writer.edit_identity(target.id, name="New name", icon=PNG, banner=b"no image")
    community = await target.community()
    assert (community.name, community.has_icon) == ("New name", True)


async def test_messages_are_posted_and_read_back_newest_first(target: Target, tmp_path: Path) -> None:
    channel = await target.text("chat")
    webhook = await target.writer.create_webhook(channel, "reaper")
    assert (await target.writer.webhooks(channel))[0].token == webhook.token
    assert (await target.community()).webhooks[0].id == webhook.id
    path = tmp_path / "x"
    path.write_bytes(b"12345")
    sent = [
        await target.writer.send(webhook, Part("one", "Alice"), [], "1"),
        await target.writer.send(webhook, Part("", "Bob"), [SpooledFile(1, path, "å b.txt", 5, "words", True)], "2"),
        await target.writer.send(webhook, Part("three", ""), [], "3"),
    ]
    assert sent[1].attachment_names == ("å_b.txt",)
    back = await target.writer.history(channel)
    assert [(message.id, message.username) for message in back] == [
        (sent[2].id, "Unknown user"),
        (sent[1].id, "Bob"),
        (sent[0].id, "Alice"),
    ]
    assert back[1].attachment_count == 1
    assert {message.webhook_id for message in back} == {webhook.id}
    assert [message.id for message in await target.writer.history(channel, before=sent[1].id)] == [sent[0].id]
    assert [message.id for message in await target.writer.history(channel, limit=1)] == [sent[2].id]


async def test_a_deleted_webhook_is_told_apart_from_a_deleted_channel(target: Target) -> None:
    channel = await target.text("chat")
    webhook = await target.writer.create_webhook(channel, "reaper")
    client = target.writer._client
    await client.perform(Call("DELETE", "/channels/{channel_id}", {"channel_id": channel}))
    with pytest.raises(WebhookGone):
        await target.writer.send(webhook, Part("x", "A"), [], "1")
    with pytest.raises(NotFound) as error:
        await target.writer.history(channel)
    assert not isinstance(error.value, WebhookGone)


async def test_a_bad_token_ends_the_run_with_one_line(target: Target) -> None:
    instance = await target.writer.instance()
    async with FluxerWriter(
        Secret("1.wrong"),
        instance="",
        api_base=instance.api_base,
        notify=lambda _event: None,
        clock=time.monotonic,
        sleep=asyncio.sleep,
    ) as writer:
        with pytest.raises(AccessDenied) as error:
            await writer.identity()
    assert error.value.ends_run
    assert "token" in error.value.line()


async def test_webhooks_run_at_the_allowed_rate_without_refusals() -> None:
    speed, count = 20.0, 120
    server = FluxerServer(speed=speed)
    await server.start()
    facts = server.facts()
    async with FluxerWriter(
        Secret(facts["token"]),
        instance="",
        api_base=facts["api_base"],
        limits_scale=speed,
        notify=lambda _event: None,
        clock=time.monotonic,
        sleep=asyncio.sleep,
    ) as writer:
        target = Target(writer, int(facts["community_id"]))
        webhooks = [await writer.create_webhook(await target.text(f"c{number}"), "reaper") for number in range(3)]

        async def run(webhook_number: int) -> float:
            began = time.monotonic()
            for number in range(count):
                await writer.send(webhooks[webhook_number], Part(str(number), "A"), [], str(number))
            return count / (60 + (time.monotonic() - began) * speed)

        reached = await asyncio.gather(*(run(number) for number in range(3)))
        assert writer.status_429 == 0
        assert min(reached) > 0.9
    await server.stop()
