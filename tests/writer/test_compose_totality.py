"""Whatever a source sends, what is composed can be sent: within the target's rules, and the same each time."""

from __future__ import annotations

from typing import Any, Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reaper_tui.model.community import Limits
from reaper_tui.model.composition import Degrade, Flow
from reaper_tui.model.message import (
    Attachment,
    Author,
    Message,
    Poll,
    PollAnswer,
    Quote,
    Reaction,
    Reference,
    Snapshot,
    StickerItem,
)
from reaper_tui.model.text import utf16_length
from reaper_tui.writer.compose import MessageComposer
from reaper_tui.writer.embeds import embed_length
from reaper_tui.writer.normalisation import TRIMMED

LINK = "https://discord.com/channels/1/10/"
MARKS = [
    "<@5>",
    "<#10>",
    "<:a:3>",
    "```",
    "`",
    "**",
    "||",
    "\n",
    "> ",
    ">>> ",
    "@everyone",
    LINK + "77",
    "\\",
    "\x00",
    "\ud83d",
]
IDS = st.integers(0, 2**63 - 1)
TEXTS = st.text(st.characters(), max_size=60) | st.lists(st.sampled_from(MARKS), max_size=12).map("".join)
LONG_TEXTS = TEXTS | st.tuples(TEXTS, st.integers(1, 200)).map(lambda pair: pair[0] * pair[1])
VALUES = (
    TEXTS
    | st.integers()
    | st.none()
    | st.lists(st.fixed_dictionaries({"name": TEXTS, "value": LONG_TEXTS}), max_size=30)
)
EMBEDS = st.dictionaries(
    st.sampled_from(["title", "description", "url", "fields", "color", "timestamp", "type", "footer", "image"]),
    VALUES | st.fixed_dictionaries({"text": TEXTS, "url": st.just("https://cdn.discordapp.com/attachments/1/2/a.png")}),
    max_size=6,
)
ATTACHMENTS = st.builds(
    Attachment,
    id=st.integers(0, 40),
    filename=TEXTS,
    url=TEXTS,
    size=st.integers(-1, 2**40),
    description=TEXTS,
    is_spoiler=st.booleans(),
    duration_seconds=st.floats(),
)
STICKERS = st.builds(StickerItem, id=IDS, name=TEXTS, url=TEXTS, format=st.sampled_from(["png", "lottie", "gif", "?"]))
SNAPSHOTS = st.builds(
    Snapshot,
    content=LONG_TEXTS,
    attachments=st.lists(ATTACHMENTS, max_size=12).map(tuple),
    embeds=st.lists(EMBEDS, max_size=3).map(tuple),
    stickers=st.lists(STICKERS, max_size=2).map(tuple),
)
MESSAGES = st.builds(
    Message,
    id=IDS,
    channel_id=IDS,
    kind=st.integers(-1, 50),
    author=st.builds(Author, id=IDS, name=TEXTS, avatar_url=TEXTS, is_bot=st.booleans()),
    content=LONG_TEXTS,
    edited_at=st.sampled_from(["", "2024-01-01"]),
    attachments=st.lists(ATTACHMENTS, max_size=25).map(tuple),
    embeds=st.lists(EMBEDS, max_size=13).map(tuple),
    stickers=st.lists(STICKERS, max_size=3).map(tuple),
    reactions=st.lists(st.builds(Reaction, name=TEXTS, count=st.integers(), emoji_id=st.none() | IDS), max_size=3).map(
        tuple
    ),
    snapshots=st.lists(SNAPSHOTS, max_size=2).map(tuple),
    reference=st.none()
    | st.builds(Reference, message_id=st.none() | IDS, channel_id=st.none() | IDS, is_forward=st.booleans()),
    quote=st.none() | st.builds(Quote, author_name=TEXTS, content=LONG_TEXTS, has_files=st.booleans()),
    is_quote_deleted=st.booleans(),
    poll=st.none()
    | st.builds(
        Poll,
        question=TEXTS,
        answers=st.lists(st.builds(PollAnswer, text=TEXTS, votes=st.integers(), emoji=TEXTS), max_size=4).map(tuple),
    ),
    component_text=st.lists(TEXTS, max_size=2).map(tuple),
    interaction=TEXTS,
    mentions=st.dictionaries(st.integers(1, 9), TEXTS, max_size=2),
    thread_name=TEXTS,
    is_voice_message=st.booleans(),
    suppresses_embeds=st.booleans(),
)
DEGRADES = st.builds(
    Degrade,
    lost=st.dictionaries(st.integers(0, 40), TEXTS, max_size=3),
    without_embeds=st.booleans(),
    without_files=st.booleans(),
    without_avatar=st.booleans(),
    as_placeholder=st.just("") | TEXTS,
)
FLOWS = st.builds(Flow, previous_author=TEXTS, previous_at=st.floats(), section=TEXTS)


class Asked:
    """Knows every other message, and remembers which were asked for."""

    def __init__(self) -> None:
        self.messages: set[int] = set()

    def channel(self, source_id: int) -> int | None:
        return 910 if source_id % 2 else None

    def channel_name(self, source_id: int) -> str:
        return "general"

    def role(self, source_id: int) -> int | None:
        return None

    def role_name(self, source_id: int) -> str:
        return "everyone"

    def emoji(self, source_id: int) -> tuple[int, str, bool] | None:
        return (930, "ok", True) if source_id % 2 else None

    def message(self, source_id: int) -> tuple[int, int] | None:
        self.messages.add(source_id)
        return (910, 940) if source_id % 2 else None


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], deadline=None)
@given(
    message=MESSAGES,
    flow=FLOWS,
    degrade=DEGRADES,
    timestamps=st.sampled_from(["grouped", "every", "none"]),
    native_replies=st.booleans(),
    native_voice=st.booleans(),
)
def test_every_part_can_be_sent(
    message: Message,
    flow: Flow,
    degrade: Degrade,
    timestamps: Literal["grouped", "every", "none"],
    native_replies: bool,
    native_voice: bool,
) -> None:
    limits = Limits()
    composer = MessageComposer(
        limits=limits,
        source_guild_id=1,
        community_id=2,
        link_base="https://fluxer.example",
        timestamps=timestamps,
        native_replies=native_replies,
        native_voice=native_voice,
        draws_lottie=native_voice,
    )
    asked = Asked()
    composition = composer.compose(message, asked, flow, degrade)

    assert composition == composer.compose(message, Asked(), flow, degrade)
    assert asked.messages <= composer.references(message)
    assert bool(composition.rule) != bool(composition.parts)
    for part in composition.parts:
        assert 1 <= utf16_length(part.username) <= 80
        assert part.username == part.username.strip(TRIMMED)
        assert utf16_length(part.content) <= limits.message_length
        assert part.content == part.content.strip(TRIMMED)
        assert part.content or part.embeds or part.files
        assert len(part.files) <= 10
        assert len(part.embeds) <= 10
        assert sum(embed_length(embed) for embed in part.embeds) <= 6000
        assert all(len(_texts(embed)) == len(list(filter(None, _texts(embed)))) for embed in part.embeds)
        assert all(1 <= utf16_length(slot.filename) <= 255 for slot in part.files)
        (part.content + part.username + "".join(slot.filename for slot in part.files)).encode()
    keys = [slot.key for part in composition.parts for slot in part.files]
    assert len(keys) == len(set(keys))


def _texts(embed: dict[str, Any]) -> list[str]:
    return [value for value in embed.values() if isinstance(value, str)]
