"""Makes a community out of a seed: same arguments, same bytes, in any process."""

import random

from reaper_tui.sandbox.community.budget import share_out
from reaper_tui.sandbox.community.deck import Deck
from reaper_tui.sandbox.community.keepsakes import forge_emojis, print_stickers
from reaper_tui.sandbox.community.loom import Loom
from reaper_tui.sandbox.community.nouns import Channel, Community, Message, Person, Role
from reaper_tui.sandbox.community.people import digest, gather_people, gather_roles
from reaper_tui.sandbox.community.snowflake import snowflake
from reaper_tui.sandbox.community.structure import ANNOUNCEMENT, CATEGORY, FORUM, MEDIA, draw_channels
from reaper_tui.sandbox.community.threads import open_posts, open_threads, thread_budget
from reaper_tui.sandbox.community.world import World

OPENED_MS = 1_748_851_200_000
"""2 June 2025, 08:00 UTC."""
CLOSES_MS = 1_769_882_400_000
"""31 January 2026, 18:00 UTC: history is fixed, so that a seed means the same bytes for ever."""

JOIN, BOOST, BOOST_TIER, FOLLOW_ADD = 7, 8, 9, 12
_CHATTY = frozenset(
    {
        "general",
        "offtopic",
        "lounge",
        "workshop",
        "showcase",
        "help",
        "pixelart",
        "staff",
        "music",
        "pets",
        "food",
        "world",
    }
)


def generate_community(seed: int, channels: int, messages: int) -> Community:
    """Return a community with `channels` channels visible to the bot and `messages` messages readable by it."""
    if channels < 1 or messages < 0:
        raise ValueError("a community needs at least one channel and no negative number of messages")
    guild_id = snowflake(OPENED_MS, seed % 4096)
    roles = gather_roles(seed, guild_id, OPENED_MS)
    people = gather_people(seed, roles, OPENED_MS, CLOSES_MS)
    bot = Person(
        id=snowflake(OPENED_MS + 90 * 86_400_000, 930),
        username="reaper",
        display_name=None,
        avatar=digest(seed, "avatar", "reaper"),
        roles=(roles["reader"].id,),
        joined_ms=CLOSES_MS - 3_600_000,
        is_bot=True,
    )
    found, shares = draw_channels(channels, roles, guild_id, bot.id, OPENED_MS)
    emojis, stickers = forge_emojis(OPENED_MS), print_stickers(OPENED_MS)
    world = World(seed, guild_id, people, roles, emojis, stickers, found, CLOSES_MS)
    community = Community(
        seed=seed,
        id=guild_id,
        name="The Tin Lighthouse",
        description="Keepers, tinkerers and gulls around a small cooperative game.",
        icon=digest(seed, "icon"),
        banner=digest(seed, "banner"),
        owner_id=next(iter(people)),
        bot=bot,
        application_id=bot.id,
        people={**people, bot.id: bot},
        roles=[_managed(role, bot) for role in roles.values()],
        emojis=emojis,
        stickers=stickers,
        channels=found,
        threads={},
        messages={channel.id: [] for channel in found.values() if channel.type != CATEGORY},
    )
    lane = 2
    for channel_id, budget in share_out(messages, shares).items():
        lane = _settle(community, world, found[channel_id], budget, lane)
    return community


def _managed(role: Role, bot: Person) -> Role:
    if role.id not in bot.roles:
        return role
    return Role(role.id, role.name, role.position, role.color, role.permissions, is_managed_by=bot.id)


def _settle(community: Community, world: World, channel: Channel, budget: int, lane: int) -> int:
    """Fill `channel` and its threads with `budget` messages; return the next free lane."""
    rng = random.Random(f"{world.seed}/{channel.id}")
    if channel.type in (FORUM, MEDIA):
        return open_posts(community, world, rng, channel, budget, lane, OPENED_MS, CLOSES_MS)
    for_threads = thread_budget(channel.type, budget)
    plan = open_threads(world, rng, for_threads)
    loom = Loom(world, rng, channel.id, lane, budget - plan.size, OPENED_MS + 7_200_000)
    if channel.theme == "welcome" or (channel.theme == "general" and "welcome" not in world.channel_by_theme):
        _welcome(loom, world, rng, is_hall=channel.theme == "welcome")
    elif channel.type == ANNOUNCEMENT and loom.room > 12:
        loom.schedule(
            OPENED_MS + 86_400_000, Message(id=0, author=community.owner_id, type=FOLLOW_ADD, content="Devlog Digest")
        )
    quotable = len(world.quotable)
    deck = Deck(rng, channel.theme, *([world.smalltalk] if channel.theme in _CHATTY else []))
    opened = loom.weave(deck, OPENED_MS, CLOSES_MS, plan.seeds)
    community.messages[channel.id] = loom.messages
    lane = plan.fill(community, world, rng, channel, loom, opened, lane + 1, CLOSES_MS)
    if channel.theme == "staff":
        del world.quotable[quotable:]
    return lane


def _welcome(loom: Loom, world: World, rng: random.Random, is_hall: bool) -> None:
    """Let people arrive and boost, as far as that stays a small part of the talk."""
    people = [person for person in world.people.values() if not person.is_webhook]
    arrivals = people[: loom.room // (2 if is_hall else 16)]
    for person in arrivals:
        loom.schedule(person.joined_ms, Message(id=0, author=person.id, type=JOIN))
    for index in range(min(4, loom.room // 25)):
        kind = BOOST_TIER if index == 1 else BOOST
        at_ms = OPENED_MS + (40 + 50 * index) * 86_400_000 + rng.randrange(86_400_000)
        loom.schedule(at_ms, Message(id=0, author=world.everyone.draw(rng, set(), at_ms), type=kind))
