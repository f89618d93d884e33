"""The whole way over sockets: what the reader finds in a generated community is what was generated."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from reaper_tui.engine.ports import Reader
from reaper_tui.model.community import ChannelKind
from reaper_tui.model.errors import AccessDenied
from reaper_tui.profile.secrets import Secret
from reaper_tui.reader.client import DiscordReader
from reaper_tui.reader.structure import KINDS
from reaper_tui.sandbox.community import generate_community
from reaper_tui.sandbox.community.nouns import Attachment
from reaper_tui.sandbox.discord_server import DiscordServer


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    made = DiscordServer(generate_community(4, 14, 1500), speed=20)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def sandbox_reader(server: DiscordServer) -> AsyncIterator[DiscordReader]:
    facts = server.facts()
    async with DiscordReader(
        Secret(facts["token"]), api_base=facts["api_base"], gateway=facts["gateway"], cdn=facts["cdn"]
    ) as reader:
        yield reader


@pytest.mark.parametrize("fault", ["", "rate-limit-storm"])
async def test_survey_and_pages_bring_everything_that_was_generated(
    server: DiscordServer, sandbox_reader: Reader, fault: str
) -> None:
    server.faults.set((fault,))
    community = server.community
    guild = await sandbox_reader.survey(community.id)
    expected = server.store.readable_counts()
    readable = [channel for channel in guild.containers() if not channel.cannot_read]
    assert {channel.id for channel in readable} == {number for number in expected if _holds_messages(server, number)}
    shown = {channel.id for channel in guild.channels if channel.kind is not ChannelKind.THREAD}
    assert shown | set(guild.hidden_channel_ids) == community.channels.keys()
    assert len(guild.emojis) == len(community.emojis) and len(guild.stickers) == len(community.stickers)
    assert guild.can_read_content

    async def read(channel_id: int) -> list[int]:
        found: list[int] = []
        after = 0
        while True:
            page = await sandbox_reader.page(channel_id, after)
            found += [raw.id for raw in page]
            for raw in page:
                message = sandbox_reader.parse(raw.payload)
                assert (message.id, message.channel_id) == (raw.id, channel_id)
                assert message.author.name != "unknown"
            if len(page) < 100:
                return found
            after = page[-1].id

    histories = await asyncio.gather(*(read(channel.id) for channel in readable))
    for channel, found in zip(readable, histories, strict=True):
        assert found == [message.id for message in community.messages[channel.id]], channel.name
    assert sum(map(len, histories)) > 1000


def _holds_messages(server: DiscordServer, number: int) -> bool:
    if number in server.community.threads:
        return True
    kind = KINDS[server.community.channels[number].type]
    return kind not in (ChannelKind.FORUM, ChannelKind.MEDIA, ChannelKind.CATEGORY)


async def test_estimates_come_near(server: DiscordServer, sandbox_reader: Reader) -> None:
    guild = await sandbox_reader.survey(server.community.id)
    told = true = 0
    for channel in guild.containers():
        if not channel.cannot_read:
            count, is_exact = await sandbox_reader.estimate(channel)
            actual = len(server.community.messages[channel.id])
            assert not is_exact or count == actual
            told += count
            true += actual
    assert abs(told - true) < 0.3 * true


async def test_identity_names_the_guild(server: DiscordServer, sandbox_reader: DiscordReader) -> None:
    identity = await sandbox_reader.identity()
    assert (server.community.id, server.community.name) in identity.places
    assert identity.warnings == ()


async def test_a_wrong_token_is_refused(server: DiscordServer) -> None:
    async with DiscordReader(Secret("wrong"), api_base=server.facts()["api_base"]) as reader:
        with pytest.raises(AccessDenied) as caught:
            await reader.identity()
    assert caught.value.ends_run


async def test_one_message_and_its_links_are_renewed(server: DiscordServer, sandbox_reader: DiscordReader) -> None:
    guild = await sandbox_reader.survey(server.community.id)
    place = next(channel.id for channel in guild.containers() if not channel.cannot_read)
    message = server.community.messages[place][-1]
    file = Attachment(id=message.id | 1, filename="map.png", size=64, content_type="image/png")
    server.community.messages[place][-1] = msgspec.structs.replace(message, attachments=(file,))
    raw = await sandbox_reader.message(place, message.id)
    [seen] = sandbox_reader.parse(raw.payload).attachments
    assert (seen.filename, seen.size) == ("map.png", 64)
    fresh = await sandbox_reader.refresh_links([seen.url])
    assert fresh[seen.url].partition("?")[0] == seen.url.partition("?")[0]


async def test_hidden_channels_and_missing_content_are_noticed(
    server: DiscordServer, sandbox_reader: DiscordReader
) -> None:
    server.faults.set(("hidden-channels", "no-message-content"))
    guild = await sandbox_reader.survey(server.community.id)
    assert len(server.store.hidden_channels) == 2
    assert server.store.hidden_channels <= set(guild.hidden_channel_ids)
    assert not guild.can_read_content


async def test_many_cancels_at_any_moment_leave_the_reader_usable(
    server: DiscordServer, sandbox_reader: DiscordReader
) -> None:
    guild = await sandbox_reader.survey(server.community.id)
    places = [channel.id for channel in guild.containers() if not channel.cannot_read]
    server.faults.set(("rate-limit-storm",))
    for delay in range(25):
        tasks = [asyncio.ensure_future(sandbox_reader.page(place, 0)) for place in places[:5]]
        await asyncio.wait(tasks, timeout=delay / 500)
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    async with asyncio.timeout(10):
        pages = await asyncio.gather(*(sandbox_reader.page(place, 0) for place in places[:5]))
    for place, page in zip(places, pages, strict=False):
        assert [raw.id for raw in page] == [message.id for message in server.community.messages[place][:100]]
