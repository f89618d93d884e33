"""The Fluxer server of the newest generation: what it does that the one of February 2026 did not."""

import hashlib
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from fluxer_client import PROPERTIES, Client, Clock, client_of

from reaper_tui.sandbox.faults import Wish
from reaper_tui.sandbox.fluxer_server import FluxerServer
from reaper_tui.sandbox.fluxer_server.faults import FluxerFaults

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    async with client_of(FluxerServer(generation="current", clock=clock)) as client:
        yield client


async def code_of(answer: tuple[int, Any]) -> tuple[int, str]:
    status, body = answer
    return status, body["errors"][0]["code"] if "errors" in body else body["code"]


async def test_limits_are_told_in_fractions_with_the_name_of_the_bucket(client: Client, clock: Clock) -> None:
    path = f"/channels/{await client.general()}/messages"
    clock.now += 60
    _, headers, _ = await client.call_whole("POST", path, {"content": "a"})
    assert (headers["X-RateLimit-Limit"], headers["X-RateLimit-Remaining"]) == ("20", "19")
    assert headers["X-RateLimit-Reset-After"] == "0.5"
    assert headers["X-RateLimit-Reset"] == str(int(clock.now) + 1)
    assert headers["X-RateLimit-Bucket"] == hashlib.sha256(b"channel:message:create::channel_id").hexdigest()[:16]
    assert headers["X-Fluxer-Version"]
    for _ in range(19):
        await client.call("POST", path, {"content": "a"})
    clock.now += 0.125
    status, headers, body = await client.call_whole("POST", path, {"content": "a"})
    assert (status, body["code"], body["global"], body["retry_after"]) == (429, "RATE_LIMITED", False, 0.375)
    assert (headers["Retry-After"], headers["X-RateLimit-Scope"]) == ("1", "user")
    assert (headers["X-RateLimit-Remaining"], headers["X-RateLimit-Reset-After"]) == ("0", "9.875")
    assert "X-RateLimit-Global" not in headers


async def test_the_limit_for_everything_says_nothing_of_a_bucket(client: Client) -> None:
    answers = [await client.call_whole("GET", "/users/@me") for _ in range(41)]
    status, headers, body = answers[-1]
    assert status == 429 and body["global"] is False
    for _ in range(10):
        status, headers, body = await client.call_whole("GET", "/users/@me/guilds")
    assert (status, body["global"]) == (429, True)
    assert (headers["X-RateLimit-Scope"], headers["X-RateLimit-Global"]) == ("global", "true")
    assert "X-RateLimit-Limit" not in headers and body["retry_after"] == 0.02


async def test_ordinary_refusals_and_strangers_hear_no_limits(client: Client) -> None:
    _, refused, _ = await client.call_whole("POST", f"/channels/{await client.general()}/messages", {})
    _, discovery, _ = await client.call_whole("GET", f"{client.facts['instance']}/.well-known/fluxer", as_bot=False)
    hook = await client.webhook(await client.general())
    _, posted, _ = await client.call_whole("POST", hook, {"content": "a"}, as_bot=False)
    assert "X-RateLimit-Limit" not in refused and "X-RateLimit-Limit" not in discovery
    assert posted["X-RateLimit-Limit"] == "60"


async def test_speed_shortens_every_wait() -> None:
    clock = Clock()
    async with client_of(FluxerServer(generation="current", clock=clock, speed=10)) as client:
        path = f"/channels/{await client.general()}/messages"
        for _ in range(20):
            await client.call("POST", path, {"content": "a"})
        _, headers, body = await client.call_whole("POST", path, {"content": "a"})
        assert (body["retry_after"], headers["Retry-After"]) == (0.05, "0.1")


async def test_bots_post_four_thousand_characters_without_having_been_on_the_gateway(client: Client) -> None:
    path = f"/channels/{await client.general()}/messages"
    status, message = await client.call("POST", path, {"content": "😀" * 2000})
    assert (status, len(message["content"])) == (200, 2000)
    assert (message["mentions"], message["mention_roles"], message["tts"]) == ([], [], False)
    assert await code_of(await client.call("POST", path, {"content": "a" * 4001})) == (
        400,
        "CONTENT_EXCEEDS_MAX_LENGTH",
    )


