"""Files that are gone, refused, stale, cut, of another size, or slow."""

import asyncio
import json

import aiohttp
import pytest

from tests.faults.client import Client


@pytest.mark.parametrize(("name", "status"), [("cdn-404", 404), ("cdn-403", 403)])
async def test_certain_files_are_gone_or_refused_for_good(client: Client, name: str, status: int) -> None:
    addresses = [row["url"] for _, _, row in await client.attachments(12)]
    await client.set({"name": name, "probability": 0.5})
    first = [(await client.fetch(address))[0] for address in addresses]
    assert first == [(await client.fetch(address))[0] for address in addresses]
    assert set(first) == {200, status}


async def test_addresses_in_pages_are_stale_until_they_are_renewed(client: Client) -> None:
    channel, message, row = (await client.attachments(1))[0]
    around = f"/channels/{channel}/messages?limit=1&around={message}"
    assert (await client.fetch(row["url"]))[0] == 200
    await client.set("cdn-expired")
    stale = (await client.json(client.discord, "GET", around))[0]["attachments"][0]["url"]
    assert stale != row["url"] and (await client.fetch(stale))[0] == 404
    body = {"attachment_urls": [stale]}
    renewed = await client.json(client.discord, "POST", "/attachments/refresh-urls", body)
    reread = await client.json(client.discord, "GET", f"/channels/{channel}/messages/{message}")
    assert (await client.fetch(renewed["refreshed_urls"][0]["refreshed"]))[0] == 200
    assert (await client.fetch(reread["attachments"][0]["url"]))[0] == 200


async def test_a_file_breaks_off(client: Client) -> None:
    row = (await client.attachments(1))[0][2]
    await client.set({"name": "cdn-short", "every": 1, "count": 1})
    with pytest.raises(aiohttp.ClientPayloadError):
        await client.fetch(row["url"])
    assert len((await client.fetch(row["url"]))[1]) == row["size"]


async def test_a_file_is_half_as_big_as_it_should_be(client: Client) -> None:
    row = (await client.attachments(1))[0][2]
    await client.set({"name": "cdn-wrong-size", "probability": 1})
    status, body = await client.fetch(row["url"])
    assert (status, len(body)) == (200, row["size"] // 2)


async def test_a_slow_file_comes_at_a_kilobyte_a_second(client: Client) -> None:
    row = (await client.attachments(1))[0][2]
    await client.set({"name": "cdn-slow", "probability": 1})
    async with client.session.get(row["url"]) as response:
        assert response.status == 200
        received = 0
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.9):
                async for piece in response.content.iter_any():
                    received += len(piece)
    assert 256 <= received <= 1024


async def test_what_the_source_says_of_a_file_stays_true(client: Client) -> None:
    channel, message, row = (await client.attachments(1))[0]
    await client.set("cdn-404")
    told = await client.json(client.discord, "GET", f"/channels/{channel}/messages/{message}")
    assert json.dumps(told["attachments"][0]["size"]) == str(row["size"])
