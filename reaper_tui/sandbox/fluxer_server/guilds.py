"""The guild's settings."""

from __future__ import annotations

from . import payloads
from .avatars import EXTENSIONS, image_hash
from .calls import Call, Reply, reply
from .channels import renormalise_names
from .entities import AGE_RESTRICTED_GUILD, FLEXIBLE_NAMES, TEXT, VOICE, Guild
from .errors import ApiError, invalid_field, invalid_image
from .images import picture_of

_NUMBERS = (
    "verification_level",
    "default_message_notifications",
    "explicit_content_filter",
    "nsfw_level",
    "mfa_level",
    "system_channel_flags",
    "splash_card_alignment",
)
_PICTURES = {"icon": "icons", "banner": "banners", "splash": "splashes", "embed_splash": "embed-splashes"}


async def list_mine(call: Call) -> Reply:
    """GET /users/@me/guilds"""
    generation = call.community.generation
    payload = payloads.guild(call.community.guild, generation)
    if not generation.has_full_guild:
        return reply([payload | {"permissions": payloads.ALL_BITS}])
    if generation.has_threads:
        payload["threads_active"] = True
    return reply([payload | {"permissions": str(generation.permissions)}])


async def get(call: Call) -> Reply:
    """GET /guilds/:guild_id"""
    call.guild()
    community = call.community
    if community.generation.has_full_guild:
        return reply(payloads.whole_guild(community))
    return reply(payloads.guild(community.guild, community.generation))


async def edit(call: Call) -> Reply:
    """PATCH /guilds/:guild_id"""
    fields = await call.fields()
    name = fields.text("name", 1, 100, is_required=True) if fields.has("name") else None
    numbers = {key: fields.integer(key, 0, 2**31 - 1) for key in _NUMBERS}
    afk_timeout = fields.integer("afk_timeout", 60, 3600)
    system_channel_id, afk_channel_id = fields.snowflake("system_channel_id"), fields.snowflake("afk_channel_id")
    features = fields.strings("features", 100, 100)
    images = {key: fields.image(key) for key in _PICTURES}
    is_nsfw, warning_level = fields.boolean("nsfw"), fields.integer("content_warning_level", 0, 2)
    warning_text, cutoff = fields.text("content_warning_text", 1, 200), fields.text("message_history_cutoff", 1, 40)
    fields.check()
    call.guild()
    guild = call.community.guild
    wanted = None if features is None else _toggled(call, features)
    _check_channel(call, "system_channel_id", system_channel_id, TEXT, "System channel", "SYSTEM_CHANNEL", "text")
    _check_channel(call, "afk_channel_id", afk_channel_id, VOICE, "AFK channel", "AFK_CHANNEL", "voice")
    for key, folder in _PICTURES.items():
        if fields.has(key):
            await _set_picture(call, guild, key, folder, images[key])
    guild.name = name or guild.name
    for key, value in (numbers | {"afk_timeout": afk_timeout}).items():
        if value is not None:
            setattr(guild, key, value)
    if fields.has("system_channel_id"):
        guild.system_channel_id = system_channel_id
    if fields.has("afk_channel_id"):
        guild.afk_channel_id = afk_channel_id
    if call.community.generation.has_full_guild:
        guild.verification_level = min(guild.verification_level, 3)
        if is_nsfw is not None:
            guild.nsfw_level = AGE_RESTRICTED_GUILD if is_nsfw else 0
        guild.content_warning_level = guild.content_warning_level if warning_level is None else warning_level
        if fields.has("content_warning_text"):
            guild.content_warning_text = warning_text
        if fields.has("message_history_cutoff"):
            guild.message_history_cutoff = cutoff
    if wanted is not None:
        _set_features(call, wanted)
    return _saved(call)


def _toggled(call: Call, features: list[str]) -> list[str]:
    """Those that can be switched; newer servers refuse to add any other."""
    generation, guild = call.community.generation, call.community.guild
    for feature in features:
        is_known = feature in generation.toggled_features or feature in guild.features
        if generation.has_full_guild and not is_known:
            message = f"Guild feature {feature} can't be toggled."
            raise invalid_field("features", "GUILD_FEATURE_NOT_TOGGLEABLE", message)
    return [feature for feature in features if feature in generation.toggled_features]


async def set_flexible_names(call: Call) -> Reply:
    """PATCH /guilds/:guild_id/text-channel-flexible-names"""
    fields = await call.fields()
    is_enabled = fields.boolean("enabled")
    if is_enabled is None:
        fields.refuse("enabled")
    fields.check()
    call.guild()
    kept = [feature for feature in call.community.guild.toggled_features if feature != FLEXIBLE_NAMES]
    _set_features(call, [*kept, FLEXIBLE_NAMES] if is_enabled else kept)
    return _saved(call)


async def audit_log(call: Call) -> Reply:
    """GET /guilds/:guild_id/audit-logs, closed to bots"""
    raise ApiError(403, "ACCESS_DENIED", "You don't have access to this resource or feature.")


def _check_channel(call: Call, path: str, channel_id: int | None, type: int, noun: str, code: str, kind: str) -> None:
    if channel_id is None:
        return
    channel = call.community.channels.get(channel_id)
    if channel is None:
        raise invalid_field(path, f"{code}_MUST_BE_IN_GUILD", f"{noun} must be in this guild.")
    if channel.type != type:
        raise invalid_field(path, f"{code}_MUST_BE_{kind.upper()}", f"{noun} must be a {kind} channel.")


async def _set_picture(call: Call, guild: Guild, key: str, folder: str, image: bytes | None) -> None:
    hash, size = None, None
    if image is not None:
        picture = picture_of(image)
        if picture is None:
            raise invalid_image(key, EXTENSIONS)
        hash = image_hash(image, is_animated=picture.is_animated)
        size = (picture.width, picture.height)
        await call.context.files.save(image, folder, str(guild.id), hash.removeprefix("a_"))
    setattr(guild, key, hash)
    if key != "icon":
        setattr(guild, f"{key}_size", size)


def _set_features(call: Call, features: list[str]) -> None:
    guild = call.community.guild
    was_flexible = FLEXIBLE_NAMES in guild.toggled_features
    guild.toggled_features = features
    if was_flexible and FLEXIBLE_NAMES not in features:
        renormalise_names(call)


def _saved(call: Call) -> Reply:
    call.community.save_guild()
    payload = payloads.guild(call.community.guild, call.community.generation)
    call.context.gateway.dispatch("GUILD_UPDATE", payload)
    return reply(payload)