async def test_a_webhook_answers_a_repeated_nonce_with_the_first_message(client: Client, clock: Clock) -> None:
    channel = await client.general()
    hook, other = await client.webhook(channel), await client.webhook(channel)
    _, first = await client.call("POST", hook, {"content": "a", "nonce": "n"}, as_bot=False)
    clock.now += 299
    _, again = await client.call("POST", hook, {"content": "b", "nonce": "n"}, as_bot=False)
    _, foreign = await client.call("POST", other, {"content": "c", "nonce": "n"}, as_bot=False)
    clock.now += 2
    _, late = await client.call("POST", hook, {"content": "d", "nonce": "n"}, as_bot=False)
    assert (again["id"], again["content"]) == (first["id"], "a")
    assert (foreign["content"], late["content"]) == ("c", "d")
    _, read = await client.call("GET", f"/channels/{channel}/messages/{first['id']}")
    assert "nonce" not in read


async def test_a_moved_webhook_does_not_find_its_nonce(client: Client) -> None:
    channel = await client.general()
    hook = await client.webhook(channel)
    await client.call("POST", hook, {"content": "a", "nonce": "n"}, as_bot=False)
    _, elsewhere = await client.call("POST", f"{client.guild}/channels", {"type": 0, "name": "b"})
    await client.call("PATCH", f"/webhooks/{hook.split('/')[2]}", {"channel_id": elsewhere["id"]})
    answer = await client.call("POST", hook, {"content": "a", "nonce": "n"}, as_bot=False)
    assert await code_of(answer) == (404, "UNKNOWN_MESSAGE")


async def test_webhooks_reply_and_forward(client: Client) -> None:
    channel = await client.general()
    hook = await client.webhook(channel)
    _, base = await client.call("POST", hook, {"content": "a"}, as_bot=False)
    reference = {"message_id": base["id"]}
    _, answer = await client.call("POST", hook, {"content": "b", "message_reference": reference}, as_bot=False)
    assert (answer["type"], answer["referenced_message"]["content"]) == (19, "a")
    forward = {"type": 1, "channel_id": channel, "message_id": base["id"]}
    _, forwarded = await client.call("POST", hook, {"message_reference": forward}, as_bot=False)
    assert forwarded["message_snapshots"][0]["content"] == "a"
    both = await client.call("POST", hook, {"content": "x", "message_reference": forward}, as_bot=False)
    assert await code_of(both) == (400, "FORWARD_MESSAGES_CANNOT_CONTAIN_CONTENT")
    gone = await client.call("POST", hook, {"content": "c", "message_reference": {"message_id": "1"}}, as_bot=False)
    assert await code_of(gone) == (404, "UNKNOWN_MESSAGE")
    _, messages = await client.call("GET", f"/channels/{channel}/messages")
    reference = {"message_id": next(message["id"] for message in messages if message["type"] == 7)}
    system = await client.call("POST", hook, {"content": "c", "message_reference": reference}, as_bot=False)
    assert await code_of(system) == (400, "CANNOT_REPLY_TO_SYSTEM_MESSAGE")


async def test_a_webhook_reads_changes_and_deletes_its_own_messages(client: Client, clock: Clock) -> None:
    channel = await client.general()
    hook, other = await client.webhook(channel), await client.webhook(channel)
    _, message = await client.call("POST", hook, {"content": "a", "username": "Oda"}, as_bot=False)
    own = f"{hook.split('?')[0]}/messages/{message['id']}"
    clock.now += 5
    _, edited = await client.call("PATCH", own, {"content": "b"}, as_bot=False)
    assert (edited["content"], edited["author"]["username"]) == ("b", "Oda")
    assert edited["edited_timestamp"] is not None
    _, flagged = await client.call("PATCH", own, {"flags": 4}, as_bot=False)
    assert (flagged["flags"], flagged["edited_timestamp"]) == (4, edited["edited_timestamp"])
    assert await code_of(await client.call("PATCH", own, {}, as_bot=False)) == (400, "CANNOT_SEND_EMPTY_MESSAGE")
    foreign = f"{other.split('?')[0]}/messages/{message['id']}"
    assert await code_of(await client.call("GET", foreign, as_bot=False)) == (403, "MISSING_PERMISSIONS")
    assert (await client.call("GET", own, as_bot=False))[1]["content"] == "b"
    assert (await client.call("DELETE", own, as_bot=False))[0] == 204
    assert await code_of(await client.call("GET", own, as_bot=False)) == (404, "UNKNOWN_MESSAGE")


async def test_thirty_edits_a_minute_and_no_more(client: Client) -> None:
    hook = await client.webhook(await client.general())
    _, message = await client.call("POST", hook, {"content": "a"}, as_bot=False)
    own = f"{hook.split('?')[0]}/messages/{message['id']}"
    statuses = [(await client.call("PATCH", own, {"content": str(n)}, as_bot=False))[0] for n in range(31)]
    assert statuses == [200] * 30 + [429]


