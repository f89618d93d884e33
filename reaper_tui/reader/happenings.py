"""Gateway events of one guild to the model's; what is not about its messages and channels is left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reaper_tui.model.ids import optional_snowflake
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.reader.wire import encoded, record, records

_OF_A_MESSAGE = {
    "MESSAGE_CREATE": LiveKind.MESSAGE,
    "MESSAGE_UPDATE": LiveKind.EDIT,
    "MESSAGE_DELETE": LiveKind.DELETE,
    "MESSAGE_REACTION_ADD": LiveKind.REACTION,
    "MESSAGE_REACTION_REMOVE": LiveKind.REACTION,
    "MESSAGE_REACTION_REMOVE_ALL": LiveKind.REACTION,
    "MESSAGE_REACTION_REMOVE_EMOJI": LiveKind.REACTION,
}
_OF_A_PLACE = {
    "CHANNEL_CREATE": LiveKind.PLACE,
    "CHANNEL_UPDATE": LiveKind.PLACE,
    "THREAD_CREATE": LiveKind.PLACE,
    "THREAD_UPDATE": LiveKind.PLACE,
    "CHANNEL_DELETE": LiveKind.PLACE_GONE,
    "THREAD_DELETE": LiveKind.PLACE_GONE,
}
_OF_THE_GUILD = frozenset(
    {
        "GUILD_ROLE_CREATE",
        "GUILD_ROLE_UPDATE",
        "GUILD_ROLE_DELETE",
        "GUILD_EMOJIS_UPDATE",
        "GUILD_STICKERS_UPDATE",
        "GUILD_UPDATE",
    }
)


def happenings(name: str, body: Mapping[str, Any], guild_id: int, at: float) -> list[LiveEvent]:
    """Return what an event says about a guild; nothing for other guilds and for what cannot be read."""
    if name == "GUILD_CREATE":
        is_whole = optional_snowflake(body.get("id")) == guild_id and body.get("unavailable") is not True
        return [LiveEvent(LiveKind.STRUCTURE, at, payload=encoded(body), name=name)] if is_whole else []
    if "guild_id" in body and optional_snowflake(body["guild_id"]) not in (guild_id, None):
        return []
    if kind := _OF_A_MESSAGE.get(name):
        channel_id = optional_snowflake(body.get("channel_id"))
        is_message = kind in (LiveKind.MESSAGE, LiveKind.EDIT, LiveKind.DELETE)
        message_id = optional_snowflake(body.get("id" if is_message else "message_id"))
        if not channel_id or not message_id:
            return []
        return [LiveEvent(kind, at, channel_id, (message_id,), encoded(body), name)]
    if name == "MESSAGE_DELETE_BULK":
        channel_id = optional_snowflake(body.get("channel_id"))
        listed: list[Any] = body["ids"] if isinstance(body.get("ids"), list) else []
        gone = tuple(sorted(found for found in map(optional_snowflake, listed) if found))
        return [LiveEvent(LiveKind.DELETE, at, channel_id, gone, encoded(body), name)] if channel_id and gone else []
    if name == "CHANNEL_PINS_UPDATE":
        channel_id = optional_snowflake(body.get("channel_id"))
        return [LiveEvent(LiveKind.PINS, at, channel_id, name=name)] if channel_id else []
    if kind := _OF_A_PLACE.get(name):
        return _place(kind, body, at, name)
    if name == "THREAD_LIST_SYNC":
        return [event for thread in records(body.get("threads")) for event in _place(LiveKind.PLACE, thread, at, name)]
    if name in _OF_THE_GUILD:
        if name == "GUILD_UPDATE" and optional_snowflake(body.get("id")) != guild_id:
            return []
        return [LiveEvent(LiveKind.GUILD, at, payload=encoded(record(body)), name=name)]
    return []


def _place(kind: LiveKind, body: Mapping[str, Any], at: float, name: str) -> list[LiveEvent]:
    channel_id = optional_snowflake(body.get("id"))
    return [LiveEvent(kind, at, channel_id, payload=encoded(body), name=name)] if channel_id else []
