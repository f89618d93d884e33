"""Whether the source hides what people write: a bot without the content intent is sent empty messages, and no error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reaper_tui.engine.ports import Reader
from reaper_tui.model.community import Guild
from reaper_tui.model.errors import AccessDenied
from reaper_tui.model.message import DEFAULT, REPLY, Message

SAMPLED_CHANNELS = 5
BLANKS_OF_A_SUSPECT = 3
BLANKS_OF_ANYONE = 25


class BlindnessWatch:
    """Counts what people wrote that reads as nothing at all; one readable message settles the doubt."""

    def __init__(self, tolerated: int = BLANKS_OF_ANYONE) -> None:
        self._tolerated = tolerated
        self._blanks = 0
        self.has_seen_content = False

    def look(self, messages: Iterable[Message]) -> None:
        """Raise AccessDenied once so many messages in a row are blank and none was readable."""
        if self.has_seen_content:
            return
        for message in messages:
            if message.kind not in (DEFAULT, REPLY) or message.author.is_bot or message.author.is_webhook:
                continue
            if shows_content(message):
                self.has_seen_content = True
                return
            if message.stickers or message.snapshots:
                continue
            self._blanks += 1
            if self._blanks >= self._tolerated:
                raise AccessDenied(
                    "Discord hides what people write from the bot: every message reads as empty",
                    "switch on Message Content Intent in the Developer Portal, page Bot, and run again",
                )


def shows_content(message: Message) -> bool:
    """Return whether a message shows any of what Discord blanks without the intent; stickers and forwards stay."""
    return bool(message.content or message.attachments or message.embeds or message.poll or message.component_text)


async def refuse_if_blind(reader: Reader, guild: Guild, estimates: Mapping[int, tuple[int, bool]]) -> None:
    """Raise AccessDenied when the application lacks the content intent and a sample of messages confirms it."""
    if guild.can_read_content:
        return
    watch = BlindnessWatch(BLANKS_OF_A_SUSPECT)
    fullest = sorted(estimates, key=lambda container_id: -estimates[container_id][0])
    for container_id in fullest[:SAMPLED_CHANNELS]:
        page = await reader.page(container_id, 0)
        watch.look(reader.parse(raw.payload) for raw in page)
        if watch.has_seen_content:
            return
