"""Threads, forums and announcement channels of the newest generation of Fluxer servers."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from fluxer_client import Client, Clock, client_of
from test_fluxer_current import PNG, code_of

from reaper_tui.sandbox.fluxer_server import FluxerServer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    async with client_of(FluxerServer(generation="current", clock=clock, speed=1000)) as client:
        yield client


async def made(client: Client, type: int, name: str = "a", **fields: Any) -> dict[str, Any]:
    status, channel = await client.call("POST", f"{client.guild}/channels", {"type": type, "name": name, **fields})
    assert status == 200, channel
    return channel


async def history(client: Client, channel_id: str) -> list[tuple[int, str]]:
    _, messages = await client.call("GET", f"/channels/{channel_id}/messages", params={"limit": "100"})
    return [(message["type"], message["content"]) for message in messages]


async def test_a_thread_of_a_message_has_its_id_and_shows_it_above(client: Client) -> None:
    channel = await client.general()
    _, source = await client.call("POST", f"/channels/{channel}/messages", {"content": "root"})
    path = f"/channels/{channel}/messages/{source['id']}/threads"
    status, thread = await client.call("POST", path, {"name": "Talk", "auto_archive_duration": 1440})
    assert (status, thread["id"], thread["type"], thread["parent_id"]) == (201, source["id"], 11, channel)
    assert thread["thread_metadata"]["auto_archive_duration"] == 1440
    assert await code_of(await client.call("POST", path, {"name": "b"})) == (400, "THREAD_ALREADY_CREATED_FOR_MESSAGE")
    _, root = await client.call("GET", f"/channels/{channel}/messages/{source['id']}")
    assert root["flags"] & 1 << 5 and root["thread"]["id"] == thread["id"]
    await client.call("POST", f"/channels/{thread['id']}/messages", {"content": "first"})
    assert await history(client, thread["id"]) == [(0, "first"), (21, "")]
    assert all(type != 18 for type, _ in await history(client, channel))
    _, channels = await client.call("GET", f"{client.guild}/channels")
    assert thread["id"] not in {each["id"] for each in channels}


async def test_only_a_thread_begun_far_up_or_without_a_message_leaves_a_notice(client: Client) -> None:
    channel = await client.general()
    _, source = await client.call("POST", f"/channels/{channel}/messages", {"content": "root"})
    for number in range(5):
        await client.call("POST", f"/channels/{channel}/messages", {"content": str(number)})
    await client.call("POST", f"/channels/{channel}/messages/{source['id']}/threads", {"name": "Old"})
    status, bare = await client.call("POST", f"/channels/{channel}/threads", {"name": "Bare", "type": 11})
    _, private = await client.call("POST", f"/channels/{channel}/threads", {"name": "Private", "type": 12})
    assert status == 201 and private["thread_metadata"]["invitable"] is True
    assert (await history(client, channel))[:2] == [(18, "Bare"), (18, "Old")]
    assert await history(client, bare["id"]) == []


async def test_an_archived_thread_wakes_when_somebody_speaks_and_accepts_nothing_else(client: Client) -> None:
    channel = await client.general()
    hook = await client.webhook(channel)
    _, thread = await client.call("POST", f"/channels/{channel}/threads", {"name": "T", "type": 11})
    inside = f"{hook}&thread_id={thread['id']}"
    _, message = await client.call("POST", inside, {"content": "a"}, as_bot=False)
    assert message["channel_id"] == thread["id"]
    _, closed = await client.call("PATCH", f"/channels/{thread['id']}", {"archived": True})
    assert closed["thread_metadata"]["archived"] is True
    assert await code_of(await client.call("PATCH", f"/channels/{thread['id']}", {"name": "U"})) == (
        400,
        "THREAD_ARCHIVED",
    )
    pin = await client.call("PUT", f"/channels/{thread['id']}/pins/{message['id']}")
    edit = await client.call(
        "PATCH", f"{hook.split('?')[0]}/messages/{message['id']}?thread_id={thread['id']}", {"content": "b"}
    )
    assert [await code_of(pin), await code_of(edit)] == [(400, "THREAD_ARCHIVED")] * 2
    await client.call("POST", inside, {"content": "b"}, as_bot=False)
    _, woken = await client.call("GET", f"/channels/{thread['id']}")
    assert woken["thread_metadata"]["archived"] is False


async def test_a_locked_thread_refuses_every_webhook_and_not_the_moderating_bot(client: Client) -> None:
    channel = await client.general()
    hook = await client.webhook(channel)
    _, thread = await client.call("POST", f"/channels/{channel}/threads", {"name": "T", "type": 11})
    await client.call("PATCH", f"/channels/{thread['id']}", {"archived": True, "locked": True})
    answer = await client.call("POST", f"{hook}&thread_id={thread['id']}", {"content": "a"}, as_bot=False)
    assert await code_of(answer) == (400, "THREAD_LOCKED")
    assert (await client.call("POST", f"/channels/{thread['id']}/messages", {"content": "a"}))[0] == 200


async def test_a_webhook_speaks_only_in_threads_of_its_own_channel(client: Client) -> None:
    other = await made(client, 0, "other")
    hook = await client.webhook(await client.general())
    _, thread = await client.call("POST", f"/channels/{other['id']}/threads", {"name": "T", "type": 11})
    for target in (thread["id"], "12", "nonsense"):
        answer = await client.call("POST", f"{hook}&thread_id={target}", {"content": "a"}, as_bot=False)
        assert await code_of(answer) == (404, "UNKNOWN_CHANNEL")
    answer = await client.call("POST", hook, {"content": "a", "thread_name": "b"}, as_bot=False)
    assert await code_of(answer) == (400, "WEBHOOK_THREAD_NAME_REQUIRES_FORUM")


async def test_a_webhook_opens_posts_with_tags_and_goes_on_in_them(client: Client) -> None:
    tags = [{"name": "Bug", "emoji_name": "🐛"}, {"name": "Done", "moderated": True}]
    forum = await made(client, 15, "Ideas & more", available_tags=tags, topic="t" * 3000, default_sort_order=1)
    assert (forum["name"], len(forum["topic"])) == ("ideas--more", 3000)
    bug = forum["available_tags"][0]
    hook = await client.webhook(forum["id"])
    body = {"content": "first", "thread_name": "A post", "applied_tags": [bug["id"]], "nonce": "n"}
    _, message = await client.call("POST", hook, body, as_bot=False)
    assert message["channel_id"] == message["id"]
    _, post = await client.call("GET", f"/channels/{message['id']}")
    assert (post["name"], post["applied_tags"], post["parent_id"]) == ("A post", [bug["id"]], forum["id"])
    assert await code_of(await client.call("POST", hook, body, as_bot=False)) == (404, "UNKNOWN_MESSAGE")
    inside = f"{hook}&thread_id={post['id']}"
    _, second = await client.call("POST", inside, {"content": "second"}, as_bot=False)
    assert second["channel_id"] == post["id"]
    assert await history(client, post["id"]) == [(0, "second"), (0, "first")]
    codes = [
        await code_of(await client.call("POST", address, body, as_bot=False))
        for address, body in (
            (hook, {"content": "a"}),
            (inside, {"content": "a", "thread_name": "b"}),
            (hook, {"content": "a", "thread_name": "b", "applied_tags": ["5"]}),
        )
    ]
    assert codes == [
        (400, "WEBHOOK_FORUM_TARGET_REQUIRED"),
        (400, "WEBHOOK_FORUM_TARGET_CONFLICT"),
        (404, "UNKNOWN_FORUM_TAG"),
    ]


async def test_the_bot_opens_a_post_with_a_file_and_pins_one_of_them(client: Client) -> None:
    forum = await made(client, 15)
    body = {"name": "Post", "message": {"content": "hello"}}
    posts = [await client.call("POST", f"/channels/{forum['id']}/threads", body) for _ in range(2)]
    assert [status for status, _ in posts] == [201, 201]
    assert posts[0][1]["message"]["id"] == posts[0][1]["id"]
    ids = [post["id"] for _, post in posts]
    assert (await client.call("PATCH", f"/channels/{ids[0]}", {"flags": 2}))[1]["flags"] == 2
    answer = await client.call("PATCH", f"/channels/{ids[1]}", {"flags": 2})
    assert await code_of(answer) == (400, "MAX_PINNED_THREADS_IN_FORUM")
    empty = await client.call("POST", f"/channels/{forum['id']}/threads", {"name": "Post"})
    assert await code_of(empty) == (400, "CANNOT_SEND_EMPTY_MESSAGE")
    wrong = await client.call("POST", f"/channels/{forum['id']}/messages", {"content": "a"})
    assert await code_of(wrong) == (400, "CANNOT_SEND_MESSAGES_IN_NON_TEXT_CHANNEL")


async def test_tags_are_unique_and_at_most_twenty(client: Client, clock: Clock) -> None:
    forum = await made(client, 16, available_tags=[{"name": "A"}])
    path = f"/channels/{forum['id']}/tags"
    assert await code_of(await client.call("POST", path, {"name": "a"})) == (400, "FORUM_TAG_NAMES_MUST_BE_UNIQUE")
    _, tag = await client.call("POST", path, {"name": "B"})
    assert (await client.call("PUT", f"{path}/{tag['id']}", {"name": "C", "moderated": True}))[1]["moderated"] is True
    for number in range(18):
        clock.now += 0.001
        assert (await client.call("POST", path, {"name": str(number)}))[0] == 200
    assert await code_of(await client.call("POST", path, {"name": "x"})) == (400, "MAX_FORUM_TAGS")
    assert (await client.call("DELETE", f"{path}/{tag['id']}"))[0] == 204
    _, emoji = await client.call("POST", f"{client.guild}/emojis", {"name": "tea", "image": PNG})
    assert (await client.call("POST", path, {"name": "x", "emoji_id": emoji["id"]}))[0] == 200
    required = await client.call("PATCH", f"/channels/{forum['id']}", {"flags": 1 << 4})
    assert required[1]["flags"] == 1 << 4
    post = await client.call("POST", f"/channels/{forum['id']}/threads", {"name": "P", "message": {"content": "a"}})
    assert await code_of(post) == (400, "FORUM_TAG_REQUIRED")


async def test_lists_of_active_and_archived_threads(client: Client, clock: Clock) -> None:
    channel = await client.general()
    threads: list[str] = []
    for number in range(5):
        type = 12 if number == 4 else 11
        _, thread = await client.call("POST", f"/channels/{channel}/threads", {"name": str(number), "type": type})
        threads.append(thread["id"])
    for thread_id in [threads[2], threads[0], threads[1], threads[4]]:
        clock.now += 1
        await client.call("PATCH", f"/channels/{thread_id}", {"archived": True})
    _, active = await client.call("GET", f"{client.guild}/threads/active")
    assert [thread["id"] for thread in active["threads"]] == [threads[3]]
    path = f"/channels/{channel}/threads/archived/public"
    _, page = await client.call("GET", path, params={"limit": "2"})
    assert ([thread["id"] for thread in page["threads"]], page["has_more"]) == ([threads[1], threads[0]], True)
    before = page["threads"][-1]["thread_metadata"]["archive_timestamp"]
    _, page = await client.call("GET", path, params={"limit": "2", "before": before})
    assert ([thread["id"] for thread in page["threads"]], page["has_more"]) == ([threads[2]], False)
    for address in ("threads/archived/private", "users/@me/threads/archived/private"):
        _, page = await client.call("GET", f"/channels/{channel}/{address}")
        assert [thread["id"] for thread in page["threads"]] == [threads[4]]


async def test_a_thousand_active_threads_are_the_most(client: Client, clock: Clock) -> None:
    channel = await client.general()
    for _ in range(1000):
        clock.now += 0.01
        status, _ = await client.call("POST", f"/channels/{channel}/threads", {"name": "a", "type": 12})
        assert status == 201
    answer = await client.call("POST", f"/channels/{channel}/threads", {"name": "a", "type": 12})
    assert await code_of(answer) == (400, "MAX_ACTIVE_THREADS")


async def test_renaming_a_thread_is_told_in_it_and_members_can_be_added(client: Client) -> None:
    channel = await client.general()
    _, thread = await client.call("POST", f"/channels/{channel}/threads", {"name": "a", "type": 12})
    await client.call("PATCH", f"/channels/{thread['id']}", {"name": "b"})
    _, members = await client.call("GET", f"{client.guild}/members", params={"limit": "100"})
    owner = next(member["user"]["id"] for member in members if not member["user"].get("bot"))
    assert (await client.call("PUT", f"/channels/{thread['id']}/thread-members/{owner}"))[0] == 204
    assert await history(client, thread["id"]) == [(1, f"<@{owner}>"), (4, "b")]
    _, listed = await client.call("GET", f"/channels/{thread['id']}/thread-members")
    assert {member["user_id"] for member in listed} >= {owner}
    assert (await client.call("DELETE", f"/channels/{thread['id']}"))[0] == 204
    assert await code_of(await client.call("GET", f"/channels/{thread['id']}")) == (404, "UNKNOWN_CHANNEL")


async def test_announcement_channels_are_text_channels_of_another_kind(client: Client) -> None:
    news = await made(client, 5, "News", topic="read me", rate_limit_per_user=5, nsfw=False)
    assert (news["type"], news["name"], news["topic"], news["rate_limit_per_user"]) == (5, "news", "read me", 5)
    _, hook = await client.call("POST", f"/channels/{news['id']}/webhooks", {"name": "h"})
    assert hook["type"] == 1
    assert (await client.call("POST", f"/channels/{news['id']}/messages", {"content": "a"}))[0] == 200
    _, text = await client.call("PATCH", f"/channels/{news['id']}", {"type": 0})
    assert text["type"] == 0
    answer = await client.call("PATCH", f"/channels/{news['id']}", {"type": 2})
    assert await code_of(answer) == (400, "CHANNEL_TYPE_CONVERSION_NOT_SUPPORTED")


async def test_voice_channels_hold_messages_and_cap_their_bitrate(client: Client) -> None:
    voice = await made(client, 2, "Bridge", bitrate=256_000, user_limit=7, voice_connection_limit=9)
    assert (voice["bitrate"], voice["user_limit"], voice["voice_connection_limit"]) == (96_000, 7, 9)
    hook = await client.webhook(voice["id"])
    assert (await client.call("POST", hook, {"content": "a"}, as_bot=False))[0] == 200
    category = await made(client, 4, "Cat")
    answer = await client.call("POST", f"/channels/{category['id']}/webhooks", {"name": "h"})
    assert await code_of(answer) == (400, "INVALID_CHANNEL_TYPE")


async def test_channels_are_put_after_a_sibling(client: Client) -> None:
    category = await made(client, 4, "Cat")
    ids = [(await made(client, 0, name, parent_id=category["id"]))["id"] for name in "abc"]
    moves = [{"id": ids[0], "preceding_sibling_id": ids[2]}, {"id": ids[1], "preceding_sibling_id": None}]
    assert (await client.call("PATCH", f"{client.guild}/channels", moves))[0] == 204
    _, channels = await client.call("GET", f"{client.guild}/channels")
    inside = sorted((c for c in channels if c.get("parent_id") == category["id"]), key=lambda c: c["position"])
    assert [channel["name"] for channel in inside] == ["b", "c", "a"]


async def test_the_server_of_february_knows_none_of_it(clock: Clock) -> None:
    async with client_of(FluxerServer(clock=clock)) as client:
        assert await code_of(await client.call("GET", f"{client.guild}/threads/active")) == (404, "NOT_FOUND")
        for type in (5, 15, 16):
            answer = await client.call("POST", f"{client.guild}/channels", {"type": type, "name": "a"})
            assert answer[0] == 400 and answer[1]["errors"][0]["path"] == "type"


async def test_threads_outlive_a_restart(tmp_path: Any, clock: Clock) -> None:
    store = tmp_path / "fluxer"
    async with client_of(FluxerServer(generation="current", clock=clock, store=store)) as client:
        forum = await made(client, 15, "Forum", available_tags=[{"name": "A"}])
        body = {"name": "P", "message": {"content": "a"}, "applied_tags": [forum["available_tags"][0]["id"]]}
        _, post = await client.call("POST", f"/channels/{forum['id']}/threads", body)
    async with client_of(FluxerServer(generation="current", clock=clock, store=store)) as client:
        _, found = await client.call("GET", f"/channels/{post['id']}")
        assert found == {key: value for key, value in post.items() if key != "message"}
        assert await history(client, post["id"]) == [(0, "a")]
