"""Files sent ahead of their message."""

import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from fluxer_client import Client, Clock, client_of
from test_fluxer_current import code_of

from reaper_tui.sandbox.fluxer_server import FluxerServer

BIG = 10_485_760 + 5


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    async with client_of(FluxerServer(generation="current", clock=clock, speed=100)) as client:
        yield client


async def planned(client: Client, channel: str, name: str, size: int) -> dict[str, Any]:
    body = {"attachments": [{"id": 0, "filename": name, "file_size": size, "content_type": "text/plain"}]}
    status, answer = await client.call("POST", f"/channels/{channel}/attachments", body)
    assert status == 200, answer
    return answer["attachments"][0]


async def put(client: Client, url: str, data: bytes) -> int:
    async with client.session.put(url, data=io.BytesIO(data), headers={"Content-Type": "text/plain"}) as response:
        return response.status


async def claim(client: Client, channel: str, plan: dict[str, Any], **fields: Any) -> tuple[int, Any]:
    entry = {key: plan[key] for key in ("id", "filename", "upload_filename", "file_size", "content_type")}
    return await client.call("POST", f"/channels/{channel}/messages", {"attachments": [entry], **fields})


async def test_a_small_file_is_put_once_and_claimed_once(client: Client) -> None:
    channel = await client.general()
    plan = await planned(client, channel, "notes of tea.txt", 5)
    assert (plan["upload_mode"], plan["filename"]) == ("singlepart", "notes_of_tea.txt")
    assert await code_of(await claim(client, channel, plan)) == (400, "FILE_NOT_FOUND")
    assert await put(client, plan["upload_url"], b"1234") == 400
    assert await put(client, plan["upload_url"], b"123456") == 413
    assert await put(client, plan["upload_url"], b"12345") == 200
    status, message = await claim(client, channel, plan, nonce="n")
    assert (status, message["attachments"][0]["size"]) == (200, 5)
    async with client.session.get(message["attachments"][0]["url"]) as response:
        assert await response.read() == b"12345"
    assert await code_of(await claim(client, channel, plan)) == (400, "UPLOADED_ATTACHMENT_NOT_FOUND")


async def test_a_big_file_goes_in_parts(client: Client) -> None:
    channel = await client.general()
    plan = await planned(client, channel, "log.txt", BIG)
    assert (plan["upload_mode"], plan["part_size"], len(plan["parts"])) == ("multipart", 10_485_760, 2)
    done = {"uploads": [{"upload_filename": plan["upload_filename"], "upload_id": plan["upload_id"]}]}
    complete = f"/channels/{channel}/attachments/complete"
    assert await code_of(await client.call("POST", complete, done)) == (400, "NO_UPLOADED_PARTS_TO_FINALIZE")
    assert await put(client, plan["parts"][1]["upload_url"], b"b" * 5) == 200
    assert await put(client, plan["parts"][0]["upload_url"], b"a" * 10_485_760) == 200
    assert (await client.call("POST", complete, done))[0] == 200
    _, message = await claim(client, channel, plan)
    assert message["attachments"][0]["size"] == BIG
    async with client.session.get(message["attachments"][0]["url"], headers={"Range": "bytes=10485759-"}) as response:
        assert await response.read() == b"abbbbb"


async def test_nobody_claims_a_file_meant_for_another_channel_or_too_late(client: Client, clock: Clock) -> None:
    channel = await client.general()
    _, other = await client.call("POST", f"{client.guild}/channels", {"type": 0, "name": "b"})
    plan = await planned(client, channel, "a.txt", 1)
    assert await put(client, plan["upload_url"], b"x") == 200
    assert await code_of(await claim(client, other["id"], plan)) == (400, "UPLOADED_ATTACHMENT_NOT_FOUND")
    late = await planned(client, channel, "a.txt", 1)
    clock.now += 301
    assert await put(client, late["upload_url"], b"x") == 403
    body = {"attachments": [{"id": 0, "filename": "a", "file_size": 26_214_401, "content_type": "text/plain"}]}
    answer = await client.call("POST", f"/channels/{channel}/attachments", body)
    assert await code_of(answer) == (400, "FILE_SIZE_TOO_LARGE")