async def test_files_need_no_description(client: Client) -> None:
    hook = await client.webhook(await client.general())
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", '{"content": "two"}')
    form.add_field("files[3]", b"three", filename="three.txt")
    form.add_field("files[1]", b"one", filename="one of these.txt")
    status, message = await client.call("POST", hook, as_bot=False, data=form)
    names = [attachment["filename"] for attachment in message["attachments"]]
    assert (status, names) == (200, ["one_of_these.txt", "three.txt"])
    assert [attachment["expires_at"] for attachment in message["attachments"]] == [None, None]
    assert "content_hash" in message["attachments"][0]


async def test_flexible_names_are_a_feature_of_the_guild(client: Client) -> None:
    assert (await client.call("PATCH", f"{client.guild}/text-channel-flexible-names", {"enabled": True}))[0] == 404
    features = ["TEXT_CHANNEL_FLEXIBLE_NAMES", "CLONE_EMOJI_ENABLED", "BANNER"]
    _, guild = await client.call("PATCH", client.guild, {"features": features})
    assert {"TEXT_CHANNEL_FLEXIBLE_NAMES", "CLONE_EMOJI_ENABLED", "BANNER"} <= set(guild["features"])
    _, channel = await client.call("POST", f"{client.guild}/channels", {"type": 0, "name": "Tea & Soup"})
    assert channel["name"] == "Tea & Soup"
    answer = await client.call("PATCH", client.guild, {"features": ["VANITY_URL"]})
    assert await code_of(answer) == (400, "GUILD_FEATURE_NOT_TOGGLEABLE")
    _, guild = await client.call("PATCH", client.guild, {"features": []})
    assert "TEXT_CHANNEL_FLEXIBLE_NAMES" not in guild["features"]


async def test_the_guild_comes_with_what_is_in_it(client: Client) -> None:
    _, guild = await client.call("GET", client.guild)
    assert {channel["name"] for channel in guild["channels"]} >= {"general", "General"}
    assert {role["name"] for role in guild["roles"]} == {"@everyone", "reaper"}
    assert (guild["emojis"], guild["stickers"]) == ([], [])
    _, mine = await client.call("GET", "/users/@me/guilds")
    assert mine[0]["permissions"] == "33787427532832767"


async def test_thread_permissions_are_kept_and_the_members_bit_needs_a_declaration(client: Client) -> None:
    bits = 1 << 34 | 1 << 35 | 1 << 36 | 1 << 38 | 1 << 54 | 1 << 39 | 1 << 19
    _, role = await client.call("POST", f"{client.guild}/roles", {"name": "a", "permissions": str(bits)})
    assert int(role["permissions"]) == 1 << 34 | 1 << 35 | 1 << 36 | 1 << 38
    headers = {
        "X-Fluxer-Features": "view_channel_members_permission",
        "Authorization": f"Bot {client.facts['token']}",
    }
    address = f"{client.facts['api_base']}{client.guild}/roles/{role['id']}"
    async with client.session.patch(address, json={"permissions": str(bits)}, headers=headers) as response:
        assert int((await response.json())["permissions"]) & 1 << 54
    _, role = await client.call("PATCH", f"{client.guild}/roles/{role['id']}", {"permissions": "0"})
    assert int(role["permissions"]) == 1 << 54


async def test_ten_emojis_in_thirty_seconds(client: Client) -> None:
    create = f"{client.guild}/emojis"
    statuses = [(await client.call("POST", create, {"name": "tea", "image": PNG}))[0] for _ in range(11)]
    assert statuses == [200] * 10 + [429]


async def test_the_discovery_document_and_the_list_of_routes(client: Client) -> None:
    _, instance = await client.call("GET", f"{client.facts['instance']}/.well-known/fluxer", as_bot=False)
    assert instance["features"]["presigned_attachment_uploads"] is True
    assert instance["endpoints"]["api_public"] + "/v1" == client.facts["api_base"]
    status, document = await client.call("GET", "/openapi.json", as_bot=False)
    assert (status, document["openapi"]) == (200, "3.1.0")
    assert "patch" in document["paths"]["/webhooks/{webhook_id}/{token}/messages/{message_id}"]
    assert "/guilds/{guild_id}/text-channel-flexible-names" not in document["paths"]


async def test_a_role_is_given_where_the_older_one_outranks_it(client: Client) -> None:
    _, role = await client.call("POST", f"{client.guild}/roles", {"name": "a"})
    _, me = await client.call("GET", "/users/@me")
    path = f"{client.guild}/members/{me['id']}/roles/{role['id']}"
    assert (await client.call("PUT", path))[0] == 204


