"""Custom emojis and stickers."""

from __future__ import annotations

import re

from . import payloads
from .calls import NO_CONTENT, Call, Reply, reply
from .entities import Emoji, Sticker
from .errors import ApiError, invalid_field, invalid_image, limit_reached, unknown_emoji, unknown_sticker
from .fields import Fields
from .images import Picture, picture_of

MAX_BULK = 50
MAX_EMOJI_BYTES = 524_288
STICKER_BASE64 = 699_051
_EMOJI_NAME = re.compile(r"[A-Za-z0-9_]+")
_EMOJI_FORMATS = "jpeg, png, apng, webp, gif, avif"
_STICKER_FORMATS = "png, gif, apng, webp, avif"


async def list_emojis(call: Call) -> Reply:
    """GET /guilds/:guild_id/emojis"""
    call.guild()
    users = call.community.users
    return reply([payloads.emoji(emoji, users[emoji.user_id]) for emoji in call.community.emojis.values()])


async def create_emoji(call: Call) -> Reply:
    """POST /guilds/:guild_id/emojis"""
    fields = await call.fields()
    name, image = _emoji_fields(fields, call)
    fields.check()
    call.guild()
    payload = await _add_emoji(call, name, image)
    _announce_emojis(call)
    return reply(payload)


async def create_emojis(call: Call) -> Reply:
    """POST /guilds/:guild_id/emojis/bulk"""
    fields = await call.fields()
    items = fields.objects("emojis", 1, MAX_BULK, is_required=True) or []
    wanted = [_emoji_fields(item, call) for item in items]
    fields.adopt(items)
    fields.check()
    call.guild()
    success: list[payloads.Json] = []
    failed: list[payloads.Json] = []
    for name, image in wanted:
        try:
            success.append(await _add_emoji(call, name, image))
        except ApiError as error:
            failed.append({"name": name, "error": _failure(call, error)})
    _announce_emojis(call)
    return reply({"success": success, "failed": failed})


async def rename_emoji(call: Call) -> Reply:
    """PATCH /guilds/:guild_id/emojis/:emoji_id"""
    fields = await call.fields()
    name = _emoji_name(fields)
    fields.check()
    emoji = _emoji(call)
    emoji.name = name
    call.community.save_emoji(emoji)
    _announce_emojis(call)
    return reply(payloads.emoji(emoji))


async def delete_emoji(call: Call) -> Reply:
    """DELETE /guilds/:guild_id/emojis/:emoji_id"""
    emoji = _emoji(call)
    call.community.remove_emoji(emoji)
    await call.context.files.remove("emojis", str(emoji.id))
    _announce_emojis(call)
    return NO_CONTENT


async def list_stickers(call: Call) -> Reply:
    """GET /guilds/:guild_id/stickers"""
    call.guild()
    users = call.community.users
    return reply([payloads.sticker(sticker, users[sticker.user_id]) for sticker in call.community.stickers.values()])


async def create_sticker(call: Call) -> Reply:
    """POST /guilds/:guild_id/stickers"""
    fields = await call.fields()
    wanted = _sticker_fields(fields)
    fields.check()
    call.guild()
    payload = await _add_sticker(call, *wanted)
    _announce_stickers(call)
    return reply(payload)


async def create_stickers(call: Call) -> Reply:
    """POST /guilds/:guild_id/stickers/bulk"""
    fields = await call.fields()
    items = fields.objects("stickers", 1, MAX_BULK, is_required=True) or []
    wanted = [_sticker_fields(item) for item in items]
    fields.adopt(items)
    fields.check()
    call.guild()
    success: list[payloads.Json] = []
    failed: list[payloads.Json] = []
    for item in wanted:
        try:
            success.append(await _add_sticker(call, *item))
        except ApiError as error:
            failed.append({"name": item[0], "error": _failure(call, error)})
    _announce_stickers(call)
    return reply({"success": success, "failed": failed})


async def edit_sticker(call: Call) -> Reply:
    """PATCH /guilds/:guild_id/stickers/:sticker_id"""
    fields = await call.fields()
    name, description, tags = _sticker_texts(fields)
    fields.check()
    sticker = _sticker(call)
    sticker.name, sticker.description, sticker.tags = name, description, tags
    call.community.save_sticker(sticker)
    _announce_stickers(call)
    return reply(payloads.sticker(sticker))


