"""What can be done to posts that stand, and what a server says of itself when asked."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reaper_tui.model.capabilities import TargetCapabilities
from reaper_tui.model.community import ChannelKind
from reaper_tui.model.errors import AccessDenied, NotFound, NotSupported, OutcomeUnknown, Refused
from reaper_tui.model.forum import Forum, ForumTag, TargetThread
from reaper_tui.model.outgoing import Part
from reaper_tui.writer.buckets import allowance_for
from reaper_tui.writer.structure import forum_to_wire
from reaper_tui.writer.writer import FluxerWriter

from .stub_server import HOOK, TOKEN, WEBHOOK_TOKEN, cut, reply, stored, stub_server, writer_at

ME = {"id": "111", "username": "reaper", "bot": True}
NO_ROUTE = reply({"code": "NOT_FOUND", "message": "Not found."}, 404)
NO_MESSAGE = reply({"code": "UNKNOWN_MESSAGE", "message": "Unknown message."}, 404)
NO_WEBHOOK = reply({"code": "UNKNOWN_WEBHOOK", "message": "Unknown webhook."}, 404)
NO_CHANNEL = reply({"code": "UNKNOWN_CHANNEL", "message": "Unknown channel."}, 404)
DONE = reply(None, 204)
NEWER = {"X-RateLimit-Bucket": "0123456789abcdef", "X-Fluxer-Version": "7"}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Routed:
    """A server with some routes; the others it does not have."""

    routes: Mapping[str, Answer]
    asked: list[str] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    base: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path.removeprefix("/api/v1")
        if "well-known" in path:
            return web.json_response({"endpoints": {}, "features": {"presigned_attachment_uploads": True}})
        wanted = f"{request.method} {path}"
        self.asked.append(wanted)
        self.bodies.append(await request.json() if request.can_read_body else None)
        known = self.routes.get(wanted) or self.routes.get(wanted.partition("?")[0]) or NO_ROUTE
        return await known(request)


@asynccontextmanager
async def server_with(routes: Mapping[str, Answer]) -> AsyncIterator[tuple[Routed, FluxerWriter]]:
    routed = Routed(routes)
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", routed.handle)
    server = TestServer(app)
    await server.start_server()
    routed.base = f"{server.make_url('/api/v1')}"
    try:
        async with writer_at(routed.base) as writer:
            yield routed, writer
    finally:
        await server.close()


def answers(*given: Answer) -> Answer:
    left = list(given)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


PROBE = f"GET /webhooks/1/{'0' * 64}/messages/1"


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        pytest.param({}, TargetCapabilities(takes_voice_messages=True, presigned_uploads=True), id="2026-02"),
        pytest.param(
            {"GET /guilds/5/threads/active": reply({"threads": []}, headers=NEWER), PROBE: NO_WEBHOOK},
            TargetCapabilities(*[True] * 9),
            id="newest",
        ),
        pytest.param(
            {PROBE: reply({"code": "UNKNOWN_WEBHOOK"}, 404, NEWER)},
            TargetCapabilities(True, True, True, False, False, False, True, True, True),
            id="before threads",
        ),
        pytest.param(
            {PROBE: NO_MESSAGE, "GET /channels/1/follower-stats": NO_CHANNEL},
            TargetCapabilities(
                edits_posts=True, has_announcements=True, takes_voice_messages=True, presigned_uploads=True
            ),
            id="announcements without threads or headers",
        ),
        pytest.param(
            {
                PROBE: reply({"code": "INVALID_FORM_BODY"}, 400),
                "GET /guilds/5/threads/active": reply({"code": "X"}, 403),
            },
            TargetCapabilities(
                edits_posts=True,
                has_threads=True,
                has_forums=True,
                has_announcements=True,
                takes_voice_messages=True,
                presigned_uploads=True,
            ),
            id="routes that refuse are there",
        ),
        pytest.param(
            {PROBE: reply(text="<html>", status=404), "GET /guilds/5/threads/active": reply({"message": "404"}, 404)},
            TargetCapabilities(takes_voice_messages=True, presigned_uploads=True),
            id="a proxy's own words",
        ),
        pytest.param(
            {PROBE: reply({"code": "INTERNAL_SERVER_ERROR"}, 500)},
            TargetCapabilities(takes_voice_messages=True, presigned_uploads=True),
            id="a route that breaks",
        ),
    ],
)
async def test_a_server_tells_what_it_can_do(routes: Mapping[str, Answer], expected: TargetCapabilities) -> None:
    async with server_with(routes) as (server, writer):
        assert await writer.capabilities(5) == expected
        asked = len(server.asked)
        assert len(set(server.asked)) <= 3
        assert await writer.capabilities(5) == expected
        assert len(server.asked) == asked


async def test_a_lost_token_is_told_while_asking() -> None:
    async with (
        server_with({"GET /guilds/5/threads/active": reply({"code": "UNAUTHORIZED"}, 401)}) as (_, writer),
    ):
        with pytest.raises(AccessDenied):
            await writer.capabilities(5)


async def test_a_dropped_reply_is_said_in_words_and_not_tried_again() -> None:
    routes = {
        "GET /guilds/5/threads/active": reply({"code": "NOT_FOUND"}, 404, NEWER),
        PROBE: NO_WEBHOOK,
        f"POST /webhooks/55/{WEBHOOK_TOKEN}": reply(stored(900)),
        f"PATCH /webhooks/55/{WEBHOOK_TOKEN}/messages/900": reply(stored(900, content="> answer\nhi")),
    }
    async with server_with(routes) as (server, writer):
        assert (await writer.capabilities(5)).keeps_replies
        message = await writer.send(HOOK, Part("hi", "A", reply_to=7, reply_line="> answer"), [], "n")
        assert message.content == "> answer\nhi"
        assert server.bodies[-1]["content"] == "> answer\nhi"
        assert not (await writer.capabilities(5)).keeps_replies


async def test_a_reply_to_what_is_gone_says_what_it_answers() -> None:
    gone = reply({"code": "UNKNOWN_MESSAGE"}, 404, NEWER)
    async with stub_server(gone, reply(stored(content="> answer\nhi"))) as server, writer_at(server.base) as writer:
        await writer.send(HOOK, Part("hi", "A", reply_to=7, reply_line="> answer"), [], "n")
        body = json.loads(await server.requests[1].read())
        assert body["content"] == "> answer\nhi"
        assert "message_reference" not in body


async def test_a_post_is_changed_in_its_thread() -> None:
    route = f"PATCH /webhooks/55/{WEBHOOK_TOKEN}/messages/900"
    changed = stored(900, content="new", edited_timestamp="2026-11-20T18:44:41.140Z")
    async with server_with({f"{route}?thread_id=8": reply(changed)}) as (server, writer):
        part = Part("new", "A", embeds=({"title": "t"},), suppresses_embeds=True, reply_to=3)
        message = await writer.edit_post(HOOK, 900, part, thread_id=8)
        assert (message.content, message.edited_at) == ("new", "2026-11-20T18:44:41.140Z")
        assert server.bodies == [
            {"content": "new", "embeds": [{"title": "t"}], "flags": 4, "allowed_mentions": {"parse": []}}
        ]


async def test_an_edit_leaves_pictures_that_are_files_of_the_post_alone() -> None:
    path = f"PATCH /webhooks/{HOOK.id}/{WEBHOOK_TOKEN}/messages/900"
    async with server_with({path: reply(stored(900))}) as (routed, writer):
        await writer.edit_post(HOOK, 900, Part("new", "Ada", embeds=({"image": {"url": "attachment://a.png"}},)))
        await writer.edit_post(HOOK, 900, Part("new", "Ada", embeds=({"title": "kept"},)))
    first, second = (body for body in routed.bodies if body)
    assert "embeds" not in first
    assert second["embeds"] == [{"title": "kept"}]


async def test_no_such_route_is_told_from_no_such_message() -> None:
    part = Part("x", "A")
    async with server_with({}) as (_, writer):
        with pytest.raises(NotSupported) as unsupported:
            await writer.edit_post(HOOK, 900, part)
        assert not isinstance(unsupported.value, NotFound)
    async with server_with({f"PATCH /webhooks/55/{WEBHOOK_TOKEN}/messages/900": NO_MESSAGE}) as (_, writer):
        with pytest.raises(NotFound) as gone:
            await writer.edit_post(HOOK, 900, part)
        assert gone.value.code == "UNKNOWN_MESSAGE"
    async with server_with({"DELETE /channels/77/messages/900": NO_MESSAGE}) as (_, writer):
        with pytest.raises(NotFound):
            await writer.delete_post(77, 900)


@pytest.mark.parametrize(
    ("emoji", "path"), [("👍", "%F0%9F%91%8D"), ("ok:5", "ok:5"), ("#️⃣", "%23%EF%B8%8F%E2%83%A3"), ("a/b?", "a%2Fb%3F")]
)
async def test_reactions_name_their_emoji_in_the_address(emoji: str, path: str) -> None:
    route = f"/channels/77/messages/900/reactions/{path}/@me"
    async with server_with({f"PUT {route}": DONE, f"DELETE {route}": DONE}) as (server, writer):
        await writer.react(77, 900, emoji)
        await writer.unreact(77, 900, emoji)
        assert server.asked == [f"PUT {route}", f"DELETE {route}"]


def pins(*ids: int, has_more: bool) -> Answer:
    rows = [{"message": stored(found), "pinned_at": f"2026-11-20T18:00:{found % 60:02}Z"} for found in ids]
    return reply({"items": rows, "has_more": has_more})


async def test_pins_are_read_to_the_end_each_once() -> None:
    pages = answers(pins(9, 8, has_more=True), pins(8, 7, has_more=True), pins(7, has_more=True))
    async with server_with({"GET /channels/77/messages/pins": pages}) as (server, writer):
        assert list(await writer.pinned(77)) == [9, 8, 7]
        assert len(server.asked) == 3


def notice(message_id: int, author: int, pinned: int, kind: int = 6) -> dict[str, Any]:
    reference = {"message_id": str(pinned), "channel_id": "88"}
    return stored(message_id, type=kind, author={"id": str(author)}, message_reference=reference)


async def test_only_the_bots_own_notice_of_that_pin_is_removed() -> None:
    page = [notice(5, 222, 900), notice(4, 111, 901), stored(3, type=6), notice(2, 111, 900), notice(1, 111, 900, 0)]
    routes = {
        "GET /users/@me": reply(ME),
        "GET /users/@me/guilds": reply([]),
        "GET /channels/77/messages": reply(page),
        "DELETE /channels/77/messages/2": DONE,
    }
    async with server_with(routes) as (server, writer):
        assert await writer.remove_pin_notice(77, 900)
        assert server.asked[-1] == "DELETE /channels/77/messages/2"
        asked = len(server.asked)
        assert not await writer.remove_pin_notice(77, 999)
        assert len(server.asked) == asked + 1


async def test_the_notice_of_a_thread_is_removed() -> None:
    routes = {
        "GET /users/@me": reply(ME),
        "GET /users/@me/guilds": reply([]),
        "GET /channels/77/messages": reply([notice(2, 111, 0, 18)]),
        "DELETE /channels/77/messages/2": NO_MESSAGE,
    }
    async with server_with(routes) as (_, writer):
        assert not await writer.remove_thread_notice(77, 88)
        assert not await writer.remove_thread_notice(77, 89)


async def test_threads_are_started_and_closed() -> None:
    made = reply({"id": "500"}, 201)
    routes = {
        "POST /channels/77/threads": made,
        "POST /channels/77/messages/900/threads": answers(
            reply({"id": "900"}, 201), reply({"code": "THREAD_ALREADY_CREATED_FOR_MESSAGE"}, 400)
        ),
        "PATCH /channels/500": reply({"id": "500"}),
    }
    async with server_with(routes) as (server, writer):
        assert await writer.start_thread(77, " x" * 80, is_private=True, auto_archive_minutes=4000) == 500
        assert await writer.start_thread(77, "", message_id=900) == 900
        assert await writer.start_thread(77, "again", message_id=900) == 900
        await writer.close_thread(500, is_archived=True, is_locked=True)
        await writer.pin_thread(500)
        private, from_message, _, closing, pinning = server.bodies
        assert (private["type"], private["auto_archive_duration"], len(private["name"])) == (12, 4320, 99)
        assert from_message == {"name": "Thread"}
        assert (closing, pinning) == ({"archived": True, "locked": True}, {"flags": 2})


async def test_starting_a_thread_twice_is_never_a_guess() -> None:
    async with stub_server(cut()) as server, writer_at(server.base) as writer:
        with pytest.raises(OutcomeUnknown):
            await writer.start_thread(77, "x")
        assert len(server.requests) == 1


def archived(*ids: int, second: int, has_more: bool, kind: int = 11) -> Answer:
    state = {"archived": True, "locked": True, "archive_timestamp": f"2026-11-20T18:00:{second:02}.000Z"}
    rows = [{"id": str(i), "parent_id": "77", "name": f"t{i}", "type": kind, "thread_metadata": state} for i in ids]
    return reply({"threads": rows, "has_more": has_more})


async def test_all_threads_of_a_channel_are_found_also_those_of_one_moment() -> None:
    active = [{"id": "1", "parent_id": "77", "name": "a", "type": 11}, {"id": "2", "parent_id": "78", "name": "b"}, {}]
    public = answers(
        archived(9, 8, second=9, has_more=True),
        archived(8, 7, second=9, has_more=True),
        archived(6, second=5, has_more=False),
    )
    routes = {
        "GET /guilds/5/threads/active": reply({"threads": active}),
        "GET /channels/77/threads/archived/public": public,
        "GET /channels/77/threads/archived/private": reply({"code": "MISSING_PERMISSIONS"}, 403),
    }
    async with server_with(routes) as (server, writer):
        found = {thread.id: thread for thread in await writer.threads(5, 77)}
        assert set(found) == {1, 6, 7, 8, 9}
        assert found[1] == TargetThread(1, 77, "a")
        assert found[6] == TargetThread(6, 77, "t6", True, True)
        assert server.asked[2].endswith("&before=2026-11-20T18:00:09.001Z")
        assert server.asked[3].endswith("&before=2026-11-20T18:00:09.000Z")


async def test_a_post_of_a_forum_carries_name_and_tags_and_tells_its_thread() -> None:
    route = f"POST /webhooks/55/{WEBHOOK_TOKEN}"
    async with server_with({route: reply(stored(900, channel_id="900"))}) as (server, writer):
        message = await writer.send(HOOK, Part("hi", "A"), [], "n", thread_name="Hello", tag_ids=range(1, 9))
        assert message.channel_id == 900
        assert (server.bodies[0]["thread_name"], server.bodies[0]["applied_tags"]) == ("Hello", list("12345"))
        await writer.send(HOOK, Part("more", "A"), [], "m", thread_id=900)
        assert server.asked[1] == f"{route}?wait=true&thread_id=900"
        assert "thread_name" not in server.bodies[1]


async def test_forums_are_made_as_they_were_and_keep_their_tags() -> None:
    tags = (ForumTag("bug", True, 9), ForumTag("idea", emoji_name="💡"), ForumTag("bug"), ForumTag(" "))
    forum = Forum(tags, reaction_emoji_name="👍", sort_order=1, layout=2, requires_tag=True)
    wire = {
        "available_tags": [
            {"name": "bug", "moderated": True, "emoji_id": "9"},
            {"name": "idea", "moderated": False, "emoji_name": "💡"},
        ],
        "flags": 16,
        "default_reaction_emoji": {"emoji_name": "👍"},
        "default_sort_order": 1,
    }
    assert forum_to_wire(forum, ChannelKind.MEDIA) == wire
    assert forum_to_wire(forum, ChannelKind.FORUM) == {**wire, "default_forum_layout": 2}
    known = {"id": "44", "available_tags": [{"id": "70", "name": "idea"}, {"id": "x", "name": "odd"}]}
    routes = {
        "POST /guilds/5/channels": reply({"id": "44", "type": 15, "name": "f"}),
        "GET /channels/44": reply(known),
        "PATCH /channels/44": reply(known),
    }
    async with server_with(routes) as (server, writer):
        made = await writer.create_channel(
            5, "forum", "f", parent_id=None, topic="t" * 5000, overwrites=(), bitrate=0, user_limit=0, forum=forum
        )
        assert (made, server.bodies[0]["type"], len(server.bodies[0]["topic"])) == (44, 15, 4096)
        assert dict(await writer.forum_tags(44)) == {"idea": 70}
        await writer.edit_channel(44, "forum", {"forum": forum})
        assert [tag.get("id") for tag in server.bodies[-1]["available_tags"]] == [None, "70"]


async def test_a_kind_the_server_does_not_have_is_refused_by_name() -> None:
    body = {"code": "INVALID_FORM_BODY", "message": "no", "errors": [{"path": "type", "code": "INVALID_FORMAT"}]}
    async with stub_server(reply(body, 400)) as server, writer_at(server.base) as writer:
        with pytest.raises(Refused) as refusal:
            await writer.create_channel(
                5, "announcement", "n", parent_id=None, topic="", overwrites=(), bitrate=0, user_limit=0
            )
        assert refusal.value.field == "type"
        assert TOKEN not in str(refusal.value)


async def test_a_message_read_back_shows_its_place_and_its_pictures() -> None:
    picture = {"type": "rich", "image": {"url": "https://m/attachments/77/31/cat%20a.png?ex=1"}}
    preview = {"type": "link", "thumbnail": {"url": "https://m/attachments/77/32/dog.png"}}
    same = {"type": "rich", "image": {"url": "https://m/attachments/77/30/b.png"}}
    reactions = [
        {"emoji": {"name": "👍"}, "count": 2, "me": True},
        {"emoji": {"id": "5", "name": "ok"}, "count": 1, "me": True},
        {"emoji": {"name": "x"}, "count": 1},
    ]
    row = stored(
        1,
        attachments=[{"id": "30", "filename": "b.png", "size": 3}],
        embeds=[picture, preview, same],
        reactions=reactions,
        thread={"id": "1"},
        pinned=True,
        flags=32,
    )
    async with stub_server(reply([row])) as server, writer_at(server.base) as writer:
        (message,) = await writer.history(77)
    assert (message.attachment_count, message.attachment_names) == (2, ("b.png", "cat a.png"))
    assert message.own_reactions == ("👍", "ok:5")
    assert (message.thread_id, message.is_pinned, message.flags, message.author_id) == (1, True, 32, 55)


def test_routes_share_the_buckets_the_server_counts_in() -> None:
    pin_routes = (
        ("GET", "/channels/{channel_id}/messages/pins"),
        ("PUT", "/channels/{channel_id}/pins/{message_id}"),
        ("DELETE", "/channels/{channel_id}/pins/{message_id}"),
    )
    assert {allowance_for(*route) for route in pin_routes} == {allowance_for(*pin_routes[0])}
    edit = allowance_for("PATCH", "/webhooks/{webhook_id}/{token}/messages/{message_id}")
    assert (edit.burst, edit.window, edit.counts_globally) == (30, 60, False)
    assert allowance_for("POST", "/channels/{channel_id}/threads").burst == 10


@pytest.mark.parametrize("answered", [7, 1000])
async def test_an_edit_of_a_post_that_stands_as_no_reply_says_what_it_answers(answered: int) -> None:
    path = f"PATCH /webhooks/{HOOK.id}/{WEBHOOK_TOKEN}/messages/900"
    async with server_with({path: reply(stored(900))}) as (server, writer):
        await writer.edit_post(HOOK, 900, Part("hi", "A", reply_to=answered, reply_line="> answer"))
        assert server.bodies[-1]["content"] == "> answer\nhi"


async def test_an_edit_of_a_reply_does_not_say_what_it_answers() -> None:
    path = f"PATCH /webhooks/{HOOK.id}/{WEBHOOK_TOKEN}/messages/900"
    stands = stored(900, message_reference={"message_id": "7", "channel_id": "77"})
    async with server_with({path: reply(stands)}) as (server, writer):
        await writer.edit_post(HOOK, 900, Part("hi", "A", reply_to=7, reply_line="> answer"))
        assert [body["content"] for body in server.bodies] == ["hi"]