async def test_moving_roles_leaves_those_above_the_bot_where_they_are(client: Client) -> None:
    roles = [(await client.call("POST", f"{client.guild}/roles", {"name": name}))[1] for name in "abc"]
    order = [{"id": role["id"], "position": place} for place, role in enumerate(roles, start=1)]
    assert (await client.call("PATCH", f"{client.guild}/roles", order))[0] == 204
    _, found = await client.call("GET", f"{client.guild}/roles")
    assert [role["name"] for role in found] == ["reaper", "c", "b", "a", "@everyone"]
    assert [role["position"] for role in found] == [4, 3, 2, 1, 0]


async def test_the_gateway_wants_its_version(client: Client) -> None:
    socket = await client.session.ws_connect(client.facts["gateway"])
    message = await socket.receive()
    assert message.data == 4012
    socket = await client.connect(properties=PROPERTIES)
    ready, guild = await socket.receive_json(), await socket.receive_json()
    assert ready["d"]["guilds"] == [{"id": client.facts["community_id"], "unavailable": True}]
    assert guild["d"]["properties"]["name"] == "New community"
    await socket.close()


async def test_troubles_are_told_in_the_words_of_the_generation() -> None:
    for generation, scope in (("current", "user"), ("2026-02", None)):
        server = FluxerServer(generation=generation)
        server.faults = faults = FluxerFaults(server, seed=1, speed=1)
        async with client_of(server) as client:
            faults.set([Wish("rate-limit-bucket", every=1)])
            status, headers, body = await client.call_whole("GET", "/users/@me")
            assert (status, body["retry_after"], headers.get("X-RateLimit-Scope")) == (429, 0.75, scope)
            assert headers["Retry-After"] == ("1" if scope else "0.75")
            faults.set([Wish("overloaded", every=1)])
            status, headers, body = await client.call_whole("GET", "/users/@me")
            assert (status, headers["Retry-After"], body.get("code")) == (
                (503, "1", "SERVICE_UNAVAILABLE") if scope else (503, "5", None)
            )
            faults.set([Wish("reorder-locked", every=1)])
            status, headers, body = await client.call_whole("PATCH", f"{client.guild}/channels", [])
            assert (status, headers["Retry-After"], body["code"]) == (423, "2", "GENERAL_ERROR")


@pytest.mark.parametrize("generation", ["current", "2026-02"])
async def test_an_instance_with_other_limits_says_so_and_keeps_them(generation: str) -> None:
    limits = {"max_attachment_file_size": 1000, "max_guild_channels": 5, "max_message_length": 5000}
    async with client_of(FluxerServer(generation=generation, limits=limits)) as client:
        await client.start_session()
        _, instance = await client.call("GET", f"{client.facts['instance']}/.well-known/fluxer", as_bot=False)
        rules = {rule["id"]: rule["overrides"] for rule in instance["limits"]["rules"]}
        assert rules["default"] == limits
        hook = await client.webhook(await client.general())
        assert (await client.upload(hook, "a.txt", b"x" * 1000))[0] == 200
        assert (await client.upload(hook, "a.txt", b"x" * 1001))[1]["code"] == "FILE_SIZE_TOO_LARGE"
        assert (await client.call("POST", hook, {"content": "x" * 5000}, as_bot=False))[0] == 200
        assert (await client.call("POST", f"{client.guild}/channels", {"type": 0, "name": "a"}))[0] == 200
        answer = await client.call("POST", f"{client.guild}/channels", {"type": 0, "name": "a"})
        assert await code_of(answer) == (400, "MAX_GUILD_CHANNELS")


def test_a_limit_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown limit max_tea=3, known are max_message_length"):
        FluxerServer(limits={"max_tea": 3})


async def test_invites_last_for_ever_and_reactions_are_listed_in_pages(client: Client) -> None:
    channel = await client.general()
    _, invite = await client.call("POST", f"/channels/{channel}/invites", {})
    assert (invite["max_age"], invite["expires_at"]) == (0, None)
    _, message = await client.call("POST", f"/channels/{channel}/messages", {"content": "a"})
    reactions = f"/channels/{channel}/messages/{message['id']}/reactions"
    assert (await client.call("PUT", f"{reactions}/🔥/@me"))[0] == 204
    _, page = await client.call("GET", f"{reactions}/🔥/users")
    assert ([user["username"] for user in page["items"]], page["has_more"], page["next_after"]) == (
        ["reaper"],
        False,
        None,
    )
    url = f"{client.facts['media']}/attachments/1/2/a.png"
    _, answer = await client.call("POST", "/attachments/refresh-urls", {"attachment_urls": [url]})
    assert answer["refreshed_urls"] == [{"original": url, "refreshed": url}]
