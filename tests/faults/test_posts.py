"""What can go wrong with webhooks, posts, nonces, permissions and structure."""

import json
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.faults.client import Client

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PNG = f"data:image/png;base64,{PIXEL}"


async def test_a_webhook_vanishes_at_the_moment_of_a_post(client: Client) -> None:
    hook = await client.webhook()
    await client.set({"name": "webhook-deleted", "every": 2, "count": 1})
    assert (await client.post(hook, "first"))[0] == 200
    status, _, raw = await client.post(hook, "second")
    assert (status, json.loads(raw)["code"]) == (404, "UNKNOWN_WEBHOOK")
    assert await client.json(client.fluxer, "GET", client.community + "/webhooks") == []


async def test_permissions_and_tokens_are_revoked_in_the_middle(client: Client) -> None:
    channel = await client.general()
    await client.set({"name": "permission-revoked", "after": 1})
    path, body = client.community + "/roles", {"name": "r"}
    assert (await client.ask(client.fluxer, "GET", path))[0] == 200
    assert (await client.ask(client.fluxer, "POST", path, body))[0] == 200
    status, _, raw = await client.ask(client.fluxer, "POST", path, body)
    assert (status, json.loads(raw)["code"]) == (403, "MISSING_PERMISSIONS")
    assert (await client.ask(client.fluxer, "GET", f"/channels/{channel}/messages"))[0] == 200
    await client.set("permission-revoked:after=0")
    place = next(each.id for each in client.sandbox.discord.community.channels.values() if each.type == 0)
    status, _, raw = await client.ask(client.discord, "GET", f"/channels/{place}/messages")
    assert (status, json.loads(raw)["code"]) == (403, 50001)
    await client.set("token-revoked:after=0")
    assert (await client.ask(client.discord, "GET", "/users/@me"))[0] == 401
    status, _, raw = await client.ask(client.fluxer, "GET", "/users/@me")
    assert (status, json.loads(raw)["code"]) == (401, "UNAUTHORIZED")


async def test_embeds_texts_and_uploads_are_refused_again_and_again(client: Client) -> None:
    hook = await client.webhook()
    await client.set("embeds-refused")
    assert (await client.post(hook, "with", embeds=[{"title": "t"}]))[0] == 400
    assert (await client.post(hook, "without"))[0] == 200
    await client.set({"name": "content-blocked", "probability": 0.5})
    first = [(await client.post(hook, f"text {number}"))[0] for number in range(20)]
    again = [(await client.post(hook, f"text {number}"))[0] for number in range(20)]
    assert first == again and set(first) == {200, 403}
    await client.set({"name": "too-large", "probability": 1})
    status, headers, raw = await client.upload(hook, "a.bin", bytes(1000))
    assert (status, headers["Content-Type"].split(";")[0]) == (413, "text/html")
    assert len(raw) > 5_000_000
    assert (await client.post(hook, "no file"))[0] == 200


async def test_a_file_is_dropped_from_the_post_and_its_reply(client: Client) -> None:
    hook = await client.webhook()
    await client.set({"name": "attachments-dropped", "every": 1, "count": 1})
    first, second = [json.loads((await client.upload(hook, "a.txt", b"hello", "with a file"))[2]) for _ in range(2)]
    assert (first["attachments"], len(second["attachments"])) == ([], 1)
    rows = await client.json(client.fluxer, "GET", f"/channels/{await client.general()}/messages?limit=2")
    assert [len(row["attachments"]) for row in rows] == [1, 0]


async def test_nonces_are_ignored_or_honoured(client: Client) -> None:
    hook = await client.webhook()
    client.sandbox.fluxer.community.start_session()
    path = f"/channels/{await client.general()}/messages"

    async def ids(where: str, nonce: str) -> set[str]:
        bodies = [await client.json(client.fluxer, "POST", where, {"content": "n", "nonce": nonce}) for _ in range(2)]
        return {body["id"] for body in bodies}

    assert (len(await ids(path, "a")), len(await ids(hook, "a"))) == (1, 2)
    await client.set("nonce-ignored")
    assert len(await ids(path, "b")) == 2
    await client.set("nonce-honoured")
    assert (len(await ids(path, "c")), len(await ids(hook, "d"))) == (1, 1)


@pytest.mark.parametrize(
    ("thing", "path", "body", "listed"),
    [
        ("role", "{guild}/roles", {"name": "keeper"}, "{guild}/roles"),
        ("channel", "{guild}/channels", {"name": "keeper", "type": 0}, "{guild}/channels"),
        ("emoji", "{guild}/emojis/bulk", {"emojis": [{"name": "keeper", "image": PNG}]}, "{guild}/emojis"),
        ("webhook", "/channels/{channel}/webhooks", {"name": "keeper"}, "{guild}/webhooks"),
    ],
)
async def test_a_thing_is_created_without_a_reply(
    client: Client, thing: str, path: str, body: Any, listed: str
) -> None:
    ids = {"guild": client.community, "channel": await client.general()}
    await client.set({"name": f"{thing}-reply-lost", "every": 1, "count": 1})
    assert await client.is_lost(client.fluxer, "POST", path.format(**ids), body)
    rows = await client.json(client.fluxer, "GET", listed.format(**ids))
    assert [row["name"] for row in rows].count("keeper") == 1


@pytest.mark.parametrize("offset", [420.0, -420.0])
async def test_clocks_are_wrong_by_minutes(client: Client, offset: float) -> None:
    hook = await client.webhook()
    await client.set({"name": "clock-skew", "offset": offset})
    status, headers, raw = await client.post(hook, "when?")
    off = parsedate_to_datetime(headers["Date"]) - datetime.now(UTC)
    assert status == 200 and abs(off.total_seconds() - offset) < 5
    made = datetime.fromtimestamp(((int(json.loads(raw)["id"]) >> 22) + 1_420_070_400_000) / 1000, UTC)
    ahead = (made - datetime.now(UTC)).total_seconds()
    assert abs(ahead - offset) < 5 if offset > 0 else abs(ahead) < 5, "ids rise even where a clock goes back"
    _, headers, _ = await client.ask(client.discord, "GET", "/users/@me")
    off = parsedate_to_datetime(headers["Date"]) - datetime.now(UTC)
    assert abs(off.total_seconds() - offset) < 5
