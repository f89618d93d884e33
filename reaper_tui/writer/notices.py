"""What Discord's system messages say in words, and which of them stay behind by which rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from reaper_tui.model.message import CONTEXT_REPLY, DEFAULT, POLL_RESULT, REPLY, SLASH_REPLY, THREAD_STARTER, Message
from reaper_tui.writer.markdown import escaped, quoted
from reaper_tui.writer.wording import counted

EMPTY = "empty"
THREAD_CREATED = 18
AUTO_MODERATION = 24
PERSONAL_KINDS = frozenset({DEFAULT, REPLY, SLASH_REPLY, CONTEXT_REPLY})

# Notices that say nothing about what a community talked about.
SKIPPED_KINDS: Mapping[int, str] = {
    1: "recipient_add",
    2: "recipient_remove",
    3: "call",
    5: "icon_change",
    6: "pin_notice",
    7: "member_join",
    14: "guild_discovery_disqualified",
    15: "guild_discovery_requalified",
    16: "guild_discovery_grace_initial",
    17: "guild_discovery_grace_final",
    THREAD_CREATED: "thread_created",
    THREAD_STARTER: "thread_starter",
    22: "invite_reminder",
    26: "premium_upsell",
    29: "stage_speaker",
    30: "stage_raised_hand",
}

# What these show is a message that goes over in its own place.
_REPEATING_KINDS = frozenset({THREAD_CREATED, THREAD_STARTER})


def skip_rule(message: Message) -> str:
    """Return the rule by which a notice stays behind, empty when it is to be said."""
    rule = SKIPPED_KINDS.get(message.kind, "")
    if message.kind in _REPEATING_KINDS:
        return rule
    carries = message.attachments or message.embeds or message.stickers or message.poll or message.snapshots
    return "" if carries or message.component_text else rule


def notice(message: Message) -> str:
    """Return what a system message says, empty for messages that people wrote."""
    say = _SENTENCES.get(message.kind)
    return say(escaped(message.author.name) or "Somebody", message) if say else ""


def _boost(level: int) -> Callable[[str, Message], str]:
    def say(name: str, message: Message) -> str:
        times = message.content.strip()
        often = f" {times} times" if times.isascii() and times.isdigit() and times != "1" else ""
        reached = f" The server has reached **level {level}**!" if level else ""
        return f"-# 🚀 {name} boosted the server{often}!{reached}"

    return say


def _with_content(before: str, without: str = "") -> Callable[[str, Message], str]:
    def say(name: str, message: Message) -> str:
        content = escaped(message.content)
        return f"-# {before.format(name=name)} **{content}**" if content else f"-# {without.format(name=name)}"

    return say


def _plain(sentence: str) -> Callable[[str, Message], str]:
    def say(name: str, _message: Message) -> str:
        return f"-# {sentence.format(name=name)}"

    return say


def _auto_moderation(name: str, message: Message) -> str:
    lines: list[str] = []
    for embed in message.embeds:
        facts = _facts(embed)
        rule = escaped(facts.get("rule_name", ""))
        lines.append(f"-# 🛡 AutoMod flagged a message by {name}" + (f" (rule “{rule}”)" if rule else ""))
        description = embed.get("description")
        if isinstance(description, str) and description.strip():
            lines.append(quoted(escaped(description)))
    return "\n".join(lines) or f"-# 🛡 AutoMod acted on a message by {name}"


def _poll_result(_name: str, message: Message) -> str:
    for embed in message.embeds:
        facts = _facts(embed)
        question = escaped(facts.get("poll_question_text", ""))
        winner = escaped(facts.get("victor_answer_text", ""))
        votes, total = facts.get("victor_answer_votes", ""), facts.get("total_votes", "")
        line = f"📊 The poll **{question}** has closed." if question else "📊 A poll has closed."
        if winner:
            line += f" Winner: **{winner}**"
        if winner and votes.isdecimal() and total.isdecimal():
            line += f" ({int(votes[:9])} of {counted(int(total[:9]), 'vote')})"
        elif total.isdecimal():
            line += f" {counted(int(total[:9]), 'vote')}, no winner"
        return line
    return f"📊 {escaped(message.content) or 'A poll has closed.'}"


def _facts(embed: Mapping[str, Any]) -> dict[str, str]:
    fields = embed.get("fields")
    facts: dict[str, str] = {}
    for field in cast("Sequence[object]", fields) if isinstance(fields, list) else ():
        if isinstance(field, Mapping):
            entry = cast("Mapping[str, object]", field)
            name, value = entry.get("name"), entry.get("value")
            if isinstance(name, str) and isinstance(value, str):
                facts[name] = value
    return facts


_SENTENCES: Mapping[int, Callable[[str, Message], str]] = {
    4: _with_content("✏ {name} renamed this channel to", "✏ {name} renamed this channel"),
    8: _boost(0),
    9: _boost(1),
    10: _boost(2),
    11: _boost(3),
    12: _with_content("📢 {name} followed", "📢 {name} followed an announcement channel"),
    AUTO_MODERATION: _auto_moderation,
    25: _plain("⭐ {name} bought a role subscription"),
    27: _with_content("🎙 {name} opened the stage", "🎙 {name} opened the stage"),
    28: _with_content("🎙 {name} closed the stage", "🎙 {name} closed the stage"),
    31: _with_content("🎙 {name} changed the stage topic to", "🎙 {name} changed the stage topic"),
    32: _plain("⭐ {name} upgraded an app for this server"),
    36: _plain("🛡 {name} turned security actions on"),
    37: _plain("🛡 {name} turned security actions off"),
    38: _plain("🛡 {name} reported a raid"),
    39: _plain("🛡 {name} reported a false alarm"),
    44: _plain("🛒 {name} made a purchase"),
    POLL_RESULT: _poll_result,
}
