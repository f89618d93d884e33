"""Threads on messages, threads of their own, and posts of a forum."""

import random
from itertools import cycle

import msgspec

from reaper_tui.sandbox.community import props
from reaper_tui.sandbox.community.budget import share_out
from reaper_tui.sandbox.community.loom import Loom
from reaper_tui.sandbox.community.nouns import Channel, Community, Message, Thread
from reaper_tui.sandbox.community.script import Conversation, conversations
from reaper_tui.sandbox.community.snowflake import birth_ms, snowflake
from reaper_tui.sandbox.community.structure import ANNOUNCEMENT, MEDIA, TEXT
from reaper_tui.sandbox.community.world import World

RECIPIENT_ADD, NAME_CHANGE, THREAD_CREATED, THREAD_STARTER = 1, 4, 18, 21
NEWS_THREAD, PUBLIC_THREAD, PRIVATE_THREAD = 10, 11, 12
_DAY_MS = 86_400_000


def thread_budget(channel_type: int, budget: int) -> int:
    """Return how many of a channel's messages are written in its threads."""
    if channel_type not in (TEXT, ANNOUNCEMENT) or budget < 24:
        return 0
    return budget * 14 // 100


def open_threads(world: World, rng: random.Random, size: int) -> "ThreadPlan":
    """Return a plan of threads that hold `size` messages together."""
    count = min(max(size // 14, 1), 40) if size >= 4 else 0
    if not count:
        return ThreadPlan(())
    sizes = share_out(size, {index: rng.uniform(0.5, 2.0) for index in range(count)})
    return ThreadPlan(tuple((world.thread_talk.deal(), amount) for amount in sizes.values() if amount))


class ThreadPlan(msgspec.Struct, frozen=True):
    """Which conversations become threads, and how many messages each thread gets."""

    parts: tuple[tuple[Conversation, int], ...]

    @property
    def size(self) -> int:
        """How many messages the threads hold."""
        return sum(amount for _, amount in self.parts)

    @property
    def seeds(self) -> tuple[Conversation, ...]:
        """The conversations whose first line is said in the channel."""
        return tuple(conversation for conversation, _ in self.parts)

    def fill(
        self,
        community: Community,
        world: World,
        rng: random.Random,
        channel: Channel,
        loom: Loom,
        opened: dict[int, Conversation],
        lane: int,
        closes_ms: int,
    ) -> int:
        """Write the threads of `channel`; return the next free lane."""
        starters = {message.id: message for message in loom.messages if message.id in opened}
        openings = list(opened.items())
        for index, (conversation, amount) in enumerate(self.parts):
            place = next((i for i, (_, found) in enumerate(openings) if found is conversation), None)
            starter = starters[openings.pop(place)[0]] if place is not None else None
            _write_thread(community, world, rng, channel, conversation, amount, starter, index, lane, closes_ms)
            lane += 1
        return lane


def _write_thread(
    community: Community,
    world: World,
    rng: random.Random,
    channel: Channel,
    conversation: Conversation,
    amount: int,
    starter: Message | None,
    index: int,
    lane: int,
    closes_ms: int,
) -> None:
    opens_ms = birth_ms(starter.id) + 20_000 if starter else closes_ms - rng.randrange(5, 200) * _DAY_MS
    is_private = channel.type == TEXT and index % 4 == 2
    is_on_message = starter is not None and not is_private and index % 5 != 4
    thread_id = starter.id if starter and is_on_message else snowflake(opens_ms, lane * 16 + 15)
    kind = NEWS_THREAD if channel.type == ANNOUNCEMENT else PRIVATE_THREAD if is_private else PUBLIC_THREAD
    loom = Loom(world, rng, thread_id, lane, amount, opens_ms)
    owner = starter.author if starter else world.everyone.draw(rng, set(), opens_ms)
    if starter and is_on_message:
        starter.thread_id = thread_id
        first = Message(id=0, author=owner, type=THREAD_STARTER, reply_to=starter.id, reference_channel=channel.id)
        loom.post(first, opens_ms)
    elif starter and not is_private:
        starter.type, starter.content, starter.reply_to, starter.reference_channel = (
            THREAD_CREATED,
            conversation.title,
            0,
            thread_id,
        )
        starter.attachments = starter.embeds = starter.reactions = ()
        starter.poll, starter.edited_ms, starter.pinned_ms = None, 0, 0
    elif is_private and loom.room > 2:
        guest = world.everyone.draw(rng, {owner}, opens_ms)
        loom.post(Message(id=0, author=owner, type=RECIPIENT_ADD, content=f"<@{guest}>"), opens_ms)
    _talk(loom, world, rng, conversation, {conversation.lines[0].speaker: owner}, opens_ms, closes_ms)
    is_archived = index % 3 != 0 or is_private
    community.threads[thread_id] = Thread(
        id=thread_id,
        parent_id=channel.id,
        owner_id=owner,
        name=conversation.title,
        type=kind,
        is_archived=is_archived,
        is_locked=is_archived and index % 6 == 1,
        archive_ms=loom.last_ms + 3 * _DAY_MS if is_archived else opens_ms,
        members=tuple(sorted({message.author for message in loom.messages})[:8]),
        theme="threads",
    )
    community.messages[thread_id] = loom.messages


def _talk(
    loom: Loom,
    world: World,
    rng: random.Random,
    conversation: Conversation,
    parts: dict[str, int],
    opens_ms: int,
    closes_ms: int,
) -> None:
    """Say the rest of `conversation`, then what else people say in a thread that goes on."""
    loom.perform(conversation.lines[1:], opens_ms + 60_000, conversation.language, parts)
    while loom.room > 0:
        tail = world.thread_tails.deal()
        later_ms = min(loom.last_ms + rng.randrange(3, 60) * 3_600_000, closes_ms)
        loom.perform(tail.lines, later_ms, tail.language)


def open_posts(
    community: Community,
    world: World,
    rng: random.Random,
    channel: Channel,
    budget: int,
    lane: int,
    opens_ms: int,
    closes_ms: int,
) -> int:
    """Write the posts of a forum or media channel with `budget` messages; return the next free lane."""
    written = list(conversations("gallery" if channel.type == MEDIA else "ideas"))
    count = min(budget, max(1, min(budget // 9, len(written)), budget // 40))
    if not count:
        return lane
    amounts = [
        1 + amount for amount in share_out(budget - count, {i: rng.uniform(0.3, 2.2) for i in range(count)}).values()
    ]
    rng.shuffle(written)
    named: dict[str, int] = {}
    for index, (amount, conversation) in enumerate(zip(amounts, cycle(written), strict=False)):
        start_ms = opens_ms + int((closes_ms - opens_ms) * (index + rng.random()) / count * 0.97) + 7_200_000
        named[conversation.title] = number = named.get(conversation.title, 0) + 1
        title = conversation.title if number == 1 else f"{conversation.title} ({number})"
        _write_post(community, world, rng, channel, conversation, title, amount, index, lane, start_ms, closes_ms)
        lane += 1
    return lane


def _write_post(
    community: Community,
    world: World,
    rng: random.Random,
    channel: Channel,
    conversation: Conversation,
    title: str,
    amount: int,
    index: int,
    lane: int,
    start_ms: int,
    closes_ms: int,
) -> None:
    post_id = snowflake(start_ms, lane * 16)
    loom = Loom(world, rng, post_id, lane, amount, start_ms - 1000)
    parts = loom.perform(conversation.lines[:1], start_ms, conversation.language)
    opening = loom.messages[0]
    assert opening.id == post_id
    if channel.type == MEDIA and not opening.attachments:
        opening.attachments = (props.attach(rng, opening.id + 1, "screenshot.png 60"),)
    if index % 5 == 3 and loom.room > 2:
        loom.post(Message(id=0, author=opening.author, type=NAME_CHANGE, content=title), start_ms + 300_000)
    _talk(loom, world, rng, conversation, parts, start_ms, closes_ms)
    is_archived = index % 2 == 1
    community.threads[opening.id] = Thread(
        id=opening.id,
        parent_id=channel.id,
        owner_id=opening.author,
        name=title,
        is_archived=is_archived,
        is_locked=is_archived and index % 4 == 3,
        is_pinned=index == 0,
        archive_ms=loom.last_ms + 3 * _DAY_MS if is_archived else start_ms,
        tags=tuple(tag.id for tag in rng.sample(channel.tags, rng.choice((0, 1, 1, 2)))),
        members=tuple(sorted({message.author for message in loom.messages})[:8]),
        theme="ideas",
    )
    community.messages[opening.id] = loom.messages
