"""Each kind of 429, on both sides, says what its name says and leaves nothing behind."""

import json
from typing import Any

import pytest

from tests.faults.client import Client


@pytest.mark.parametrize("side", ["discord", "fluxer"])
@pytest.mark.parametrize(
    ("name", "names_a_time", "is_global"),
    [
        ("rate-limit-bucket", True, False),
        ("rate-limit-global", True, True),
        ("rate-limit-fractional", True, False),
        ("rate-limit-whole", True, False),
        ("rate-limit-bare", False, False),
    ],
)
async def test_a_429_is_of_the_kind_its_name_says(
    client: Client, side: str, name: str, names_a_time: bool, is_global: bool
) -> None:
    await client.set({"name": f"{side}-{name}", "every": 1})
    where: dict[str, str] = getattr(client, side)
    status, headers, raw = await client.ask(where, "GET", "/users/@me")
    body = json.loads(raw)
    assert (status, body["global"]) == (429, is_global)
    assert ("retry_after" in body) is names_a_time is ("Retry-After" in headers)
    if name == "rate-limit-whole":
        assert isinstance(body["retry_after"], int)
    elif names_a_time:
        assert body["retry_after"] % 1
    if side == "discord":
        assert headers["X-RateLimit-Scope"] == ("global" if is_global else "user")
        assert ("X-RateLimit-Bucket" in headers) is not is_global


@pytest.mark.parametrize("side", ["discord", "fluxer"])
async def test_a_proxys_429_is_html_without_a_time(client: Client, side: str) -> None:
    await client.set({"name": f"{side}-rate-limit-html", "every": 1})
    status, headers, raw = await client.ask(getattr(client, side), "GET", "/users/@me")
    assert (status, headers["Content-Type"].split(";")[0]) == (429, "text/html")
    assert raw.startswith(b"<html>") and "Retry-After" not in headers


async def test_the_storm_strikes_every_third_request_and_stores_nothing(client: Client) -> None:
    hook = await client.webhook()
    await client.set("rate-limit-storm")
    answers: list[Any] = [await client.post(hook, f"{number}") for number in range(24)]
    assert [status for status, _, _ in answers] == [200, 200, 429] * 8
    assert [json.loads(raw)["global"] for status, _, raw in answers if status == 429] == [False, False, False, True] * 2
    await client.set()
    assert await client.texts() == [f"{number}" for number in range(24) if number % 3 != 2]


async def test_a_side_alone_can_be_stormy(client: Client) -> None:
    await client.set({"name": "fluxer-rate-limit-storm", "every": 1})
    assert (await client.ask(client.discord, "GET", "/users/@me"))[0] == 200
    assert (await client.ask(client.fluxer, "GET", "/users/@me"))[0] == 429
