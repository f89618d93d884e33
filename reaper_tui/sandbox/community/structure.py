"""Categories and channels: which ones a guild of a given size has, and who may see them."""

import msgspec

from reaper_tui.sandbox.community import permissions as may
from reaper_tui.sandbox.community.nouns import Channel, ForumTag, Overwrite, Role
from reaper_tui.sandbox.community.snowflake import snowflake

TEXT, VOICE, CATEGORY, ANNOUNCEMENT, STAGE, FORUM, MEDIA = 0, 2, 4, 5, 13, 15, 16

_CATEGORIES = ("Harbour", "The Lamp Room", "Workshop", "World Café", "Voices", "Crow's Nest", "Far Shores")


class Blueprint(msgspec.Struct, frozen=True):
    """A channel as it is meant to be."""

    name: str
    category: str
    theme: str
    share: float = 2.0
    """How much of the talk happens here."""
    type: int = TEXT
    topic: str | None = None
    slowmode: int = 0
    is_nsfw: bool = False
    visibility: str = "open"
    user_limit: int = 0
    bitrate: int = 64000


_FORUM_TAGS = (("Gameplay", "🎮"), ("Art", "🎨"), ("Sound", "🔔"), ("Done", "✅"), ("Someday", "🌙"))

# In the order in which a growing community opens them.
_BLUEPRINTS = (
    Blueprint("general", "The Lamp Room", "general", 12, topic="Everything under the lamp. Be kind, wipe your boots."),
    Blueprint(
        "help", "Harbour", "help", 5, topic="Stuck on a rock? Ask here. Say your **version** and platform.", slowmode=5
    ),
    Blueprint("showcase", "Workshop", "showcase", 3.5, topic="Things you made. Pictures first, excuses later."),
    Blueprint("Lounge", "Voices", "lounge", 1.5, VOICE, bitrate=96000),
    Blueprint("ideas", "Workshop", "ideas", 4.5, FORUM, topic="One idea a post. Tag it, and search before you write."),
    Blueprint(
        "announcements", "Harbour", "announcements", 0.5, ANNOUNCEMENT, topic="Patch notes and news", visibility="read"
    ),
    Blueprint("off-topic", "The Lamp Room", "offtopic", 8, topic="Tea, gulls, trains, soup."),
    Blueprint("general", "Workshop", "workshop", 3.5, topic="The makers' general. Not the other general."),
    Blueprint("staff-room", "Crow's Nest", "staff", 1.5, topic="Quiet corner of the Harbour Watch", visibility="staff"),
    Blueprint(
        "world-café", "World Café", "world", 3.5, topic="¿Qué tal? · Wie geht's? · 元気？ · كيف الحال؟ · क्या हाल है?"
    ),
    Blueprint("pixel-art", "Workshop", "pixelart", 3, topic="32×32 is plenty 🎨"),
    Blueprint("Town Hall", "Voices", "stage", 0.5, STAGE, topic="First Sunday of the month, 19:00 UTC"),
    Blueprint("deutsch", "World Café", "deutsch", 4, topic="Hier darf man Fahrkartenautomat sagen."),
    Blueprint("日本語", "World Café", "japanese", 3, topic="日本語でどうぞ 🏮"),
    Blueprint("tinkering", "Workshop", "code", 4, topic="Mods, shaders, scripts. Use ``` fences, please."),
    Blueprint("music", "The Lamp Room", "music", 3, topic="What is playing in your lamp room?"),
    Blueprint("welcome", "Harbour", "welcome", 1.5, topic="Say ahoy!"),
    Blueprint("rules", "Harbour", "rules", 0.3, visibility="read"),
    Blueprint("pets", "The Lamp Room", "pets", 3, topic="Cat tax is payable on arrival."),
    Blueprint("build-feed", "Workshop", "builds", 2, topic="What the machines say", visibility="read"),
    Blueprint("العربية", "World Café", "arabic", 2.5, topic="أهلاً وسهلاً"),
    Blueprint("हिन्दी", "World Café", "hindi", 2.5, topic="चाय और बातें ☕"),
    Blueprint("kitchen", "The Lamp Room", "food", 3, topic="Soup is a food group."),
    Blueprint("lounge", "The Lamp Room", "lounge", 1, topic="For those without a microphone"),
    Blueprint("Workbench", "Voices", "lounge", 1, VOICE, user_limit=8),
    Blueprint("keepers-log", "Crow's Nest", "staff", 1, topic="Decisions, dated", visibility="staff"),
    Blueprint("spoilers", "The Lamp Room", "spoilers", 2, topic="Ending talk. Use ||bars|| anyway.", is_nsfw=True),
    Blueprint("gallery", "Workshop", "showcase", 2, MEDIA, topic="Screenshots of the month"),
    Blueprint("general", "World Café", "general", 3, topic="The third general. We are sorry."),
)
_HIDDEN = Blueprint("quartermaster", "Crow's Nest", "staff", 0, visibility="hidden")
_FAR_SHORES = ("crew", "cove", "reef", "pier", "islet", "beacon", "shoal", "cape", "buoy", "skerry")
_FAR_THEMES = ("general", "offtopic", "help", "workshop", "pets", "food", "music", "pixelart", "code", "world")


