"""A message as a stream service sends it, read for the screen: anything may be missing from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

import msgspec

from reaper_tui.backend import Mirrored
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.text import SafeText, sanitise, sanitise_line
from reaper_tui.tracing import pin_line, reaction_line

Mark = Literal["", "edited", "deleted"]
UNSEEN = SafeText("a message from before")


@dataclass(frozen=True, slots=True)
class RemoteMessage:
    """What is known of a message; `body` is its JSON text, as Discord sent it."""

    message_id: int
    channel_id: int
    body: bytes
    mark: Mark = ""

    def shown(self, channels: Mapping[int, SafeText]) -> Mirrored:
        """Return it as a row."""
        body = self.fields()
        return Mirrored(
            unix_seconds(self.message_id),
            self.message_id,
            channels.get(self.channel_id, SafeText(str(self.channel_id))),
            author_of(body) if body else SafeText("—"),
            words_of(body) if body else UNSEEN,
            len(_list(body.get("attachments"))),
            self.mark,
        )

    def fields(self) -> dict[str, Any]:
        """Return the body's fields, none when there is no body to be read."""
        return fields_of(self.body)

    def edited(self, change: bytes) -> RemoteMessage:
        """Return the message after an update, which may name only what changed; links that unfold are no edit."""
        before, change_fields = self.fields(), fields_of(change)
        after = before | change_fields
        is_edit = bool(change_fields.get("edited_timestamp")) or after.get("content") != before.get("content")
        mark: Mark = "edited" if is_edit and self.mark == "" else self.mark
        return RemoteMessage(self.message_id, self.channel_id, msgspec.json.encode(after), mark)

    def with_fields(self, told: bytes) -> RemoteMessage:
        """Return the message with its reactions or pin as an event tells them."""
        change = {name: value for name, value in fields_of(told).items() if name in ("reactions", "pinned")}
        body = msgspec.json.encode(self.fields() | change) if change and self.fields() else self.body
        return RemoteMessage(self.message_id, self.channel_id, body, self.mark)

    def details(self, channel: str) -> tuple[tuple[SafeText, SafeText], ...]:
        """Return everything known as (word, value)."""
        body = self.fields()
        author = _record(body.get("author"))
        lines: list[tuple[str, object]] = [
            ("author", f"{author_of(body)} ({author.get('id', 'no id')})" if body else "—"),
            ("written", body.get("timestamp")),
            ("edited", body.get("edited_timestamp")),
            ("state", self.mark or "as it was written"),
            ("channel", f"#{channel} ({self.channel_id})"),
            ("message", self.message_id),
        ]
        reference = _record(body.get("message_reference")).get("message_id")
        if reference:
            lines.append(("answers", reference))
        if guild_id := body.get("guild_id"):
            lines.append(("link", f"https://discord.com/channels/{guild_id}/{self.channel_id}/{self.message_id}"))
        lines += [
            ("file", f"{file.get('filename', '')}, {file.get('size', '?')} bytes, {file.get('url', '')}")
            for file in map(_record, _list(body.get("attachments")))
        ]
        if isinstance(body.get("reactions"), list):
            lines.append(("reactions", reaction_line(reactions_of(body))))
        if isinstance(body.get("pinned"), bool):
            lines.append(("pinned", pin_line(is_pinned=body["pinned"])))
        lines.append(("text", sanitise(str(body.get("content") or words_of(body)))))
        return tuple(
            (SafeText(word), sanitise(str(value)) if word == "text" else sanitise_line(str(value), 600))
            for word, value in lines
            if value
        )


def fields_of(body: bytes) -> dict[str, Any]:
    """Return the fields of JSON text, none when it is no object."""
    try:
        return _record(msgspec.json.decode(body))
    except msgspec.DecodeError:
        return {}


def author_of(body: Mapping[str, Any]) -> SafeText:
    """Return the name an author goes by."""
    author = _record(body.get("author"))
    name = _record(body.get("member")).get("nick") or author.get("global_name") or author.get("username")
    return sanitise_line(str(name or "somebody"), 60)


def reactions_of(body: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return (emoji, count) of what stands under a message."""
    found: list[tuple[str, int]] = []
    for row in map(_record, _list(body.get("reactions"))):
        emoji, count = _record(row.get("emoji")), row.get("count")
        name = str(emoji.get("name") or emoji.get("id") or "")
        if name and isinstance(count, int) and count > 0:
            found.append((f":{name}:" if emoji.get("id") else name, count))
    return found


def words_of(body: Mapping[str, Any]) -> SafeText:
    """Return what a message says: its text, or what stands in for one."""
    said: list[object] = [body.get("content"), _record(_record(body.get("poll")).get("question")).get("text")]
    snapshots = map(_record, _list(body.get("message_snapshots")))
    said += [_record(snapshot.get("message")).get("content") for snapshot in snapshots]
    for embed in map(_record, _list(body.get("embeds"))):
        said += [embed.get("title"), embed.get("description")]
    said += [_record(sticker).get("name") for sticker in _list(body.get("sticker_items"))]
    return sanitise_line(str(next((words for words in said if words), "")), 300)


def _record(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
