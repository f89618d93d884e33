"""Routes of the bot itself, the guild, its members, roles, emojis and stickers."""

from typing import Any

from reaper_tui.sandbox.discord_server import wire_guild as wire
from reaper_tui.sandbox.discord_server.call import Call, Route
from reaper_tui.sandbox.discord_server.errors import missing_access, unknown

Json = dict[str, Any]


def _me(call: Call) -> Json:
    return wire.user(call.store.community.bot) | {
        "verified": True,
        "mfa_enabled": True,
        "locale": "en-US",
        "email": None,
    }


def _my_guilds(call: Call) -> list[Json]:
    community = call.store.community
    after = call.snowflake("after")
    if after is not None and after >= community.id:
        return []
    whole = wire.guild(community, with_counts=call.flag("with_counts"))
    kept = ("id", "name", "icon", "banner", "features", "approximate_member_count", "approximate_presence_count")
    body = {name: whole[name] for name in kept if name in whole}
    return [body | {"owner": False, "permissions": str(call.store.base_permissions)}]


def _application(call: Call) -> Json:
    return wire.application(call.store)


def _gateway(call: Call) -> Json:
    return {"url": call.gateway}


def _gateway_bot(call: Call) -> Json:
    limit = {"total": 1000, "remaining": 999, "reset_after": 14_400_000, "max_concurrency": 1}
    return {"url": call.gateway, "shards": 1, "session_start_limit": limit}


def _user(call: Call) -> Json:
    person = call.store.community.people.get(call.id("user", "User"))
    if person is None or person.is_webhook:
        raise unknown("User")
    return wire.user(person)


def _guild(call: Call) -> Json:
    call.id("guild", "Guild")
    return wire.guild(call.store.community, with_counts=call.flag("with_counts"))


def _channels(call: Call) -> list[Json]:
    call.id("guild", "Guild")
    store = call.store
    return [wire.channel(found, store) for found in store.community.channels.values() if store.is_visible(found)]


def _roles(call: Call) -> list[Json]:
    call.id("guild", "Guild")
    return [wire.role(found) for found in call.store.community.roles]


def _role(call: Call) -> Json:
    call.id("guild", "Guild")
    wanted = call.id("role", "Role")
    found = next((role for role in call.store.community.roles if role.id == wanted), None)
    if found is None:
        raise unknown("Role")
    return wire.role(found)


def _emojis(call: Call) -> list[Json]:
    call.id("guild", "Guild")
    return [wire.emoji(found) for found in call.store.community.emojis]


def _emoji(call: Call) -> Json:
    call.id("guild", "Guild")
    wanted = call.id("emoji", "Emoji")
    found = next((emoji for emoji in call.store.community.emojis if emoji.id == wanted), None)
    if found is None:
        raise unknown("Emoji")
    return wire.emoji(found)


def _stickers(call: Call) -> list[Json]:
    call.id("guild", "Guild")
    community = call.store.community
    return [wire.sticker(found, community.id) for found in community.stickers]


def _sticker(call: Call) -> Json:
    wanted = call.id("sticker", "Sticker")
    community = call.store.community
    found = next((sticker for sticker in community.stickers if sticker.id == wanted), None)
    if found is None:
        raise unknown("Sticker")
    return wire.sticker(found, community.id)


def _members(call: Call) -> list[Json]:
    call.id("guild", "Guild")
    raise missing_access()  # the privileged members intent is off


def _member(call: Call) -> Json:
    call.id("guild", "Guild")
    community = call.store.community
    wanted = community.bot.id if call.path["user"] == "@me" else call.id("user", "User")
    person = community.people.get(wanted)
    if person is None or person.is_webhook:
        raise unknown("User")
    if person.has_left:
        raise unknown("Member")
    return wire.member(person) | {"user": wire.user(person)}


ROUTES = (
    Route("GET", "/users/@me", "account", _me),
    Route("GET", "/users/@me/guilds", "account", _my_guilds),
    Route("GET", "/users/{user}", "user", _user),
    Route("GET", "/oauth2/applications/@me", "account", _application),
    Route("GET", "/applications/@me", "account", _application),
    Route("GET", "/gateway", "account", _gateway),
    Route("GET", "/gateway/bot", "account", _gateway_bot),
    Route("GET", "/guilds/{guild}", "guild", _guild),
    Route("GET", "/guilds/{guild}/channels", "guild", _channels),
    Route("GET", "/guilds/{guild}/roles", "guild", _roles),
    Route("GET", "/guilds/{guild}/roles/{role}", "guild", _role),
    Route("GET", "/guilds/{guild}/emojis", "guild", _emojis),
    Route("GET", "/guilds/{guild}/emojis/{emoji}", "guild", _emoji),
    Route("GET", "/guilds/{guild}/stickers", "guild", _stickers),
    Route("GET", "/guilds/{guild}/stickers/{sticker}", "guild", _sticker),
    Route("GET", "/stickers/{sticker}", "guild", _sticker),
    Route("GET", "/guilds/{guild}/members", "member", _members),
    Route("GET", "/guilds/{guild}/members/{user}", "member", _member),
)