def draw_channels(
    count: int, roles: dict[str, Role], guild_id: int, bot_id: int, opened_ms: int
) -> tuple[dict[int, Channel], dict[int, float]]:
    """Return the channels by id in order of display, and each one's share of the talk.

    `count` channels are visible to the bot; from eight on there is one more that is not.
    """
    blueprints = list(_BLUEPRINTS[:count])
    for index in range(count - len(blueprints)):
        name = _FAR_SHORES[index % len(_FAR_SHORES)]
        number = index // len(_FAR_SHORES) + 1
        blueprints.append(
            Blueprint(f"{name}-{number}", f"Far Shores {index // 45 + 1}", _FAR_THEMES[index % len(_FAR_THEMES)], 1.5)
        )
    if count >= 8:
        blueprints.append(_HIDDEN)
    channels: dict[int, Channel] = {}
    shares: dict[int, float] = {}
    position = 0
    names = sorted({plan.category for plan in blueprints}, key=_category_rank)
    for order, category_name in enumerate(names):
        category = Channel(
            id=snowflake(opened_ms + order * 1000, 100),
            type=CATEGORY,
            name=category_name,
            position=order,
            overwrites=_overwrites("staff" if category_name == "Crow's Nest" else "open", roles, guild_id, bot_id),
        )
        channels[category.id] = category
        for plan in blueprints:
            if plan.category != category_name:
                continue
            place = blueprints.index(plan) if plan is not _HIDDEN else 5000
            opens_ms = opened_ms + (place + 1) * (10_000 if place < 6 else 3_600_000)
            channel = Channel(
                id=snowflake(opens_ms, 200 + place),
                type=plan.type,
                name=plan.name,
                position=position,
                parent_id=category.id,
                topic=plan.topic,
                is_nsfw=plan.is_nsfw,
                slowmode=plan.slowmode,
                bitrate=plan.bitrate,
                user_limit=plan.user_limit,
                overwrites=_overwrites(plan.visibility, roles, guild_id, bot_id),
                tags=_tags(opens_ms) if plan.type in (FORUM, MEDIA) else (),
                theme=plan.theme,
            )
            channels[channel.id] = channel
            if plan is not _HIDDEN:
                shares[channel.id] = plan.share
            position += 1
    return channels, shares


def _category_rank(name: str) -> tuple[int, str]:
    known = _CATEGORIES.index(name) if name in _CATEGORIES else len(_CATEGORIES)
    return known, f"{name.rpartition(' ')[2]:>4}"


def _overwrites(visibility: str, roles: dict[str, Role], guild_id: int, bot_id: int) -> tuple[Overwrite, ...]:
    reader = roles["reader"].id
    if visibility == "read":
        return (
            Overwrite(guild_id, 0, deny=may.SEND_MESSAGES | may.ADD_REACTIONS),
            Overwrite(roles["mod"].id, 0, allow=may.SEND_MESSAGES | may.MANAGE_MESSAGES),
        )
    if visibility in ("staff", "hidden"):
        watch = Overwrite(roles["mod"].id, 0, allow=may.VIEW_CHANNEL | may.CONNECT)
        door = Overwrite(guild_id, 0, deny=may.VIEW_CHANNEL)
        return (door, watch, Overwrite(reader, 0, allow=may.READER)) if visibility == "staff" else (door, watch)
    return ()


def _tags(opens_ms: int) -> tuple[ForumTag, ...]:
    return tuple(
        ForumTag(snowflake(opens_ms + index, 4000 + index), name, glyph, is_moderated=name == "Done")
        for index, (name, glyph) in enumerate(_FORUM_TAGS)
    )
