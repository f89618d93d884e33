"""Any stream service can be watched by its address, as the local stream is."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from websockets.asyncio.server import ServerConnection, serve

from reaper_tui.journal.feed import FeedEvent
from reaper_tui.model.errors import ConfigurationError
from reaper_tui.tui import remote_stream
from reaper_tui.tui.app import ReaperApp
from reaper_tui.tui.modals.address import AddressScreen, parse_address
from reaper_tui.tui.modals.details import DetailsScreen
from reaper_tui.tui.remote_message import RemoteMessage
from reaper_tui.tui.remote_stream import RemoteStream
from reaper_tui.tui.screens.home import HomeScreen
from reaper_tui.tui.screens.watch import WatchScreen
from reaper_tui.tui.stream_source import BEGINNING, END
from tests.stream.feeds import KEY, Kept, message, served
from tests.tui.fakes import FakeBackend
from tests.tui.pilots import opened, press, settle, shown

PATIENCE = 20.0


async def until(app: ReaperApp, pilot: Pilot[None], is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not is_so():
            if isinstance(app.screen, WatchScreen):
                app.screen.look()
            await pilot.pause(0.02)


async def sees(app: ReaperApp, pilot: Pilot[None], *texts: str) -> None:
    try:
        await until(app, pilot, lambda: all(text in shown(app) for text in texts))
    except TimeoutError:
        pytest.fail(f"{texts} not in\n{shown(app)}")


async def watch(app: ReaperApp, pilot: Pilot[None], address: str, key: str = "") -> None:
    await press(pilot, "w")
    assert isinstance(app.screen, AddressScreen)
    app.screen.address.value, app.screen.key.value = address, key
    await press(pilot, "enter")
    await settle(pilot)


async def named(service: Kept, channel_id: int, name: str) -> None:
    """Let the service know a channel by name."""
    await service.journal.write(
        lambda raw: raw.execute(
            "INSERT INTO container (id, name, kind, parent_name, lane_id, sequence, estimate) "
            "VALUES (?, ?, 'text', '', ?, 0, 0)",
            (channel_id, name, channel_id),
        )
    )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://host:8000", "ws://host:8000/ws"),
        ("https://host/stream/ws", "wss://host/stream/ws"),
        ("host:8000", "ws://host:8000/ws"),
        ("wss://host/?api_key=s3cret", "wss://host/ws"),
    ],
)
def test_addresses_are_read(text: str, address: str) -> None:
    assert parse_address(text, "").address == address


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", ""),
        ("ftp://host", ""),
        ("ws://", ""),
        ("ws://a b/ws", ""),
        ("ws://host:99999", ""),
        ("ws://[::1", ""),
        (f"ws://{'a' * 70}.b", ""),
        ("ws://me:s3cret@host", ""),
        ("ftp://me:s3cret@host/?key=s3cret", ""),
        ("ws://host", "ключ-s3cret"),
    ],
)
def test_what_is_no_address_is_told_in_a_line_without_the_key(text: str, key: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_address(text, key)
    assert "s3cret" not in caught.value.line()
    assert caught.value.mend


async def test_a_service_is_watched_from_history_to_edits_and_deletions(
    backend: FakeBackend, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "reaper_tui")
    async with served(tmp_path, needs_key=True) as service, opened(backend) as (app, pilot):
        await named(service, 7, "bikes")
        await service.write([message(number) for number in range(1, 251)])
        await watch(app, pilot, f"http://127.0.0.1:{service.port}", KEY)
        screen = app.screen
        assert isinstance(screen, WatchScreen)
        await sees(app, pilot, "#bikes ann: message 250", f"Watching 127.0.0.1:{service.port} · live")
        await service.write(
            [message(300, text="first thought"), message(301, text="evil \x1b[31m\u202ename"), message(302)]
        )
        await sees(app, pilot, "ann: first thought", "message 302")
        assert "\x1b" not in shown(app) and "\u202e" not in shown(app)
        await service.write(
            [message(300, kind="update", text="second thought", version="2"), FeedEvent("delete", 7, 302, b"null", "")]
        )
        await sees(app, pilot, "ann: second thought (edited)", "message 302 (deleted)")
        assert "first thought" not in shown(app)
        while not screen._has_first:
            await press(pilot, "home")
        await press(pilot, "home")
        await sees(app, pilot, "ann: message 1 ")
        ids = [item.message_id for item in screen.view.items]
        assert ids == [*range(1, 251), 300, 301, 302]
        await press(pilot, "enter")
        assert isinstance(app.screen, DetailsScreen)
        assert "ann (1)" in shown(app)
        await press(pilot, "escape", "slash")
        app.screen.field.value = "second"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        await sees(app, pilot, "1 message", "only second")
        await press(pilot, "escape", "f", "p")
        await sees(app, pilot, "‖ paused")
        await service.write([message(400)])
        screen.look()
        await settle(pilot)
        assert "message 400" not in shown(app)
        await press(pilot, "p")
        await sees(app, pilot, "message 400")
        assert KEY not in shown(app) and KEY not in caplog.text
        assert await service.metric("reaper_stream_connections") == 1
        await press(pilot, "escape")
        assert isinstance(app.screen, HomeScreen)
        async with asyncio.timeout(PATIENCE):
            while await service.metric("reaper_stream_connections") > 0:
                await asyncio.sleep(0.01)
        await press(pilot, "w")
        assert app.screen.address.value == f"ws://127.0.0.1:{service.port}/ws"  # type: ignore[attr-defined]
        assert app.screen.key.value == ""  # type: ignore[attr-defined]


async def test_details_tell_reactions_and_pin_as_they_stand_now(backend: FakeBackend, tmp_path: Path) -> None:
    async with served(tmp_path) as service, opened(backend) as (app, pilot):
        await watch(app, pilot, f"127.0.0.1:{service.port}")
        body = {"id": "5", "content": "tea?", "author": {"username": "ann"}, "pinned": False, "reactions": []}
        await service.write([FeedEvent("create", 7, 5, json.dumps(body).encode(), "")])
        await sees(app, pilot, "ann: tea?")
        await press(pilot, "enter")
        await sees(app, pilot, "reactions  – none", "pinned     – not pinned")
        await press(pilot, "escape")
        rows = [
            {"emoji": {"id": None, "name": "👍"}, "count": 3},
            {"emoji": {"id": "9", "name": "kettle"}, "count": 1},
            {"emoji": None, "count": 2},
        ]
        await service.write(
            [
                FeedEvent("reactions", 7, 5, json.dumps({"id": "5", "reactions": rows}).encode(), ""),
                FeedEvent("pins", 7, 5, b'{"id":"5","pinned":true,"content":"not a pin\'s business"}', ""),
                message(6),
            ]
        )
        await sees(app, pilot, "message 6", "ann: tea?")
        await press(pilot, "home", "enter")
        await sees(app, pilot, "reactions  ♥ 4 reactions: 👍 3, :kettle: 1", "pinned     ◆ pinned in its channel")


async def test_a_wrong_key_is_told_in_place_of_the_messages(backend: FakeBackend, tmp_path: Path) -> None:
    async with served(tmp_path, needs_key=True) as service, opened(backend) as (app, pilot):
        await watch(app, pilot, f"ws://127.0.0.1:{service.port}/ws", "a wrong key")
        await sees(app, pilot, "✖ The stream refuses access", "→ check the API key and the address")
        assert "a wrong key" not in shown(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, HomeScreen)


async def test_no_address_is_told_where_it_was_asked_for(backend: FakeBackend) -> None:
    async with opened(backend) as (app, pilot):
        await watch(app, pilot, "ftp://host")
        assert isinstance(app.screen, AddressScreen)
        assert "“ftp://host” is no address of a stream" in shown(app)
        await press(pilot, "escape")
        assert isinstance(app.screen, HomeScreen)


class Script:
    """A service that only speaks frames, as told, and knows no pages."""

    def __init__(self) -> None:
        self.cursors: list[str] = []
        self.sockets: list[ServerConnection] = []
        self.port = 0

    async def __call__(self, socket: ServerConnection) -> None:
        assert socket.request is not None
        self.cursors.append(socket.request.path.partition("after=")[2].partition("&")[0])
        self.sockets.append(socket)
        await self.say({"op": "hello", "epoch": "one", "from": 5, "hb": 15})
        if len(self.sockets) > 1:
            await self.say({"op": "gap", "from": 8, "reason": "pruned"})
        await self.say({"op": "live"})
        await socket.wait_closed()

    async def say(self, frame: dict[str, object]) -> None:
        await self.sockets[-1].send(json.dumps(frame))

    async def tell(self, seq: int, kind: str, number: int, body: object) -> None:
        await self.say({"op": "event", "seq": seq, "t": kind, "ch": "7", "id": str(number), "ts": 1, "d": body})


@asynccontextmanager
async def scripted() -> AsyncIterator[Script]:
    script = Script()
    async with serve(script, "127.0.0.1", 0) as server:
        script.port = server.sockets[0].getsockname()[1]
        yield script


async def test_cuts_gaps_and_what_was_never_seen_stand_in_the_stream(backend: FakeBackend) -> None:
    async with scripted() as script, opened(backend) as (app, pilot):
        await watch(app, pilot, f"127.0.0.1:{script.port}")
        await sees(app, pilot, "older messages cannot be had")
        await script.tell(6, "create", 60, {"content": "here", "author": {"username": "ann"}})
        await script.tell(7, "update", 3, {"content": "an old one", "author": None})
        await script.tell(8, "delete", 4, None)
        await script.tell(9, "create", 61, ["odd"])
        await sees(
            app, pilot, "#7 ann: here", "#7 somebody: an old one (edited)", "#7 —: a message from before (deleted)"
        )
        await script.sockets[-1].close(4000, "away")
        await sees(app, pilot, "── cut, next try in 1 s: the service closed the connection", "── connected again")
        await sees(app, pilot, "── messages are missing here: the service no longer holds them", "· live")
        assert script.cursors == ["live", "one%3A9"]
        await press(pilot, "slash")
        app.screen.field.value = "here"  # type: ignore[attr-defined]
        await press(pilot, "enter")
        await sees(app, pilot, "ann: here", "── connected again")
        assert "an old one" not in shown(app)


async def test_an_address_where_nobody_listens_is_tried_again(backend: FakeBackend) -> None:
    async with scripted() as script:
        port = script.port
    async with opened(backend) as (app, pilot):
        await watch(app, pilot, f"127.0.0.1:{port}")
        await sees(app, pilot, "── cut, next try in", "Connect call failed")


async def test_what_is_let_go_is_told_and_had_from_the_service_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_stream, "KEPT", 10)
    async with served(tmp_path) as service:
        source = RemoteStream(f"ws://127.0.0.1:{service.port}/ws")
        listening = asyncio.create_task(source.listen())
        try:
            await asyncio.wait_for(source.connected.wait(), PATIENCE)
            await service.write([message(number) for number in range(1, 6)])
            async with asyncio.timeout(PATIENCE):
                while len(seen := await source.newer(BEGINNING, 50)) < 5:
                    await asyncio.sleep(0.01)
            place = (seen[-1].at, seen[-1].message_id)
            await service.write([message(number) for number in range(6, 31)])
            async with asyncio.timeout(PATIENCE):
                while not (later := await source.newer(place, 50)) or later[-1].message_id != 30:
                    await asyncio.sleep(0.01)
            assert later[0].mark == "notice"
            assert [row.message_id for row in later[1:]] == list(range(21, 31))
            everything = await source.older(END, 100)
            assert [row.message_id for row in everything] == list(range(1, 31))
            middle = everything[20]
            before = await source.older((middle.at, middle.message_id), 15)
            assert [row.message_id for row in before] == list(range(6, 21))
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)


@pytest.mark.parametrize(
    "body", [b"null", b"[]", b"{", b'{"author":[],"embeds":[1,{"title":"bike"}],"attachments":{}}']
)
def test_odd_bodies_are_shown_somehow(body: bytes) -> None:
    found = RemoteMessage(5, 7, body)
    assert found.shown({}).channel == "7"
    assert dict(found.details("7"))["message"] == "5"
    assert found.edited(b'{"content":"now"}').shown({}).text == "now"
    assert found.edited(b"null").mark == ""
