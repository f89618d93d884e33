"""The WebSocket over a real socket: replay then follow, cursors, filters, limits and farewells."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from reaper_tui.journal import feed
from reaper_tui.stream.session import Bounds
from tests.stream.feeds import KEY, Kept, frames_until, message, numbers, served


async def refused(service: Kept, query: str = "", **options) -> tuple[int, dict]:
    with pytest.raises(InvalidStatus) as caught:
        await service.connect(query, **options)
    return caught.value.response.status_code, json.loads(bytes(caught.value.response.body))


async def test_replay_then_follow_has_neither_gap_nor_repeat(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write(message(number) for number in range(1, 1501))
        async with service.connect("after=earliest") as ws:
            await service.write(message(number) for number in range(1501, 1601))
            frames = await frames_until(ws, "event", seq=1600)
        assert numbers(frames) == list(range(1, 1601))
        assert frames[0]["op"] == "hello"
        assert frames[0]["from"] == 0


async def test_an_event_says_what_happened_where_and_to_what(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.connect() as ws:
        await frames_until(ws, "live")
        await service.write([message(1 << 60, 12, text="<script>\u202e")])
        event = (await frames_until(ws, "event"))[-1]
        assert (event["t"], event["ch"], event["guild"], event["id"]) == ("create", "12", "99", str(1 << 60))
        assert event["d"]["content"] == "<script>\u202e"
        assert event["ts"] > 1_600_000_000_000


async def test_a_cursor_goes_on_after_a_restart(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write(message(number) for number in range(1, 11))
        async with service.connect("after=earliest") as ws:
            hello = (await frames_until(ws, "event", seq=4))[0]
    async with served(tmp_path) as service:
        await service.write([message(11)])
        async with service.connect(f"after={hello['epoch']}:4") as ws:
            frames = await frames_until(ws, "event", seq=11)
        assert frames[0]["resumed"] is True
        assert numbers(frames) == list(range(5, 12))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("ch=1", [1, 4, 7]),
        ("ch=1,2&type=create", [1, 2, 4, 5, 7, 8]),
        ("type=delete,update", [10, 11]),
        ("ch=404", []),
    ],
)
async def test_filters_hold_for_history_and_for_what_follows(tmp_path: Path, query: str, wanted: list[int]) -> None:
    async with served(tmp_path) as service:
        events = [message(number, 1 + (number - 1) % 3) for number in range(1, 10)]
        events += [message(10, 9, "update", version="1"), message(11, 9, "delete")]
        await service.write(events)
        async with service.connect(f"after=earliest&{query}") as ws:
            frames = await frames_until(ws, "live", seq=11)
            assert numbers(frames) == wanted
            await service.write([message(20 + number, 1 + number % 3) for number in range(3)] + [message(9, 9, "pins")])
            async with service.connect("after=earliest") as other:
                await frames_until(other, "event", seq=15)
            # A second later the heartbeat tells how far the filter has seen; here the hub is asked to send it.
            for session in service.hub.sessions:
                session._next_beat = 0
            service.hub.sweep()
            follow = await frames_until(ws, "hb")
            assert follow[-1]["seq"] == 15
            assert len(numbers(follow)) == {"ch=1": 1, "ch=1,2&type=create": 2}.get(query, 0)


async def test_a_forgotten_cursor_is_told_of_the_gap_or_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write(message(number) for number in range(1, 11))
        await service.journal.write(lambda raw: feed.prune(raw, 6))
        await service.hub.look()
        epoch = service.hub.epoch
        async with service.connect(f"after={epoch}:2") as ws:
            frames = await frames_until(ws, "live")
        assert frames[1] == {"op": "gap", "asked": f"{epoch}:2", "from": 5, "reason": "pruned"}
        assert (frames[0]["resumed"], numbers(frames)) == (False, [6, 7, 8, 9, 10])
        async with service.connect("after=otherone:4") as ws:
            assert (await frames_until(ws, "gap"))[-1]["reason"] == "epoch"
        async with service.connect(f"after={epoch}:99") as ws:
            assert (await frames_until(ws, "gap"))[-1]["reason"] == "lost"
        status, body = await refused(service, f"after={epoch}:2&strict=1")
        assert (status, body["error"], body["earliest"]) == (410, "cursor_gone", f"{epoch}:5")
        assert await service.metric("reaper_stream_gaps_total") == 3


async def test_what_cannot_be_understood_is_refused_before_the_upgrade(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        for query, code in (
            ("after=nonsense", "bad_cursor"),
            ("ch=general", "bad_filter"),
            ("type=messages", "bad_filter"),
            ("ch=" + ",".join(map(str, range(1, 300))), "bad_filter"),
            ("hb=soon", "bad_heartbeat"),
            ("hb=0.1", "bad_heartbeat"),
            ("hb=nan", "bad_heartbeat"),
        ):
            status, body = await refused(service, query)
            assert (status, body["error"]) == (400, code), query


async def test_keys_by_header_bearer_subprotocol_and_query(tmp_path: Path) -> None:
    async with served(tmp_path, needs_key=True) as service:
        encoded = base64.urlsafe_b64encode(KEY.encode()).decode().rstrip("=")
        for options in (
            {"additional_headers": {"X-API-Key": KEY}},
            {"additional_headers": {"Authorization": f"Bearer {KEY}"}},
            {"subprotocols": ["reaper.v1", f"key.{encoded}"]},
        ):
            async with service.connect(**options) as ws:
                await frames_until(ws, "live")
        async with service.connect("api_key=" + KEY.replace(" ", "%20")) as ws:
            await frames_until(ws, "live")
        assert (await refused(service))[1]["error"] == "key_missing"
        assert (await refused(service, additional_headers={"X-API-Key": "wrong"}))[0] == 401
        assert (await refused(service, subprotocols=["reaper.v1", "key.%%%"]))[0] == 401


async def test_a_wrong_key_is_refused_where_none_is_needed(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        assert (await refused(service, additional_headers={"X-API-Key": "wrong"}))[1]["error"] == "key_wrong"


async def test_pages_of_other_sites_are_refused(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        assert (await refused(service, origin="https://evil.example"))[1]["error"] == "foreign_origin"
        # A name that was made to point here is foreign as well, though it is the host that was asked.
        evil = {"Host": f"evil.example:{service.port}", "Origin": f"http://evil.example:{service.port}"}
        async with service.http() as http:
            assert (await http.get("/sse", headers=evil)).status_code == 403
        async with service.connect(origin=f"http://127.0.0.1:{service.port}") as ws:
            await frames_until(ws, "live")


async def test_connections_are_limited_by_address_and_in_all(tmp_path: Path) -> None:
    async with (
        served(tmp_path, limits={"most": 3, "most_per_address": 2}) as service,
        service.connect() as first,
        service.connect(),
    ):
        status, body = await refused(service)
        assert (status, body["error"]) == (429, "too_many_connections")
        await first.close()
        while len(service.hub.sessions) > 1:
            await asyncio.sleep(0)
        async with service.connect():
            pass
    async with (
        served(tmp_path, limits={"most": 1}) as service,
        service.connect(),
    ):
        status, body = await refused(service)
        assert (status, body["error"]) == (503, "full")


async def test_a_flood_of_handshakes_from_one_address_is_refused_and_counted(tmp_path: Path) -> None:
    async with served(tmp_path, limits={"most_per_address": 1}) as service:
        codes = [(await refused(service, "after=bad"))[0] for _ in range(20)]
        assert codes == [400] * 12 + [429] * 8
        assert await service.metric('reaper_stream_refused_total{reason="rate_limited"}') == 8


async def test_who_sends_is_sent_away_for_good(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        async with service.connect() as ws:
            await frames_until(ws, "live")
            await ws.send("hello?")
            with pytest.raises(ConnectionClosed) as closed:
                await frames_until(ws, "never")
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4510
        async with service.connect(max_size=None) as ws:
            await frames_until(ws, "live")
            with pytest.raises(ConnectionClosed) as closed:
                await ws.send("x" * (16 << 20))
                await frames_until(ws, "never")
            assert closed.value.rcvd is None or closed.value.rcvd.code == 1009
        assert await _soon_empty(service)
        assert await service.metric('reaper_stream_dismissed_total{reason="frame_too_big"}') == 1
        assert await service.metric('reaper_stream_dismissed_total{reason="protocol"}') == 1


async def _soon_empty(service: Kept) -> bool:
    async with asyncio.timeout(10):
        while service.hub.sessions:
            await asyncio.sleep(0.01)
    return True


async def test_who_reads_nothing_costs_little_and_is_sent_away_with_a_cursor(tmp_path: Path) -> None:
    bounds = Bounds(client_bytes=64 << 10, stall_seconds=0.0)
    async with served(tmp_path, bounds=bounds) as service:
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(("127.0.0.1", service.port))
        nonce = base64.b64encode(os.urandom(16)).decode()
        deaf.send(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {nonce}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        async with service.connect() as ws:
            await frames_until(ws, "live")
            while len(service.hub.sessions) < 2:
                await asyncio.sleep(0.01)
            silent = min(service.hub.sessions, key=lambda session: session.opened_at)
            most = 0
            for start in range(0, 6000, 100):
                last = await service.write(message(start + index + 1, text="x" * 1000) for index in range(100))
                await frames_until(ws, "event", seq=last)
                most = max([most, *(session.wire.pending for session in service.hub.sessions)])
            assert 0 < most <= bounds.client_bytes + 4096
            async with asyncio.timeout(10):
                while not service.hub.tally.dismissed["slow"]:
                    service.hub.sweep()
                    await asyncio.sleep(0.01)
            assert silent.is_over
        assert await service.metric('reaper_stream_dismissed_total{reason="slow"}') == 1
        assert await service.metric("reaper_stream_fell_behind_total") >= 1
        deaf.close()


async def test_a_drain_tells_everybody_when_to_come_back_and_with_what(tmp_path: Path) -> None:
    async with served(tmp_path, drain_seconds=0.3) as service:
        await service.write(message(number) for number in range(1, 4))
        sockets = [await service.connect("after=earliest") for _ in range(5)]
        for ws in sockets:
            await frames_until(ws, "live")
        service.stopping.set()
        for ws in sockets:
            frames = await frames_until(ws, "error")
            assert frames[0]["op"] == "reconnect"
            assert 0 <= frames[0]["after_ms"] <= 300
            assert (frames[-1]["code"], frames[-1]["seq"]) == ("draining", 3)
            with pytest.raises(ConnectionClosed) as closed:
                await ws.recv()
            assert closed.value.rcvd is not None
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4001, f"{service.hub.epoch}:3")


async def test_channels_that_may_be_seen_bound_every_filter(tmp_path: Path) -> None:
    async with served(tmp_path, channels=frozenset({1})) as service:
        await service.write([message(1, 1), message(2, 2)])
        for query in ("after=earliest", "after=earliest&ch=1,2", "after=earliest&ch=2"):
            async with service.connect(query) as ws:
                found = numbers(await frames_until(ws, "live"))
            assert found == ([] if query.endswith("ch=2") else [1])


async def test_a_server_that_takes_no_ready_frames_gets_one_message_at_a_time(tmp_path: Path) -> None:
    async with served(tmp_path) as service:
        await service.write(message(number) for number in range(1, 4))
        said: asyncio.Queue[dict] = asyncio.Queue()
        heard: asyncio.Queue[dict] = asyncio.Queue()
        scope = {
            "type": "websocket",
            "path": "/ws",
            "query_string": b"after=earliest",
            "headers": [],
            "client": ("127.0.0.1", 1),
            "subprotocols": [],
        }
        said.put_nowait({"type": "websocket.connect"})
        listening = asyncio.create_task(service.service.app(scope, said.get, heard.put))
        assert (await heard.get())["type"] == "websocket.accept"
        frames: list[dict] = []
        while not frames or frames[-1]["op"] != "live":
            frames.append(json.loads((await heard.get())["text"]))
        assert numbers(frames) == [1, 2, 3]
        said.put_nowait({"type": "websocket.disconnect", "code": 1001})
        await asyncio.wait_for(listening, 10)
        assert not service.hub.sessions
