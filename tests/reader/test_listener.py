"""The gateway kept open: order, resume, gaps told, hostile servers endured."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from reaper_tui.model.errors import AccessDenied
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.profile.secrets import Secret
from reaper_tui.reader.client import DiscordReader
from tests.reader.conftest import FakeDiscord
from tests.reader.gateway_server import GUILD_ID, Caller, GatewayServer, gateway_server

GAP, LOST, RESUMED, MESSAGE = LiveKind.GAP, LiveKind.LOST, LiveKind.RESUMED, LiveKind.MESSAGE


class Ear:
    """A reader that listens, and what it handed over."""

    def __init__(self, discord: FakeDiscord, gateway: GatewayServer) -> None:
        self.events: asyncio.Queue[LiveEvent] = asyncio.Queue()
        self.naps: list[float] = []
        self.gateway = gateway
        self.reader = DiscordReader(
            Secret("a.bot.token"), api_base=discord.base, gateway=gateway.address, sleep=self._nap
        )
        self.task: asyncio.Task[Any] | None = None

    async def _nap(self, seconds: float) -> None:
        self.naps.append(seconds)
        await asyncio.sleep(0)

    def listen(self, *plays: Any) -> None:
        self.gateway.plays = list(plays)
        self.task = asyncio.create_task(self.reader.listen(GUILD_ID, self.events.put_nowait))

    async def heard(self, count: int) -> list[LiveEvent]:
        return [await asyncio.wait_for(self.events.get(), 5) for _ in range(count)]

    async def kinds(self, count: int) -> list[LiveKind]:
        return [event.kind for event in await self.heard(count)]

    async def close(self) -> None:
        if self.task is not None:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)
        await self.reader.close()
        assert self.gateway.errors == []


@pytest.fixture
async def ear(discord: FakeDiscord) -> AsyncIterator[Ear]:
    async with gateway_server() as gateway:
        made = Ear(discord, gateway)
        yield made
        await made.close()


def message(number: int, guild_id: int = GUILD_ID) -> dict[str, Any]:
    return {"id": str(number), "channel_id": "7", "guild_id": str(guild_id), "content": "hello"}


async def open_with(caller: Caller, *numbers: int) -> None:
    """A new session with messages, then silence."""
    assert (await caller.hello())["op"] == 2
    await caller.ready()
    for sequence, number in enumerate(numbers, 2):
        await caller.tell(sequence, "MESSAGE_CREATE", message(number))


async def test_events_come_in_order_and_only_of_this_guild(ear: Ear) -> None:
    async def play(caller: Caller) -> None:
        introduction = await caller.hello()
        assert introduction["d"]["intents"] == 34313
        await caller.ready()
        await caller.tell(2, "MESSAGE_CREATE", message(1))
        await caller.tell(3, "MESSAGE_CREATE", message(2, guild_id=9))
        await caller.tell(4, "MESSAGE_UPDATE", {"id": "1", "channel_id": "7", "embeds": []})
        await caller.tell(5, "MESSAGE_DELETE_BULK", {"ids": ["4", "x", "3"], "channel_id": "7"})
        await caller.tell(6, "MESSAGE_CREATE", {"id": "no number", "channel_id": "7"})
        await caller.tell(7, "TYPING_START", {"channel_id": "7"})
        await caller.tell(8, "CHANNEL_UPDATE", {"id": "7", "name": "seven"})
        await caller.silence()

    ear.listen(play)
    heard = await ear.heard(5)
    assert [event.kind for event in heard] == [GAP, MESSAGE, LiveKind.EDIT, LiveKind.DELETE, LiveKind.PLACE]
    assert [event.message_ids for event in heard] == [(), (1,), (1,), (3, 4), ()]


async def test_a_cut_is_resumed_where_it_was_and_no_gap_is_told(ear: Ear) -> None:
    async def cut(caller: Caller) -> None:
        await open_with(caller, 1)
        await caller.socket.close(code=1001)

    async def go_on(caller: Caller) -> None:
        introduction = await caller.hello()
        assert introduction["op"] == 6
        assert introduction["d"] == {"token": "a.bot.token", "session_id": "one", "seq": 2}
        await caller.tell(3, "MESSAGE_CREATE", message(2))
        await caller.tell(4, "RESUMED", {})
        await caller.silence()

    ear.listen(cut, go_on)
    assert await ear.kinds(5) == [GAP, MESSAGE, LOST, MESSAGE, RESUMED]


@pytest.mark.parametrize("code", [4007, 4009])
async def test_a_session_that_is_forgotten_is_begun_anew_behind_a_gap(ear: Ear, code: int) -> None:
    async def cut(caller: Caller) -> None:
        await open_with(caller)
        await caller.socket.close(code=code)

    async def begin(caller: Caller) -> None:
        await open_with(caller)
        await caller.silence()

    ear.listen(cut, begin)
    assert await ear.kinds(3) == [GAP, LOST, GAP]


async def test_an_invalid_session_waits_before_it_identifies(ear: Ear) -> None:
    async def cut(caller: Caller) -> None:
        await open_with(caller)
        await caller.socket.close(code=4000)

    async def invalid(caller: Caller) -> None:
        assert (await caller.hello())["op"] == 6
        await caller.socket.send_json({"op": 9, "d": False})
        assert await caller.silence() == 4000

    async def begin(caller: Caller) -> None:
        await open_with(caller)
        await caller.silence()

    ear.listen(cut, invalid, begin)
    assert await ear.kinds(4) == [GAP, LOST, LOST, GAP]
    assert any(1.0 <= nap <= 5.0 for nap in ear.naps)


async def test_a_new_connection_that_discord_asks_for_resumes(ear: Ear) -> None:
    async def ask(caller: Caller) -> None:
        await open_with(caller)
        await caller.socket.send_json({"op": 7, "d": None})
        assert await caller.silence() == 4000

    async def go_on(caller: Caller) -> None:
        assert (await caller.hello())["op"] == 6
        await caller.tell(3, "RESUMED", {})
        await caller.silence()

    ear.listen(ask, go_on)
    assert await ear.kinds(3) == [GAP, LOST, RESUMED]


async def test_a_server_that_accepts_and_closes_is_left_alone_for_longer_and_longer(ear: Ear) -> None:
    async def slam(caller: Caller) -> None:
        await caller.socket.close(code=1001)

    ear.listen(slam)
    await ear.heard(12)
    pauses = [nap for nap in ear.naps if nap]
    assert pauses == sorted(pauses) or max(pauses) >= 30
    assert sum(pauses[:10]) > 120


async def test_sessions_that_end_young_are_not_begun_in_a_hot_loop(ear: Ear) -> None:
    async def slam(caller: Caller) -> None:
        await open_with(caller)
        await caller.socket.close(code=4009)

    ear.listen(slam)
    await ear.heard(24)
    assert sum(ear.naps[:10]) > 15


async def test_a_silent_gateway_is_given_up_and_resumed(ear: Ear) -> None:
    async def mute(caller: Caller) -> None:
        await caller.hello(seconds=0.03)
        await caller.ready()
        assert await caller.silence() == 4000

    async def go_on(caller: Caller) -> None:
        assert (await caller.hello())["op"] == 6
        await caller.tell(3, "RESUMED", {})
        await caller.silence()

    ear.listen(mute, go_on)
    assert await ear.kinds(3) == [GAP, LOST, RESUMED]


async def test_heartbeats_carry_the_newest_number(ear: Ear) -> None:
    async def play(caller: Caller) -> None:
        await caller.hello(seconds=0.02)
        await caller.ready(number=41)
        for _ in range(3):
            beat = await caller.hear(1)
            await caller.socket.send_json({"op": 11, "d": None})
        assert beat["d"] == 41
        await caller.tell(42, "MESSAGE_CREATE", message(1))
        await caller.silence()

    ear.listen(play)
    assert await ear.kinds(2) == [GAP, MESSAGE]


@pytest.mark.parametrize(("code", "word"), [(4004, "token"), (4014, "Message Content Intent")])
async def test_what_cannot_get_better_ends_with_one_line(ear: Ear, code: int, word: str) -> None:
    async def refuse(caller: Caller) -> None:
        await caller.hello()
        await caller.socket.close(code=code)

    ear.listen(refuse)
    assert ear.task is not None
    with pytest.raises(AccessDenied) as caught:
        await asyncio.wait_for(ear.task, 5)
    assert word in caught.value.line()
    assert ear.gateway.connections == 1


async def test_a_bot_that_is_thrown_out_says_so(ear: Ear) -> None:
    async def play(caller: Caller) -> None:
        await open_with(caller)
        await caller.tell(5, "GUILD_DELETE", {"id": str(GUILD_ID)})
        await caller.silence()

    ear.listen(play)
    assert ear.task is not None
    with pytest.raises(AccessDenied, match="removed"):
        await asyncio.wait_for(ear.task, 5)


async def test_an_outage_of_the_guild_is_a_gap(ear: Ear) -> None:
    async def play(caller: Caller) -> None:
        await open_with(caller)
        await caller.tell(3, "GUILD_CREATE", {"id": str(GUILD_ID), "channels": []})
        await caller.tell(4, "GUILD_DELETE", {"id": str(GUILD_ID), "unavailable": True})
        await caller.tell(5, "GUILD_CREATE", {"id": str(GUILD_ID), "channels": []})
        await caller.silence()

    ear.listen(play)
    assert await ear.kinds(5) == [GAP, LiveKind.STRUCTURE, LOST, GAP, LiveKind.STRUCTURE]


async def test_cancelling_says_goodbye_and_leaves_nothing_behind(ear: Ear) -> None:
    farewell: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def play(caller: Caller) -> None:
        await open_with(caller)
        farewell.set_result(await caller.silence())

    before = asyncio.all_tasks()
    ear.listen(play)
    await ear.heard(1)
    assert ear.task is not None
    ear.task.cancel()
    await asyncio.gather(ear.task, return_exceptions=True)
    assert await asyncio.wait_for(farewell, 5) == 1000
    await ear.reader.close()
    left = [task for task in asyncio.all_tasks() - before if "reader" in str(task.get_coro()) and not task.done()]
    assert left == []


async def test_garbage_does_no_harm(ear: Ear) -> None:
    async def play(caller: Caller) -> None:
        await open_with(caller)
        await caller.socket.send_str("{")
        await caller.socket.send_str("[1]")
        await caller.socket.send_str('{"op": 0, "t": "MESSAGE_CREATE", "s": "x", "d": [null]}')
        await caller.socket.send_str(
            '{"op": 0, "t": "MESSAGE_CREATE", "s": 9, "d": {"id": "1", "channel_id": "7", '
            '"guild_id": null, "content": "\\ud800"}}'
        )
        await caller.silence()

    ear.listen(play)
    heard = await ear.heard(2)
    assert heard[1].kind is MESSAGE
    assert ear.reader.parse(heard[1].payload).content == "?"
