"""The roles, people, emojis, stickers and channels of `structure.toml`."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

from reaper_tui.sandbox.community import permissions as may
from reaper_tui.sandbox.community.nouns import Channel, Emoji, ForumTag, Overwrite, Person, Role, Sticker
from reaper_tui.sandbox.community.people import digest
from reaper_tui.sandbox.community.snowflake import snowflake

Json = dict[str, Any]
OPENED_MS = 1_764_547_200_000
"""1 December 2025."""
TYPES = {"text": 0, "voice": 2, "category": 4, "announcement": 5, "stage": 13, "forum": 15, "media": 16}
_MINUTE_MS = 60_000


class Cast(msgspec.Struct):
    """Everybody and everything by the key that the scripts use."""

    guild_id: int
    roles: dict[str, Role]
    people: dict[str, Person]
    bot: Person
    emojis: dict[str, Emoji]
    stickers: dict[str, Sticker]
    channels: dict[str, Channel]
    gone_assets: tuple[str, ...]
    """Pictures that nobody can fetch any more."""


@cache
def script(name: str) -> Json:
    """Return the tables of one of the two files."""
    text = files("reaper_tui.sandbox.community.everything").joinpath(f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def gather(seed: int) -> Cast:
    """Return everything there is before anybody says a word."""
    found = script("structure")
    guild_id = snowflake(OPENED_MS, seed % 4096)
    bot_id = snowflake(OPENED_MS + _MINUTE_MS, 930)
    roles = {wish["key"]: _role(wish, guild_id, bot_id, place) for place, wish in enumerate(found["role"])}
    people = {wish["key"]: _person(wish, seed, roles, place) for place, wish in enumerate(found["person"])}
    emojis = {
        wish["name"]: Emoji(
            snowflake(OPENED_MS + place, 5000), wish["name"], wish.get("animated", False), wish.get("size", 0)
        )
        for place, wish in enumerate(found["emoji"])
    }
    stickers = {
        wish["name"]: Sticker(
            snowflake(OPENED_MS + place, 5100), wish["name"], wish["description"], wish["tags"], wish["format"]
        )
        for place, wish in enumerate(found["sticker"])
    }
    bot = Person(
        id=bot_id,
        username="reaper",
        display_name=None,
        avatar=digest(seed, "avatar", "reaper"),
        roles=(roles["reader"].id,),
        joined_ms=OPENED_MS + _MINUTE_MS,
        is_bot=True,
    )
    cast = Cast(guild_id, roles, people, bot, emojis, stickers, {}, ())
    for place, wish in enumerate(found["channel"]):
        cast.channels[wish["key"]] = _channel(wish, cast, place)
    dead = [wish["key"] for wish in found["person"] if wish.get("avatar") == "dead"]
    cast.gone_assets = tuple(str(people[key].avatar) for key in dead)
    return cast


def _role(wish: Json, guild_id: int, bot_id: int, place: int) -> Role:
    bits = sum(1 << bit for bit in wish.get("bits", ()))
    return Role(
        id=guild_id if place == 0 else snowflake(OPENED_MS + place * 1000, 10),
        name=wish["name"],
        position=place,
        color=wish.get("color", 0),
        permissions=_bits(wish["permissions"]) | bits,
        is_hoisted=wish.get("hoist", False),
        is_mentionable=wish.get("mentionable", False),
        is_managed_by=bot_id if "bot" in wish else None,
    )


def _person(wish: Json, seed: int, roles: dict[str, Role], place: int) -> Person:
    kind = wish.get("avatar", "")
    avatar = ("a_" if kind == "animated" else "") + digest(seed, "avatar", wish["username"])
    return Person(
        id=snowflake(OPENED_MS - (100 - place) * 86_400_000, place),
        username=wish["username"],
        display_name=wish.get("display_name"),
        nick=wish.get("nick"),
        avatar=None if kind == "none" else avatar,
        roles=tuple(roles[key].id for key in wish.get("roles", ())),
        joined_ms=OPENED_MS + place * _MINUTE_MS,
        is_bot=wish.get("bot", False) or wish.get("webhook", False),
        is_webhook=wish.get("webhook", False),
        has_left=wish.get("left", False),
    )


def _channel(wish: Json, cast: Cast, place: int) -> Channel:
    parent = cast.channels.get(wish.get("parent", ""))
    overwrites = parent.overwrites if parent is not None else ()
    if "overwrites" in wish:
        overwrites = tuple(_overwrite(each, cast) for each in wish["overwrites"])
    return Channel(
        id=snowflake(OPENED_MS + (place + 1) * _MINUTE_MS, 200),
        type=TYPES[wish["type"]],
        name=wish["name"],
        position=place,
        parent_id=None if parent is None else parent.id,
        topic=wish.get("topic"),
        is_nsfw=wish.get("nsfw", False),
        slowmode=wish.get("slowmode", 0),
        bitrate=wish.get("bitrate", 64_000),
        user_limit=wish.get("user_limit", 0),
        overwrites=overwrites,
        tags=tuple(_tag(each, cast, place, number) for number, each in enumerate(wish.get("tags", ()))),
        theme=wish["key"],
    )


def _overwrite(wish: Json, cast: Cast) -> Overwrite:
    allow, deny = _bits(wish.get("allow", ())), _bits(wish.get("deny", ()))
    if "person" in wish:
        return Overwrite(cast.people[wish["person"]].id, 1, allow, deny)
    return Overwrite(cast.roles[wish["role"]].id, 0, allow, deny)


def _tag(wish: Json, cast: Cast, place: int, number: int) -> ForumTag:
    own = cast.emojis.get(wish.get("own_emoji", ""))
    return ForumTag(
        id=snowflake(OPENED_MS + place * 1000 + number, 4000),
        name=wish["name"],
        emoji_name=wish.get("emoji"),
        is_moderated=wish.get("moderated", False),
        emoji_id=None if own is None else own.id,
    )


def _bits(names: list[str] | tuple[str, ...]) -> int:
    bits = 0
    for name in names:
        bits |= getattr(may, name)
    return bits