async def delete_sticker(call: Call) -> Reply:
    """DELETE /guilds/:guild_id/stickers/:sticker_id"""
    sticker = _sticker(call)
    call.community.remove_sticker(sticker)
    await call.context.files.remove("stickers", str(sticker.id))
    _announce_stickers(call)
    return NO_CONTENT


def _failure(call: Call, error: ApiError) -> str:
    """Why an item failed: a code, from newer servers a text."""
    return error.message if call.community.generation.is_emoji_pool_shared else error.code


def _emoji_name(fields: Fields) -> str:
    name = fields.text("name", 2, 32, is_required=True)
    if name is not None and not _EMOJI_NAME.fullmatch(name):
        fields.refuse("name")
    return name or ""


def _emoji_fields(fields: Fields, call: Call) -> tuple[str, bytes]:
    most = call.community.generation.max_emoji_base64
    return _emoji_name(fields), fields.image("image", most, is_required=True) or b""


def _sticker_texts(fields: Fields) -> tuple[str, str, list[str]]:
    name = fields.text("name", 2, 30, is_required=True) or ""
    return name, fields.text("description", 1, 500) or "", fields.strings("tags", 10, 30) or []


def _sticker_fields(fields: Fields) -> tuple[str, str, list[str], bytes]:
    texts = _sticker_texts(fields)
    return *texts, fields.image("image", STICKER_BASE64, is_required=True) or b""


def _picture(image: bytes, formats: str) -> Picture:
    picture = picture_of(image)
    if picture is None or picture.format not in formats.split(", "):
        raise invalid_image("image", formats)
    return picture


async def _add_emoji(call: Call, name: str, image: bytes) -> payloads.Json:
    picture = _picture(image, _EMOJI_FORMATS)
    generation = call.community.generation
    is_shared = generation.is_emoji_pool_shared
    if is_shared and len(image) > MAX_EMOJI_BYTES:
        raise invalid_field("image", "IMAGE_SIZE_EXCEEDS_LIMIT", f"Image size exceeds {MAX_EMOJI_BYTES} bytes.")
    kin = sum(is_shared or emoji.is_animated == picture.is_animated for emoji in call.community.emojis.values())
    if kin >= generation.limits.max_guild_emojis:
        if picture.is_animated and not is_shared:
            raise limit_reached("MAX_ANIMATED_EMOJIS", "animated emojis")
        raise limit_reached("MAX_EMOJIS", "emojis")
    emoji = Emoji(call.community.next_id(), name, picture.is_animated, call.caller.id)
    await call.context.files.save(image, "emojis", str(emoji.id))
    call.community.save_emoji(emoji)
    return payloads.emoji(emoji)


async def _add_sticker(call: Call, name: str, description: str, tags: list[str], image: bytes) -> payloads.Json:
    picture = _picture(image, _STICKER_FORMATS)
    if len(call.community.stickers) >= call.community.generation.limits.max_guild_stickers:
        raise limit_reached("MAX_STICKERS", "stickers")
    sticker = Sticker(call.community.next_id(), name, description, tags, picture.is_animated, call.caller.id)
    await call.context.files.save(image, "stickers", str(sticker.id))
    call.community.save_sticker(sticker)
    return payloads.sticker(sticker)


def _emoji(call: Call) -> Emoji:
    call.guild()
    emoji = call.community.emojis.get(call.snowflake("emoji_id"))
    if emoji is None:
        raise unknown_emoji()
    return emoji


def _sticker(call: Call) -> Sticker:
    call.guild()
    sticker = call.community.stickers.get(call.snowflake("sticker_id"))
    if sticker is None:
        raise unknown_sticker()
    return sticker


def _announce_emojis(call: Call) -> None:
    shown = [payloads.emoji(emoji) for emoji in call.community.emojis.values()]
    _announce(call, "GUILD_EMOJIS_UPDATE", {"emojis": shown})


def _announce_stickers(call: Call) -> None:
    shown = [payloads.sticker(sticker) for sticker in call.community.stickers.values()]
    _announce(call, "GUILD_STICKERS_UPDATE", {"stickers": shown})


def _announce(call: Call, event: str, shown: payloads.Json) -> None:
    call.context.gateway.dispatch(event, shown | {"guild_id": str(call.community.guild.id)})
