"""Connections that break before, after and in the middle; replies that come late or in drops."""

import asyncio
import time

import aiohttp
import pytest

from tests.faults.client import Client


@pytest.mark.parametrize(
    ("fault", "is_stored"),
    [
        ({"name": "reset"}, False),
        ({"name": "reset-after-store"}, True),
        ({"name": "cut-reply"}, True),
        ({"name": "stall", "delay": 0.1}, False),
        ({"name": "stall-after-store", "delay": 0.1}, True),
    ],
)
async def test_no_whole_reply_arrives_and_the_post_is_there_or_not(
    client: Client, fault: dict[str, object], is_stored: bool
) -> None:
    hook = await client.webhook()
    await client.set({**fault, "every": 1, "count": 1})
    assert await client.is_lost(client.fluxer, "POST", hook, {"content": "in doubt"}, as_bot=False)
    assert (await client.post(hook, "after it"))[0] == 200
    assert await client.texts() == (["in doubt"] if is_stored else []) + ["after it"]


async def test_a_request_can_be_carried_out_after_its_connection_is_gone(client: Client) -> None:
    hook = await client.webhook()
    await client.set({"name": "reset-then-store", "every": 1, "count": 1, "delay": 0.2})
    assert await client.is_lost(client.fluxer, "POST", hook, {"content": "late"}, as_bot=False)
    assert await client.texts() == []
    await asyncio.sleep(0.4)
    assert await client.texts() == ["late"]


async def test_a_cut_reply_begins_well(client: Client) -> None:
    await client.set({"name": "cut-reply", "every": 1})
    address = client.discord["api_base"] + client.guild
    async with client.session.get(address, headers={"Authorization": f"Bot {client.discord['token']}"}) as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_the_discord_side_resets_too(client: Client) -> None:
    await client.set({"name": "discord-reset", "every": 1, "count": 2})  # the client itself repeats a lost GET once
    lost = [await client.is_lost(client.discord, "GET", "/users/@me") for _ in range(3)]
    assert lost == [True, False, False]


async def test_an_upload_stalls_in_its_middle(client: Client) -> None:
    hook = await client.webhook()
    await client.set({"name": "stall-upload", "every": 1, "count": 1, "delay": 0.1})
    with pytest.raises((aiohttp.ClientError, ConnectionError)):
        await client.upload(hook, "big.bin", bytes(3_000_000))
    assert await client.texts() == []
    assert (await client.upload(hook, "big.bin", bytes(3_000_000)))[0] == 200


@pytest.mark.parametrize("name", ["slow", "slow-reply", "slow-body"])
async def test_a_slow_reply_is_late_and_whole(client: Client, name: str) -> None:
    hook = await client.webhook()
    await client.set({"name": name, "every": 1, "delay": 0.3, "count": 1})
    began = time.monotonic()
    status, _, raw = await client.post(hook, "patience")
    assert time.monotonic() - began >= 0.29
    assert status == 200 and b'"patience"' in raw
    await client.set()
    assert await client.texts() == ["patience"]


async def test_a_stalled_request_is_let_go_when_its_client_leaves(client: Client) -> None:
    hook = await client.webhook()
    await client.set({"name": "stall", "every": 1, "delay": 60})
    with pytest.raises(TimeoutError):
        await client.ask(
            client.fluxer, "POST", hook, {"content": "x"}, as_bot=False, timeout=aiohttp.ClientTimeout(total=0.2)
        )
    async with asyncio.timeout(2):
        while any(row["holding"] for row in await client.report()):
            pass
    await client.set()
    assert await client.texts() == []
