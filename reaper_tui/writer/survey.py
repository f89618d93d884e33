"""The target community as it stands, and what the bot lacks there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from reaper_tui.model.community import Community, Role, Webhook
from reaper_tui.model.errors import AccessDenied, CloneError, NotFound, OutcomeUnknown
from reaper_tui.model.ids import parse_snowflake
from reaper_tui.writer import webhooks, wire
from reaper_tui.writer.capabilities import Answers, limits_from
from reaper_tui.writer.client import Call, FluxerClient
from reaper_tui.writer.discovery import Instance

ADMINISTRATOR = 1 << 3
NEEDED = {
    4: "Manage Channels",
    5: "Manage Community",
    10: "View Channels",
    11: "Send Messages",
    14: "Embed Links",
    15: "Attach Files",
    16: "Read Message History",
    28: "Manage Roles",
    29: "Manage Webhooks",
    43: "Create Expressions",
}


class BotIdentity(NamedTuple):
    """Who a token belongs to and the communities it may work in, as (id, name)."""

    name: str
    bot_id: int
    places: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]


async def identity(client: FluxerClient, instance: Instance) -> BotIdentity:
    """Return who the token belongs to and where it may work."""
    me = wire.mapping(await client.perform(Call("GET", "/users/@me", doing="checking the token")))
    bot_id = _own_id(me)
    guilds = wire.objects(await client.perform(Call("GET", "/users/@me/guilds", doing="listing the communities")))
    warnings: list[str] = []
    if me.get("bot") is not True:
        warnings.append("The token belongs to a person — make a bot under User Settings, Applications")
    if not guilds:
        invite = f"{instance.link_base}/oauth2/authorize?client_id={bot_id}&scope=bot&permissions=8"
        warnings.append(f"The bot is in no community — invite it: {invite}")
    places = tuple((wire.text(row.get("id")), wire.text(row.get("name"))) for row in guilds)
    return BotIdentity(wire.text(me.get("username")), bot_id, places, tuple(warnings))


async def community(client: FluxerClient, instance: Instance, guild_id: int) -> Community:
    """Return a community's structure, webhooks, limits and features."""
    me = wire.mapping(await client.perform(Call("GET", "/users/@me", doing="checking the token")))
    bot_id = _own_id(me)
    guild = wire.mapping(await _read(client, "/guilds/{guild_id}", guild_id, "reading the community"))
    channels = await _read(client, "/guilds/{guild_id}/channels", guild_id, "reading the channels")
    roles = await _read(client, "/guilds/{guild_id}/roles", guild_id, "reading the roles", "Manage Roles")
    emojis = await _read(client, "/guilds/{guild_id}/emojis", guild_id, "reading the emojis")
    stickers = await _read(client, "/guilds/{guild_id}/stickers", guild_id, "reading the stickers")
    found_roles = tuple(wire.role_of(row) for row in wire.objects(roles))
    known_webhooks, notes = await _webhooks(client, guild_id)
    own_roles = await _own_roles(client, guild, guild_id, bot_id, found_roles)
    notes += _lacks(own_roles)
    features = frozenset(str(name) for name in guild.get("features") or ())
    answers = Answers().seen(client.telling_headers)
    return Community(
        id=guild_id,
        name=wire.text(guild.get("name")),
        bot_id=bot_id,
        roles=found_roles,
        channels=tuple(wire.channel_of(row) for row in wire.objects(channels)),
        emojis=tuple(wire.emoji_of(row, instance.media) for row in wire.objects(emojis)),
        stickers=tuple(wire.sticker_of(row, instance.media) for row in wire.objects(stickers)),
        webhooks=known_webhooks,
        limits=limits_from(
            instance.rules,
            features,
            is_current=answers.is_current,
            is_self_hosted=instance.is_self_hosted,
        ),
        features=features,
        link_base=instance.link_base,
        content_filter=wire.number(guild.get("explicit_content_filter")),
        has_icon=guild.get("icon") is not None,
        notes=tuple(notes),
        bot_role_position=max((role.position for role in own_roles), default=None),
        answer_seconds=client.answer_seconds,
    )


async def _read(client: FluxerClient, path: str, guild_id: int, doing: str, permission: str = "") -> Any:
    return await client.perform(Call("GET", path, {"guild_id": guild_id}, doing=doing, permission=permission))


async def _webhooks(client: FluxerClient, guild_id: int) -> tuple[tuple[Webhook, ...], list[str]]:
    try:
        return tuple(await webhooks.guild_webhooks(client, guild_id)), []
    except AccessDenied as denial:
        if denial.ends_run:
            raise
        return (), [denial.line()]


async def _own_roles(
    client: FluxerClient, guild: Mapping[str, Any], guild_id: int, bot_id: int, roles: tuple[Role, ...]
) -> tuple[Role, ...]:
    """Return the bot's roles with @everyone, none when it owns the community or they cannot be read."""
    if wire.text(guild.get("owner_id")) == str(bot_id):
        return ()
    try:
        member = await client.perform(
            Call(
                "GET",
                "/guilds/{guild_id}/members/{user_id}",
                {"guild_id": guild_id, "user_id": bot_id},
                doing="reading the bot's roles",
            )
        )
    except NotFound:
        return ()
    except CloneError as error:
        if isinstance(error, AccessDenied) and error.ends_run:
            raise
        return ()
    own = {str(role_id) for role_id in wire.mapping(member).get("roles") or ()} | {str(guild_id)}
    return tuple(role for role in roles if str(role.id) in own)


def _lacks(own: tuple[Role, ...]) -> list[str]:
    held = 0
    for role in own:
        held |= role.permissions
    if not own or held & ADMINISTRATOR:
        return []
    missing = [name for bit, name in NEEDED.items() if not held >> bit & 1]
    return (
        [f"The bot lacks {', '.join(missing)} — give its role these permissions, or Administrator"] if missing else []
    )


def _own_id(me: Mapping[str, Any]) -> int:
    found: int | None = None
    with suppress(ValueError):
        found = parse_snowflake(me.get("id"))
    if found is None:
        raise OutcomeUnknown("Fluxer does not say who the token belongs to")
    return found
