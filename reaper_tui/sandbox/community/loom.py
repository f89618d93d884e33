"""Weaves written conversations into the messages of one channel or thread."""

import random
from collections.abc import Iterable
from heapq import heappop, heappush

from reaper_tui.sandbox.community import props
from reaper_tui.sandbox.community.deck import Deck
from reaper_tui.sandbox.community.nouns import Message
from reaper_tui.sandbox.community.rhythm import conversation_starts, pauses
from reaper_tui.sandbox.community.script import Conversation, Line, split_slots
from reaper_tui.sandbox.community.snowflake import birth_ms, snowflake
from reaper_tui.sandbox.community.words import fill
from reaper_tui.sandbox.community.world import World

REPLY, PIN_NOTICE, SLASH_REPLY, MENU_REPLY, POLL_RESULT = 19, 6, 20, 23, 46
_VOICE_FLAG, _SNAPSHOT_FLAG, _CROSSPOSTED_FLAG = 1 << 13, 1 << 14, 1 << 0
_LANES_PER_CONTAINER = 16


class Loom:
    """Writes one container's messages in order of time; never more than `budget`."""

    def __init__(
        self, world: World, rng: random.Random, container_id: int, lane: int, budget: int, last_ms: int
    ) -> None:
        self.messages: list[Message] = []
        self.container_id = container_id
        self._world = world
        self._rng = rng
        self._lane = lane * _LANES_PER_CONTAINER
        self._budget = budget
        self._last_ms = last_ms
        self._pauses = pauses(rng)
        self._due: list[tuple[int, int, Message]] = []
        self._scheduled = 0
        self._extra_lane = 0
        self._kept_words: dict[str, str] = {}

    @property
    def room(self) -> int:
        """How many messages still fit."""
        return self._budget - len(self.messages)

    @property
    def last_ms(self) -> int:
        """When the last message was written."""
        return self._last_ms

    def schedule(self, at_ms: int, message: Message) -> None:
        """Keep `message` until the talk reaches `at_ms`."""
        self._scheduled += 1
        heappush(self._due, (at_ms, self._scheduled, message))

    def post(self, message: Message, at_ms: int) -> Message:
        """Append `message` at `at_ms`, or just after the last one if that is later, and return it."""
        self._last_ms = max(at_ms, self._last_ms + 1)
        message.id = snowflake(self._last_ms, self._lane)
        self.messages.append(message)
        return message

    def weave(
        self, deck: Deck, opens_ms: int, closes_ms: int, seeds: Iterable[Conversation] = ()
    ) -> dict[int, Conversation]:
        """Fill the container with talk between the two moments.

        Of each conversation in `seeds` only the first line is said here; the message ids that open them are returned.
        """
        planned: list[tuple[Conversation, bool]] = [(seed, True) for seed in seeds]
        lines = len(planned) + len(self._due)
        while lines < self.room:
            planned.append((deck.deal(), False))
            lines += len(planned[-1][0].lines)
        self._rng.shuffle(planned)
        opened: dict[int, Conversation] = {}
        for (conversation, is_seed), start in zip(
            planned, conversation_starts(self._rng, len(planned), opens_ms, closes_ms), strict=True
        ):
            self._post_due(start)
            if self.room <= 0:
                break
            if is_seed:
                self.perform(conversation.lines[:1], start, conversation.language)
                opened[self.messages[-1].id] = conversation
            else:
                self.perform(conversation.lines, start, conversation.language)
        self._post_due(closes_ms)
        while self.room > 0:
            conversation = deck.deal()
            self.perform(conversation.lines, self._last_ms + 60_000, conversation.language)
        return opened

    def perform(
        self, lines: Iterable[Line], start_ms: int, language: str, parts: dict[str, int] | None = None
    ) -> dict[str, int]:
        """Say `lines` from `start_ms` on as far as there is room; return who played which part."""
        parts = {} if parts is None else parts
        said: list[Message] = []
        self._kept_words = {}
        at_ms = max(start_ms, self._last_ms + 900)
        for line in lines:
            if self.room <= 0:
                break
            message = self._say(line, at_ms, language, parts, said)
            said.append(message)
            at_ms = self._last_ms + next(self._pauses)
        return parts

    def _post_due(self, now_ms: int) -> None:
        while self._due and self._due[0][0] <= now_ms and self.room > 0:
            at_ms, _, message = heappop(self._due)
            self.post(message, at_ms)

    def _speaker(self, name: str, language: str, parts: dict[str, int]) -> int:
        if name not in parts:
            known = self._world.named(name)
            parts[name] = known or self._world.cast_of(language).draw(self._rng, set(parts.values()), self._last_ms)
        return parts[name]

    def _say(self, line: Line, at_ms: int, language: str, parts: dict[str, int], said: list[Message]) -> Message:
        rng = self._rng
        author = self._speaker(line.speaker, language, parts)
        text = line.plain_text
        if text is None:
            text = fill(
                rng, self._world, line.parts, lambda name: self._speaker(name, language, parts), self._kept_words
            )
        message = self.post(Message(id=0, author=author, content=text), at_ms)
        if 0 < line.answers <= len(said):
            answered = said[-line.answers]
            if answered.type in (0, REPLY, SLASH_REPLY):
                message.type, message.reply_to = REPLY, answered.id
        self._extra_lane = 0
        for name, argument in line.directives:
            if "{" in argument:
                slots = split_slots(argument)
                argument = fill(
                    rng, self._world, slots, lambda part: self._speaker(part, language, parts), self._kept_words
                )
            self._dress(message, name, argument, said)
        luck = rng.random()
        if luck < 0.05 and not message.reactions and (text or message.attachments):
            message.reactions = props.react_freely(rng, self._world, self._last_ms)
        elif luck > 0.975 and text:
            message.edited_ms = self._last_ms + rng.randrange(8_000, 400_000)
        elif 0.05 <= luck < 0.12 and len(text) > 40 and message.type in (0, REPLY):
            self._world.quotable.append((self.container_id, message))
        return message

    def _next_id(self) -> int:
        self._extra_lane += 1
        return snowflake(self._last_ms, self._lane + self._extra_lane)

    def _dress(self, message: Message, name: str, argument: str, said: list[Message]) -> None:
        rng, world = self._rng, self._world
        if name == "react":
            message.reactions = props.react(rng, world, argument, self._last_ms)
        elif name == "file":
            message.attachments += (props.attach(rng, self._next_id(), argument),)
        elif name == "voice":
            message.content, message.flags = "", message.flags | _VOICE_FLAG
            message.attachments = (props.record_voice(rng, self._next_id(), float(argument)),)
        elif name == "embed":
            message.embeds += (props.embed(rng, argument),)
        elif name == "sticker":
            message.stickers = (world.sticker_by_name[argument].id,)
        elif name == "poll":
            self._ask(message, argument)
        elif name == "cmd" and said:
            message.type, message.command, message.reply_to = SLASH_REPLY, (argument, said[-1].author), 0
        elif name == "menu" and said:
            message.type, message.command, message.reply_to = MENU_REPLY, (argument, said[-1].author), said[-1].id
        elif name == "buttons":
            message.components = props.buttons(argument)
        elif name == "forward" and world.quotable:
            message.reference_channel, message.forwarded = rng.choice(world.quotable)
            message.content, message.flags, message.type = "", _SNAPSHOT_FLAG, 0
        elif name == "crosspost":
            message.flags |= _CROSSPOSTED_FLAG
        elif name == "edit":
            message.edited_ms = birth_ms(message.id) + rng.randrange(5_000, 200_000)
        elif name == "pin":
            message.pinned_ms = self._last_ms + 30_000
            notice = Message(id=0, author=message.author, type=PIN_NOTICE, reply_to=message.id)
            self.schedule(message.pinned_ms, notice)
        elif name == "long":
            message.content = props.long_tale(rng, int(argument))
        elif name == "system":
            message.type, message.reply_to = int(argument), 0

    def _ask(self, message: Message, argument: str) -> None:
        message.poll = poll = props.ask(self._rng, self._world, argument, self._last_ms)
        if poll.is_over:
            result = Message(id=0, author=message.author, type=POLL_RESULT, reply_to=message.id)
            result.embeds = (props.poll_result(poll),)
            self.schedule(poll.expires_ms, result)
