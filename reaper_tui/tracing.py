"""A message from source to target, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

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

PERSON = re.compile(r"<@!?([0-9]{1,20})>")
REACTIONS_SHOWN = 20


def words_of(message: Message) -> SafeText:
    """Return what a message says in one line: its text with people by name, or what stands in for one."""
    said: list[object] = [message.content]
    if message.poll is not None:
        said.append(message.poll.question)
    for part in (message, *message.snapshots):
        said.append(part.content)
        said += [words for embed in part.embeds for words in (embed.get("title"), embed.get("description"))]
        said += [sticker.name for sticker in part.stickers]
    said += message.component_text
    return sanitise_line(_with_names(str(next((words for words in said if words), "")), message), 300)


def reaction_line(counts: Sequence[tuple[str, int]]) -> SafeText:
    """Return how often each emoji stands under a message, by (emoji, count)."""
    if not counts:
        return SafeText("– none")
    total = sum(count for _, count in counts)
    shown = ", ".join(f"{sanitise_line(name, 40)} {count:,}" for name, count in counts[:REACTIONS_SHOWN])
    rest = f" and {len(counts) - REACTIONS_SHOWN:,} more" if len(counts) > REACTIONS_SHOWN else ""
    return SafeText(f"♥ {total:,} {'reaction' if total == 1 else 'reactions'}: {shown}{rest}")


def pin_line(*, is_pinned: bool) -> SafeText:
    """Return whether a message is pinned."""
    return SafeText("◆ pinned in its channel" if is_pinned else "– not pinned")


def _with_names(text: str, message: Message) -> str:
    def named(found: re.Match[str]) -> str:
        name = message.mentions.get(int(found[1]))
        return f"@{name}" if name else found[0]

    return PERSON.sub(named, text)


def _reaction_counts(message: Message) -> Iterable[tuple[str, int]]:
    for reaction in message.reactions:
        yield reaction.name if reaction.emoji_id is None else f":{reaction.name or reaction.emoji_id}:", reaction.count


def trace_lines(
    trace: Trace, message: Message, *, guild_id: int, community_id: int
) -> tuple[tuple[SafeText, SafeText], ...]:
    """Return (word, value) lines: who, when, state, where it came from and stands, files, reactions, pin, text."""
    cause = f": {sanitise_line(trace.cause, 300)}" if trace.cause else ""
    lines = [
        ("author", sanitise_line(message.author.name, 100)),
        ("written", created_at(message.id).strftime("%Y-%m-%d %H:%M:%S UTC")),
        ("state", f"{STATE_WORDS[trace.state]}{cause}"),
        ("source", f"https://discord.com/channels/{guild_id}/{message.channel_id}/{message.id}"),
        *(("target", f"community {community_id}, channel {channel}, message {post}") for channel, post in trace.posts),
        *(("file", f"{sanitise_line(file.filename, 120)}, {file.size:,} B") for file in message.attachments),
        *(("left out", f"{sanitise_line(what, 120)}: {sanitise_line(why, 200)}") for what, why in trace.ledger),
        ("reactions", reaction_line(list(_reaction_counts(message)))),
        ("pinned", pin_line(is_pinned=message.is_pinned)),
        ("text", sanitise(_with_names(message.content, message), 4000) or words_of(message)),
    ]
    return tuple((SafeText(word), SafeText(value)) for word, value in lines if value)
