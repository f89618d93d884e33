"""Server errors before and after storing, outages, and closed ports."""

import asyncio
import json

import aiohttp
import pytest

from tests.faults.client import Client


@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_an_error_comes_before_anything_is_stored_or_after(client: Client, status: int) -> None:
    hook = await client.webhook()
    await client.set({"name": f"error-{status}", "every": 1})
    assert (await client.post(hook, "never stored"))[0] == status
    assert (await client.ask(client.discord, "GET", "/users/@me"))[0] == status
    await client.set({"name": f"error-{status}-after-store", "every": 1, "count": 1})
    answered, headers, raw = await client.post(hook, "stored")
    assert answered == status
    assert json.loads(raw)["code"] if status == 500 else "html" in headers["Content-Type"]
    assert await client.texts() == ["stored"]


async def test_an_outage_is_503_to_everything_for_as_long_as_it_lasts(client: Client) -> None:
    await client.set({"name": "outage", "seconds": 0.3})
    for side in (client.discord, client.fluxer):
        assert (await client.ask(side, "GET", "/users/@me"))[0] == 503
    await asyncio.sleep(0.35)
    for side in (client.discord, client.fluxer):
        assert (await client.ask(side, "GET", "/users/@me"))[0] == 200


@pytest.mark.parametrize("side", ["discord", "fluxer"])
async def test_a_closed_port_refuses_until_its_time_is_over(client: Client, side: str) -> None:
    where: dict[str, str] = getattr(client, side)
    await client.set({"name": f"{side}-connection-refused", "seconds": 0.4, "after": 1})
    assert (await client.ask(where, "GET", "/users/@me"))[0] == 200
    assert await client.is_lost(where, "GET", "/users/@me")
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.ask(where, "GET", "/users/@me")
    await asyncio.sleep(0.6)
    assert (await client.ask(where, "GET", "/users/@me"))[0] == 200


async def test_turning_the_fault_off_opens_the_port(client: Client) -> None:
    await client.set({"name": "fluxer-connection-refused", "seconds": 600})
    assert await client.is_lost(client.fluxer, "GET", "/users/@me")
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.ask(client.fluxer, "GET", "/users/@me")
    await client.set()
    assert (await client.ask(client.fluxer, "GET", "/users/@me"))[0] == 200
