"""Messages of the Fluxer server beyond the recording."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from fluxer_client import Client, Clock, client_of

from reaper_tui.sandbox.fluxer_server import FluxerServer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    async with client_of(FluxerServer(clock=clock, speed=1000)) as client:
        await client.start_session()
        yield client


async def test_a_nonce_is_honoured_for_five_minutes(client: Client, clock: Clock) -> None:
    path = f"/channels/{await client.general()}/messages"
    _, first = await client.call("POST", path, {"content": "a", "nonce": "n"})
    clock.now += 299
    _, again = await client.call("POST", path, {"content": "b", "nonce": "n"})
    clock.now += 2
    _, later = await client.call("POST", path, {"content": "b", "nonce": "n"})
    assert (again["id"], again["content"]) == (first["id"], "a")
    assert (later["id"] != first["id"], later["content"]) == (True, "b")


async def test_a_nonce_of_a_deleted_message_makes_another(client: Client) -> None:
    path = f"/channels/{await client.general()}/messages"
    _, first = await client.call("POST", path, {"content": "a", "nonce": "n"})
    assert (await client.call("DELETE", f"{path}/{first['id']}"))[0] == 204
    _, second = await client.call("POST", path, {"content": "a", "nonce": "n"})
    assert second["id"] != first["id"]


async def test_parallel_sends_of_one_nonce_make_one_message(client: Client) -> None:
    path = f"/channels/{await client.general()}/messages"
    replies = await asyncio.gather(*(client.call("POST", path, {"content": "a", "nonce": "n"}) for _ in range(8)))
    assert len({body["id"] for _, body in replies}) == 1


async def test_after_alone_gives_the_newest_messages(client: Client) -> None:
    hook = await client.webhook(await client.general())
    path = f"/channels/{await client.general()}/messages"
    sent = [(await client.call("POST", hook, {"content": str(number)}))[1]["id"] for number in range(12)]

    async def page(**query: str) -> list[int]:
        _, messages = await client.call("GET", path, params=query)
        return [sent.index(message["id"]) for message in messages]

    assert await page(limit="3") == [11, 10, 9]
    assert await page(limit="3", before=sent[6]) == [5, 4, 3]
    assert await page(limit="3", after=sent[2]) == [11, 10, 9]
    assert await page(limit="3", around=sent[6]) == [7, 6, 5]
    assert await page(limit="3", after=sent[2], before=sent[8]) == [7, 6, 5]


async def test_ids_rise_although_the_clock_stands_still(client: Client) -> None:
    hook = await client.webhook(await client.general())
    ids = [int((await client.call("POST", hook, {"content": "x"}))[1]["id"]) for _ in range(30)]
    assert ids == sorted(set(ids))


async def test_lone_surrogates_are_replaced(client: Client) -> None:
    hook = await client.webhook(await client.general())
    raw = b'{"content": "a\\ud83db"}'
    status, message = await client.call("POST", hook, data=raw, as_bot=False)
    assert (status, message["content"]) == (200, "a\ufffdb")


async def test_a_virus_leaves_a_message_without_its_file(client: Client) -> None:
    hook = await client.webhook(await client.general())
    infected = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
    status, message = await client.upload(hook, "a.com", infected, content="look")
    assert (status, message["attachments"]) == (200, [])
    assert message["content"] != "look"


async def test_a_sixteenth_webhook_of_a_channel_is_refused(client: Client, clock: Clock) -> None:
    channel = await client.general()
    statuses = [(await client.call("POST", f"/channels/{channel}/webhooks", {"name": "h"}))[0] for _ in range(10)]
    assert statuses == [200] * 10
    clock.now += 60
    statuses = [(await client.call("POST", f"/channels/{channel}/webhooks", {"name": "h"}))[0] for _ in range(6)]
    assert statuses == [200] * 5 + [400]


async def test_a_reply_of_the_bot_shows_the_message_as_it_is_now(client: Client) -> None:
    path = f"/channels/{await client.general()}/messages"
    _, base = await client.call("POST", path, {"content": "old"})
    _, answer = await client.call("POST", path, {"content": "re", "message_reference": {"message_id": base["id"]}})
    await client.call("PATCH", f"{path}/{base['id']}", {"content": "new"})
    _, shown = await client.call("GET", f"{path}/{answer['id']}")
    assert (shown["type"], shown["referenced_message"]["content"]) == (19, "new")
