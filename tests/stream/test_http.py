"""What is asked once: messages, health, stats, metrics, server-sent events, the documentation."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

from reaper_tui.stream.address import client_address, limit_key, parse_networks
from tests.stream.feeds import KEY, frames_until, message, numbers, served


async def test_messages_are_as_they_are_now_oldest_first(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.http() as http:
        await service.write([message(number, 1 + number % 2) for number in range(1, 8)])
        await service.write([message(5, 2, "update", "changed", "later"), message(6, 1, "delete")])
        async with service.connect() as ws:
            await frames_until(ws, "live", seq=9)
        found = (await http.get("/messages?limit=3")).json()
        assert [row["id"] for row in found["messages"]] == ["4", "5", "7"]
        assert [row["d"]["content"] for row in found["messages"]] == ["message 4", "changed", "message 7"]
        assert found["cursor"] == f"{service.hub.epoch}:9"
        assert found["has_more"] is True
        older = (await http.get("/messages?limit=3&before=4")).json()
        assert [row["id"] for row in older["messages"]] == ["1", "2", "3"]
        newer = (await http.get("/messages?limit=2&after=2")).json()
        assert [row["id"] for row in newer["messages"]] == ["3", "4"]
        assert newer["has_more"] is True
        for last in ("limit=6", "limit=3&before=4"):
            assert (await http.get(f"/messages?{last}")).json()["has_more"] is False
        between = (await http.get("/messages?limit=2&after=1&before=7")).json()
        assert ([row["id"] for row in between["messages"]], between["has_more"]) == (["4", "5"], True)
        one = (await http.get("/messages?channel=2")).json()
        assert [row["id"] for row in one["messages"]] == ["1", "3", "5", "7"]


async def test_a_page_that_did_not_change_is_not_sent_again(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.http() as http:
        await service.write([message(1)])
        first = await http.get("/messages")
        again = await http.get("/messages", headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


async def test_questions_that_make_no_sense_are_answered_with_what_is_wrong(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.http() as http:
        for path, status, part in (
            ("/messages?limit=201", 422, "limit"),
            ("/messages?before=yesterday", 400, "before"),
            ("/messages?channel=general", 400, "channel"),
            ("/messages?after=99999999999999999999", 400, "after"),
            ("/nowhere", 404, "Not Found"),
            ("/ws", 426, "WebSocket"),
        ):
            reply = await http.get(path)
            assert reply.status_code == status, path
            assert part in reply.json()["message"]


async def test_sent_events_are_the_same_and_resume_by_last_event_id(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.http() as http:
        await service.write(message(number) for number in range(1, 700))
        async with service.connect("after=earliest") as ws:
            wanted = [frame for frame in await frames_until(ws, "live") if frame["op"] == "event"]

        async def listen(headers: dict[str, str], last: int) -> list[tuple[str, dict]]:
            found: list[tuple[str, dict]] = []
            cursor = ""
            async with http.stream("GET", "/sse?after=earliest", headers=headers) as reply:
                assert reply.headers["content-type"].startswith("text/event-stream")
                async for line in reply.aiter_lines():
                    if line.startswith("id: "):
                        cursor = line[4:]
                    elif line.startswith("data: "):
                        found.append((cursor, json.loads(line[6:])))
                        if found[-1][1].get("seq", 0) >= last:
                            return found
            raise AssertionError("the stream ended")

        found = await listen({}, 699)
        assert [frame for _, frame in found if frame["op"] == "event"] == wanted
        cursor = next(cursor for cursor, frame in found if frame.get("seq") == 690)
        await service.write([message(700)])
        later = await listen({"Last-Event-ID": cursor}, 700)
        assert numbers(frame for _, frame in later) == list(range(691, 701))
        async with asyncio.timeout(10):
            while service.hub.sessions:
                await asyncio.sleep(0.01)


async def test_health_and_readiness(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.http() as http:
        report = await http.get("/health")
        assert report.status_code == 200
        assert report.json()["components"]["journal"]["status"] == "ok"
        assert (await http.get("/ready")).status_code == 200
        service.service.listeners.is_draining = True
        assert (await http.get("/ready")).status_code == 503
        service.hub.trouble = "the disk is gone"
        service.service.listeners.is_draining = False
    async with served(tmp_path) as service, service.http() as http:
        service.hub.trouble = "the disk is gone"
        down = await http.get("/health")
        assert (down.status_code, down.json()["status"]) == (503, "down")


async def test_stats_need_the_key(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.http() as http:
        assert (await http.get("/stats")).status_code == 401
        assert (await http.get("/stats", headers={"X-API-Key": KEY[:-1]})).status_code == 401
        async with service.connect("ch=5&client=tests") as ws:
            await frames_until(ws, "live")
            stats = (await http.get("/stats", headers={"X-API-Key": KEY})).json()
        assert stats["connections"]["total"] == 1
        assert (stats["listeners"][0]["client"], stats["listeners"][0]["channels"]) == ("tests", ["5"])
        assert stats["drops"]["refused"] == {"key_missing": 1, "key_wrong": 1}


async def test_a_flood_of_requests_from_one_address_is_refused_and_counted(tmp_path: Path) -> None:
    limits = {"requests": 5, "window": 60}
    proxies = parse_networks(["127.0.0.1"])
    async with served(tmp_path, limits=limits, proxies=proxies) as service, service.http() as http:
        one, other = {"X-Forwarded-For": "203.0.113.7"}, {"X-Forwarded-For": "203.0.113.7, 198.51.100.9"}
        codes = [(await http.get("/messages", headers=one)).status_code for _ in range(8)]
        assert codes == [200] * 5 + [429] * 3
        # The one that the trusted proxy names counts, whatever a client wrote before it.
        assert (await http.get("/messages", headers=other)).status_code == 200
        reply = await http.get("/messages", headers=one)
        assert reply.headers["retry-after"] == "60"
        assert await service.metric('reaper_stream_refused_total{reason="rate_limited"}') == 4


def test_addresses_behind_proxies_cannot_be_made_up() -> None:
    def found(peer: str, forwarded: str, *trusted: str) -> str:
        scope = {"client": (peer, 1), "headers": [(b"x-forwarded-for", forwarded.encode())]}
        return client_address(scope, parse_networks(trusted))

    assert found("9.9.9.9", "1.1.1.1") == "9.9.9.9"
    assert found("9.9.9.9", "1.1.1.1", "10.0.0.0/8") == "9.9.9.9"
    assert found("10.0.0.1", "6.6.6.6, 1.1.1.1", "10.0.0.0/8") == "1.1.1.1"
    assert found("10.0.0.1", "1.1.1.1, 10.0.0.2", "10.0.0.0/8") == "1.1.1.1"
    assert found("10.0.0.1", "rubbish", "10.0.0.0/8") == "10.0.0.1"
    assert found("::1", "2001:db8::1", "::1") == "2001:db8::1"
    assert limit_key("2001:db8::1") == limit_key("2001:db8::ffff:1")
    assert limit_key("2001:db8::1") != limit_key("2001:db8:0:1::1")
    assert limit_key("::ffff:1.2.3.4") == "1.2.3.4"


async def test_pages_that_are_allowed_may_ask_and_others_may_not(tmp_path: Path) -> None:
    from reaper_tui.stream.origins import Origins

    origins = Origins(["https://friends.example"], is_public=False)
    async with served(tmp_path, origins=origins) as service, service.http() as http:
        reply = await http.get("/messages", headers={"Origin": "https://friends.example"})
        assert reply.headers["access-control-allow-origin"] == "https://friends.example"
        asked = await http.options("/messages", headers={"Origin": "https://friends.example"})
        assert (asked.status_code, "x-api-key" in asked.headers["access-control-allow-headers"]) == (204, True)
        foreign = await http.get("/messages", headers={"Origin": "https://evil.example"})
        assert (foreign.status_code, foreign.headers.get("access-control-allow-origin")) == (403, None)


async def test_the_interface_is_described(tmp_path: Path) -> None:
    async with served(tmp_path) as service, service.http() as http:
        document = (await http.get("/openapi.json")).json()
        assert {"/messages", "/health", "/ready", "/stats", "/metrics"} <= document["paths"].keys()
        page = await http.get("/docs")
        assert "script-src 'self'" in page.headers["content-security-policy"]
        for path in ("/messages", "/stats", "/metrics", "/ws?after="):
            assert path in page.text
        assert "<code>limit</code></td><td>integer, 1 to 200, 50 when not given" in page.text
        # A machine without a way out shows it all the same, and nobody else learns who reads it.
        assert not re.search(r"<script|src=|https?:", page.text)
        for address in re.findall(r"href='([^']+)'", page.text):
            assert address == "data:," or (await http.get(f"/{address}")).status_code == 200
