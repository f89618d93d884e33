"""The next message of a lane, read and composed while the one before it is on its way."""

from __future__ import annotations

from contextlib import suppress
from typing import NamedTuple

from reaper_tui.engine.deliver import Delivery
from reaper_tui.engine.directory import MessageDirectory, TargetMap
from reaper_tui.engine.draft import Draft
from reaper_tui.journal.records import MessageState, StoredMessage
from reaper_tui.model.composition import Degrade, Flow
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.message import Message


class Ahead(NamedTuple):
    """A message read before its turn; `draft` is what it becomes behind `follows`, on a target of so many channels."""

    message: Message
    draft: Draft | None = None
    follows: Message | None = None
    target: TargetMap | None = None
    channel_count: int = 0

    def draft_behind(self, last: Message | None, target: TargetMap) -> Draft | None:
        """Return the draft if that message came last and no channel was added, None when it has to be composed now."""
        is_so = last is self.follows and target is self.target and len(target.channels) == self.channel_count
        return self.draft if is_so else None


def flow_behind(shared: Delivery, last: Message) -> Flow:
    """Return the flow a message stands in behind another of its container."""
    return Flow(shared.author_key(last), unix_seconds(last.id), "")


def composed_ahead(shared: Delivery, stored: StoredMessage, known: Ahead | None, before: Message) -> Ahead | None:
    """Return a message composed to stand behind another of its container, or what is `known` of it if that cannot be.

    One that leads to other messages is only read: where they stand is known when its turn comes.
    """
    if stored.state is not MessageState.PENDING or stored.composition is not None:
        return known
    # What goes wrong here goes wrong again in its turn, where it is told.
    with suppress(Exception):
        message = known.message if known else shared.reader.parse(stored.payload)
        if shared.composer.references(message):
            return Ahead(message)
        directory = MessageDirectory(shared.target)
        composition = shared.composer.compose(message, directory, flow_behind(shared, before), Degrade())
        return Ahead(message, Draft(composition), before, shared.target, len(shared.target.channels))
    return known
