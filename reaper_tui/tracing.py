"""A message from source to target, in words."""

from __future__ import annotations

from reaper_tui.journal.mirrored import Trace
from reaper_tui.journal.records import MessageState
from reaper_tui.model.ids import created_at
from reaper_tui.model.message import Message
from reaper_tui.model.text import SafeText, sanitise, sanitise_line

STATE_WORDS = {
    MessageState.PENDING: "○ pending",
    MessageState.SENT: "✔ sent",
    MessageState.MERGED: "✔ merged into another message",
    MessageState.SKIPPED: "– skipped by rule",
    MessageState.FAILED: "✖ failed",
    MessageState.UNCERTAIN: "▲ uncertain",
}


def trace_lines(
    trace: Trace, message: Message, *, guild_id: int, community_id: int
) -> tuple[tuple[SafeText, SafeText], ...]:
    """Return (word, value) lines: who, when, state, where it came from and stands, its files, its text."""
    cause = f": {sanitise_line(trace.cause, 300)}" if trace.cause else ""
    lines = [
        ("author", sanitise_line(message.author.name, 100)),
        ("written", created_at(message.id).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("state", f"{STATE_WORDS[trace.state]}{cause}"),
        ("source", f"https://discord.com/channels/{guild_id}/{message.channel_id}/{message.id}"),
        *(("target", f"community {community_id}, channel {channel}, message {post}") for channel, post in trace.posts),
        *(("file", f"{sanitise_line(file.filename, 120)}, {file.size:,} B") for file in message.attachments),
        *(("left out", f"{sanitise_line(what, 120)}: {sanitise_line(why, 200)}") for what, why in trace.ledger),
        ("text", sanitise(message.content, 4000)),
    ]
    return tuple((SafeText(word), SafeText(value)) for word, value in lines if value)
