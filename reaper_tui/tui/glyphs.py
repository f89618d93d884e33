"""The glyph, word and tone of every state: colour is never alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reaper_tui.engine.control import RunState
from reaper_tui.engine.events import Level
from reaper_tui.engine.progress import ChannelState, Phase
from reaper_tui.model.community import ChannelKind
from reaper_tui.model.plan import Action


class Tone(StrEnum):
    """How a piece of text feels; themes turn it into a colour."""

    PLAIN = "plain"
    MUTED = "muted"
    ACCENT = "accent"
    SUCCESS = "success"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Sign:
    """A state as it is drawn."""

    glyph: str
    word: str
    tone: Tone = Tone.PLAIN

    def __str__(self) -> str:
        return f"{self.glyph} {self.word}"


RUN_SIGNS: dict[RunState, Sign] = {
    RunState.IDLE: Sign("○", "ready", Tone.MUTED),
    RunState.PREPARING: Sign("◌", "preparing", Tone.ACCENT),
    RunState.RUNNING: Sign("▶", "running", Tone.ACCENT),
    RunState.PAUSED: Sign("‖", "paused", Tone.WARNING),
    RunState.DRAINING: Sign("▽", "stopping: finishing what is in flight", Tone.WARNING),
    RunState.CANCELLING: Sign("✖", "cutting off", Tone.ERROR),
    RunState.DONE: Sign("✔", "done", Tone.SUCCESS),
    RunState.STOPPED: Sign("■", "stopped", Tone.WARNING),
    RunState.FAILED: Sign("✖", "failed", Tone.ERROR),
}

CHANNEL_SIGNS: dict[ChannelState, Sign] = {
    ChannelState.WAITING: Sign("○", "waiting", Tone.MUTED),
    ChannelState.READING: Sign("↓", "reading", Tone.ACCENT),
    ChannelState.SENDING: Sign("▶", "sending", Tone.ACCENT),
    ChannelState.LIMITED: Sign("◔", "limited", Tone.WARNING),
    ChannelState.HOLDING: Sign("‖", "holding", Tone.WARNING),
    ChannelState.DONE: Sign("✔", "done", Tone.SUCCESS),
    ChannelState.INCOMPLETE: Sign("▲", "partial", Tone.WARNING),
    ChannelState.STOPPED: Sign("■", "stopped", Tone.WARNING),
    ChannelState.FAILED: Sign("✖", "failed", Tone.ERROR),
}

LEVEL_SIGNS: dict[Level, Sign] = {
    Level.DEBUG: Sign("·", "debug", Tone.MUTED),
    Level.INFO: Sign("•", "info"),
    Level.SUCCESS: Sign("✔", "ok", Tone.SUCCESS),
    Level.WARNING: Sign("▲", "warn", Tone.WARNING),
    Level.ERROR: Sign("✖", "error", Tone.ERROR),
}

KIND_SIGNS: dict[ChannelKind, Sign] = {
    ChannelKind.TEXT: Sign("#", "text"),
    ChannelKind.VOICE: Sign("♪", "voice"),
    ChannelKind.CATEGORY: Sign("▪", "category"),
    ChannelKind.ANNOUNCEMENT: Sign("!", "news"),
    ChannelKind.STAGE: Sign("♫", "stage"),
    ChannelKind.FORUM: Sign("≡", "forum"),
    ChannelKind.MEDIA: Sign("▣", "media"),
    ChannelKind.THREAD: Sign("↳", "thread"),
    ChannelKind.OTHER: Sign("?", "other"),
}

POST_SIGN = Sign("↳", "post")

ACTION_SIGNS: dict[Action, Sign] = {
    Action.CREATE: Sign("+", "create", Tone.SUCCESS),
    Action.REUSE: Sign("=", "reuse", Tone.MUTED),
    Action.CHANGE: Sign("~", "change", Tone.ACCENT),
    Action.CANNOT: Sign("✖", "cannot", Tone.ERROR),
}

FINDING_SIGNS: dict[str, Sign] = {
    "ok": Sign("✔", "ok", Tone.SUCCESS),
    "note": Sign("▲", "note", Tone.WARNING),
    "fault": Sign("✖", "fault", Tone.ERROR),
    "skipped": Sign("○", "skipped", Tone.MUTED),
}

PHASE_WORDS: dict[Phase, str] = {
    Phase.SURVEY: "looking at both sides",
    Phase.PLAN: "planning",
    Phase.STRUCTURE: "building roles and channels",
    Phase.MESSAGES: "copying messages",
    Phase.AMENDING: "pins, edits and reactions",
    Phase.LIVE: "live",
    Phase.VERIFY: "reading the target back",
    Phase.FINISHED: "finished",
}


def kind_sign(kind: str) -> Sign:
    """Return the sign of a channel kind given as text; a forum's post is drawn as a thread."""
    if kind == "post":
        return POST_SIGN
    try:
        return KIND_SIGNS[ChannelKind(kind)]
    except ValueError:
        return KIND_SIGNS[ChannelKind.OTHER]
