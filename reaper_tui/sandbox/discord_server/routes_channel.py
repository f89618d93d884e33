"""Routes of channels, messages, threads, pins, reactions, polls and attachments."""

from typing import Any
from urllib.parse import unquote, urlsplit

from reaper_tui.sandbox.community import permissions as may
from reaper_tui.sandbox.community.nouns import Channel, Person, Reaction, Thread
from reaper_tui.sandbox.community.snowflake import iso
from reaper_tui.sandbox.discord_server import wire_guild as wire
from reaper_tui.sandbox.discord_server.call import Call, Route
from reaper_tui.sandbox.discord_server.errors import Refusal, invalid_form, missing_access, unknown
from reaper_tui.sandbox.discord_server.store import CATEGORY, PRIVATE_THREAD, Page

Json = dict[str, Any]
_REFRESH_LIMIT = 50


def _channel(call: Call) -> Json:
    found = call.store.place(call.id("channel"))
    return wire.thread(found, call.store) if isinstance(found, Thread) else wire.channel(found, call.store)


def _messages(call: Call) -> list[Json]:
    place, messages = call.store.container(call.id("channel"))
    page = Page(call.limit(50, 100), call.snowflake("before"), call.snowflake("after"), call.snowflake("around"))
    return [call.writer.message(found, place.id) for found in page.of(messages)]


def _message(call: Call) -> Json:
    channel_id = call.id("channel")
    found = call.store.message(channel_id, call.id("message", "Message"))
    return call.writer.message(found, channel_id, is_fresh=True)


def _old_pins(call: Call) -> list[Json]:
    channel_id = call.id("channel")
    return [call.writer.message(found, channel_id) for found in call.store.pinned(channel_id)[:50]]


def _pins(call: Call) -> Json:
    channel_id = call.id("channel")
    limit = call.limit(50, 50)
    before = call.query.get("before")
    pinned = [found for found in call.store.pinned(channel_id) if not before or iso(found.pinned_ms) < before]
    items = [
        {"pinned_at": iso(found.pinned_ms), "message": call.writer.message(found, channel_id)}
        for found in pinned[:limit]
    ]
    return {"items": items, "has_more": len(pinned) > limit}


def _names(reaction: Reaction) -> tuple[str, ...]:
    emoji = reaction.emoji
    return (emoji,) if isinstance(emoji, str) else (f"{emoji.name}:{emoji.id}", f"a:{emoji.name}:{emoji.id}")


def _reactors(call: Call) -> list[Json]:
    found = call.store.message(call.id("channel"), call.id("message", "Message"))
    wanted = call.path["emoji"]
    if call.query.get("type") == "1":
        return []
    for reaction in found.reactions:
        if wanted in _names(reaction):
            return _people(call, reaction.people, 25)
    if wanted.isascii() and ":" not in wanted:
        raise unknown("Emoji")
    return []


def _people(call: Call, identifiers: tuple[int, ...], default: int) -> list[Json]:
    limit, after = call.limit(default, 100), call.snowflake("after") or 0
    people: list[Person] = call.store.people([each for each in sorted(identifiers) if each > after])
    return [wire.user(person) for person in people[:limit]]


def _voters(call: Call) -> Json:
    found = call.store.message(call.id("channel"), call.id("message", "Message"))
    number = call.path["answer"]
    if found.poll is None or not number.isdecimal() or not 1 <= int(number) <= len(found.poll.voters):
        raise Refusal(404, 10102, "Unknown poll answer") if found.poll else unknown("Message")
    return {"users": _people(call, found.poll.voters[int(number) - 1], 25)}


def _active_threads(call: Call) -> Json:
    call.id("guild", "Guild")
    return {"threads": [wire.thread(found, call.store) for found in call.store.active_threads()], "members": []}


def _archived(call: Call, is_private: bool, needs_management: bool) -> Json:
    place = call.store.place(call.id("channel"))
    if not isinstance(place, Channel) or place.type == CATEGORY:
        raise Refusal(400, 50024, "Cannot execute action on this channel type")
    granted = call.store.permissions(place)
    if not granted & may.READ_MESSAGE_HISTORY:
        raise missing_access()
    if needs_management and not granted & may.MANAGE_THREADS:
        raise missing_access()
    limit, before = call.limit(50, 100), call.query.get("before")
    found = [
        thread
        for thread in call.store.threads_of(place.id)
        if thread.is_archived and (thread.type == PRIVATE_THREAD) is is_private
    ]
    if is_private and not needs_management:  # by id, and only those the bot has joined
        bot_id = call.store.community.bot.id
        ceiling = call.snowflake("before")
        found = [thread for thread in found if bot_id in thread.members and (ceiling is None or thread.id < ceiling)]
    else:
        found.sort(key=lambda thread: thread.archive_ms, reverse=True)
        found = [thread for thread in found if not before or iso(thread.archive_ms)[:23] < before[:23]]
    threads = [wire.thread(thread, call.store) for thread in found[:limit]]
    return {"threads": threads, "members": [], "has_more": len(found) > limit}


def _refresh(call: Call) -> Json:
    wish: Json = call.body or {}
    addresses: list[str] = wish.get("attachment_urls", [])
    if not 1 <= len(addresses) <= _REFRESH_LIMIT:
        raise invalid_form(
            "attachment_urls", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {_REFRESH_LIMIT} in length."
        )
    return {"refreshed_urls": [{"original": each, "refreshed": _refreshed(call, each)} for each in addresses]}


def _refreshed(call: Call, address: str) -> str | None:
    """Sign an address anew, whether or not anything is there."""
    parts = urlsplit(address).path.split("/")
    if len(parts) < 4 or parts[-4] != "attachments" or not (parts[-3] + parts[-2]).isdecimal():
        return None
    return call.writer.signed_address(int(parts[-3]), int(parts[-2]), unquote(parts[-1]))


_CHANNEL = "/channels/{channel}"
ROUTES = (
    Route("GET", _CHANNEL, "channel", _channel),
    Route("GET", _CHANNEL + "/messages", "messages", _messages),
    Route("GET", _CHANNEL + "/messages/pins", "pins", _pins),
    Route("GET", _CHANNEL + "/messages/{message}", "message", _message),
    Route("GET", _CHANNEL + "/pins", "pins", _old_pins),
    Route("GET", _CHANNEL + "/messages/{message}/reactions/{emoji}", "reactions", _reactors),
    Route("GET", _CHANNEL + "/polls/{message}/answers/{answer}", "voters", _voters),
    Route("GET", "/guilds/{guild}/threads/active", "guild", _active_threads),
    Route("GET", _CHANNEL + "/threads/archived/public", "threads", lambda call: _archived(call, False, False)),
    Route("GET", _CHANNEL + "/threads/archived/private", "threads", lambda call: _archived(call, True, True)),
    Route(
        "GET", _CHANNEL + "/users/@me/threads/archived/private", "threads", lambda call: _archived(call, True, False)
    ),
    Route("POST", "/attachments/refresh-urls", "refresh", _refresh),
)
