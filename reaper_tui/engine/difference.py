"""What became different about a message between two readings of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from reaper_tui.journal.changes import ChangeKind
from reaper_tui.model.message import Attachment, Message

_SHOWN = ("title", "description", "color")
_NAMED = ("author", "footer")


def kinds_of_difference(old: Message, new: Message) -> frozenset[ChangeKind]:
    """Return what of a message changed, as a reader would see it.

    Links are signed anew at each reading and previews of them come later: neither is an edit.
    """
    kinds: set[ChangeKind] = set()
    if _said(old) != _said(new):
        kinds.add(ChangeKind.EDIT)
    if _reactions(old) != _reactions(new):
        kinds.add(ChangeKind.REACTIONS)
    if old.is_pinned != new.is_pinned:
        kinds.add(ChangeKind.PIN if new.is_pinned else ChangeKind.UNPIN)
    return frozenset(kinds)


def _said(message: Message) -> tuple[object, ...]:
    return (
        message.content,
        bool(message.edited_at),
        _ids(message.attachments),
        message.poll,
        message.component_text,
        message.suppresses_embeds,
        tuple(_shown(embed) for embed in message.embeds) if _writes_embeds(message) else (),
    )


def _writes_embeds(message: Message) -> bool:
    return message.author.is_bot or message.author.is_webhook


def _shown(embed: Mapping[str, Any]) -> tuple[object, ...]:
    named = tuple(_text(embed.get(place), "name" if place == "author" else "text") for place in _NAMED)
    rows: Any = embed.get("fields")
    listed = cast("list[object]", rows) if isinstance(rows, list) else []
    fields = tuple((_text(row, "name"), _text(row, "value")) for row in listed)
    return (*(embed.get(key) for key in _SHOWN), *named, fields)


def _text(value: object, key: str) -> object:
    return cast("Mapping[str, object]", value).get(key) if isinstance(value, Mapping) else None


def _ids(attachments: Sequence[Attachment]) -> tuple[int, ...]:
    return tuple(attachment.id for attachment in attachments)


def _reactions(message: Message) -> dict[tuple[str, int | None], int]:
    return {(reaction.name, reaction.emoji_id): reaction.count for reaction in message.reactions if reaction.count > 0}
