"""Files that the Fluxer server keeps and serves."""

import io
import json
import struct
from collections.abc import AsyncIterator

import aiohttp
import psutil
import pytest
from fluxer_client import Client, client_of, process_of

from reaper_tui.sandbox.fluxer_server import FluxerServer
from reaper_tui.sandbox.fluxer_server.attachments import lifetime_days

MIB = 1024 * 1024
EXIF = b"\xff\xe1\x00\x0aExif\x00\x00ab"
FRAME = b"\xff\xc0\x00\x0b\x08" + struct.pack(">HH", 48, 64) + b"\x01\x01\x11\x00"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00?\x00" + b"\x55" * 100 + b"\xff\xd9"


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with client_of(FluxerServer(speed=1000)) as client:
        yield client


async def fetched(client: Client, address: str, **headers: str) -> tuple[int, str, bytes]:
    async with client.session.get(address, headers=headers) as response:
        return response.status, response.content_type, await response.read()


async def test_a_file_comes_back_byte_for_byte_and_in_ranges(client: Client) -> None:
    hook = await client.webhook(await client.general())
    content = bytes(range(256)) * 4000
    _, message = await client.upload(hook, "b ad/na:me?.bin", content)
    attachment = message["attachments"][0]
    assert (attachment["filename"], attachment["size"]) == ("b_ad_name.bin", len(content))
    assert await fetched(client, attachment["url"]) == (200, "application/octet-stream", content)
    status, _, part = await fetched(client, attachment["url"], Range="bytes=10-19")
    assert (status, part) == (206, content[10:20])


async def test_a_jpeg_loses_its_metadata(client: Client) -> None:
    hook = await client.webhook(await client.general())
    original = b"\xff\xd8" + EXIF + FRAME + SCAN
    _, message = await client.upload(hook, "a.jpg", original)
    attachment = message["attachments"][0]
    _, content_type, stored = await fetched(client, attachment["url"])
    assert content_type == "image/jpeg"
    assert (attachment["width"], attachment["height"], attachment["size"]) == (64, 48, len(stored))
    assert b"Exif" not in stored
    assert stored.startswith(b"\xff\xd8")
    assert stored.endswith(FRAME + SCAN)
    assert stored != original


async def test_a_deleted_message_takes_its_files_along(client: Client) -> None:
    channel = await client.general()
    _, message = await client.upload(await client.webhook(channel), "a.txt", b"hello")
    address = message["attachments"][0]["url"]
    assert (await fetched(client, address))[0] == 200
    await client.call("DELETE", f"/channels/{channel}/messages/{message['id']}")
    assert (await fetched(client, address))[0] == 404


@pytest.mark.parametrize("path", ["attachments/..%2f..%2fetc/1/x", "avatars/../x.png", "nothing", "emojis/1.png"])
async def test_other_paths_are_not_served(client: Client, path: str) -> None:
    assert (await fetched(client, f"{client.facts['media']}/{path}"))[0] == 404


async def test_the_limit_is_25_mib_a_file(client: Client) -> None:
    hook = await client.webhook(await client.general())
    assert (await client.upload(hook, "a.bin", bytes(25 * MIB)))[0] == 200
    status, body = await client.upload(hook, "a.bin", bytes(25 * MIB + 1))
    assert (status, body["code"]) == (400, "FILE_SIZE_TOO_LARGE")
    assert (await client.call("POST", hook, {"content": "goes on"}))[0] == 200


@pytest.mark.parametrize(("size", "days"), [(MIB, 1095), (10 * MIB, 1008), (25 * MIB, 884), (500 * MIB, 14)])
def test_large_files_expire_sooner(size: int, days: int) -> None:
    assert lifetime_days(size) == days


async def test_large_uploads_are_never_whole_in_memory() -> None:
    async with process_of("--speed", "1000") as (process, facts):
        before = psutil.Process(process.pid).memory_info().rss
        async with aiohttp.ClientSession(headers={"Authorization": f"Bot {facts['token']}"}) as session:
            base = facts["api_base"]
            async with session.get(f"{base}/guilds/{facts['community_id']}/channels") as response:
                channel = next(channel["id"] for channel in await response.json() if channel["type"] == 0)
            async with session.post(f"{base}/channels/{channel}/webhooks", json={"name": "h"}) as response:
                hook = await response.json()
            form = aiohttp.FormData()
            described = [{"id": index, "filename": f"{index}.bin"} for index in range(4)]
            form.add_field("payload_json", json.dumps({"attachments": described}))
            for index in range(4):
                form.add_field(f"files[{index}]", io.BytesIO(bytes(25 * MIB)), filename=f"{index}.bin")
            async with session.post(f"{base}/webhooks/{hook['id']}/{hook['token']}", data=form) as response:
                assert response.status == 204
        assert psutil.Process(process.pid).memory_info().rss - before < 24 * MIB
    assert process.returncode == 0


async def test_an_upload_that_is_cut_off_leaves_nothing(client: Client) -> None:
    hook = await client.webhook(await client.general())
    before = client.server.state()["message_count"]

    async def broken_off() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="files[0]"; filename="a"\r\n\r\n' + bytes(MIB)
        raise OSError("the cable is out")

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    with pytest.raises((aiohttp.ClientError, OSError)):
        await client.session.post(client.facts["api_base"] + hook, data=broken_off(), headers=headers)
    assert (await client.call("POST", hook, {"content": "goes on"}))[0] == 200
    assert client.server.state()["message_count"] == before + 1
