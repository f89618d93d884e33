"""What stands in the way is told before the start, one line each with its mend."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from reaper_tui.model.community import ChannelKind
from reaper_tui.model.errors import AccessDenied, OutcomeUnknown

from .stub_server import Handler, stub_server, writer_at

GUILD = 10
ME = {"id": "5", "username": "reaper", "bot": True}
ROLES = [
    {"id": "10", "name": "@everyone", "permissions": str(1 << 10 | 1 << 11), "position": 0},
    {"id": "11", "name": "reaper", "permissions": str(1 << 4 | 1 << 29), "position": 1, "hoist": None},
]
ANSWERS: dict[str, Any] = {
    "/users/@me": ME,
    "/users/@me/guilds": [{"id": "10", "name": "Home"}],
    "/guilds/10": {"id": "10", "name": "Home", "owner_id": "1", "icon": "abc", "features": ["BANNER"]},
    "/guilds/10/channels": [{"id": "20", "type": 0, "name": "chat", "nsfw": True}, {"id": "21", "type": 998}, 7],
    "/guilds/10/roles": ROLES,
    "/guilds/10/emojis": [{"id": "30", "name": "ok", "animated": True}],
    "/guilds/10/stickers": [{"id": "31", "name": "wave", "tags": None}],
    "/guilds/10/webhooks": [
        {"id": "40", "channel_id": "20", "name": "mine", "token": "t"},
        {"id": "41", "channel_id": "20", "name": "follower"},
    ],
    "/guilds/10/members/5": {"roles": ["11"]},
}
NO_ROUTE = {"code": "NOT_FOUND", "message": "Not found."}
DENIED = {"code": "MISSING_PERMISSIONS", "message": "x"}


def answering(**changes: Any) -> Handler:
    answers = ANSWERS | changes

    async def answer(request: web.Request) -> web.StreamResponse:
        body = answers.get(request.path.removeprefix("/api/v1"), NO_ROUTE)
        return web.json_response(body, status={id(DENIED): 403, id(NO_ROUTE): 404}.get(id(body), 200))

    return answer


async def test_a_community_is_read_whole_and_odd_things_do_no_harm() -> None:
    async with stub_server(answering()) as server, writer_at(server.base) as writer:
        found = await writer.community(GUILD)
    assert (found.name, found.bot_id, found.has_icon, found.features) == ("Home", 5, True, frozenset({"BANNER"}))
    assert [(channel.kind, channel.is_nsfw) for channel in found.channels] == [
        (ChannelKind.TEXT, True),
        (ChannelKind.OTHER, False),
    ]
    assert [webhook.id for webhook in found.webhooks] == [40]
    assert found.emojis[0].is_animated
    assert not (found.capabilities.has_threads or found.capabilities.edits_posts)
    assert found.stickers[0].tags == ()


async def test_missing_permissions_are_named() -> None:
    async with stub_server(answering()) as server, writer_at(server.base) as writer:
        (note,) = (await writer.community(GUILD)).notes
    assert "Manage Roles" in note
    assert "Attach Files" in note
    assert "Manage Webhooks" not in note
    assert "Send Messages" not in note


@pytest.mark.parametrize(
    "changes",
    [
        {"/guilds/10": ANSWERS["/guilds/10"] | {"owner_id": "5"}},
        {"/guilds/10/roles": [{"id": "11", "name": "admin", "permissions": "8"}]},
        {"/guilds/10/members/5": DENIED},
    ],
)
async def test_nothing_is_missing_for_an_owner_or_administrator_or_when_nobody_says(changes: dict[str, Any]) -> None:
    async with stub_server(answering(**changes)) as server, writer_at(server.base) as writer:
        assert (await writer.community(GUILD)).notes == ()


async def test_closed_webhooks_are_a_note_and_closed_channels_an_error() -> None:
    async with stub_server(answering(**{"/guilds/10/webhooks": DENIED})) as server, writer_at(server.base) as writer:
        found = await writer.community(GUILD)
        assert found.webhooks == ()
        assert "Manage Webhooks" in found.notes[0]
    async with stub_server(answering(**{"/guilds/10/channels": DENIED})) as server, writer_at(server.base) as writer:
        with pytest.raises(AccessDenied, match="reading the channels"):
            await writer.community(GUILD)


async def test_an_identity_says_what_to_do_next() -> None:
    person = {"/users/@me": {"id": "5", "username": "Eve"}, "/users/@me/guilds": []}
    async with stub_server(answering(**person)) as server, writer_at(server.base) as writer:
        found = await writer.identity()
    assert (found.name, found.bot_id, found.places) == ("Eve", 5, ())
    assert "person" in found.warnings[0]
    assert "client_id=5&scope=bot" in found.warnings[1]


async def test_an_answer_without_an_id_is_no_identity() -> None:
    async with stub_server(answering(**{"/users/@me": []})) as server, writer_at(server.base) as writer:
        with pytest.raises(OutcomeUnknown):
            await writer.identity()
