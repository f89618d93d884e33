"""Polls as text: the question, and each answer with a bar and its votes."""

from __future__ import annotations

from collections.abc import Callable

from reaper_tui.model.message import Poll
from reaper_tui.writer.markdown import escaped
from reaper_tui.writer.wording import bar, counted


def poll_text(poll: Poll, rewrite: Callable[[str], str]) -> str:
    """Return a poll as readable lines; `rewrite` turns custom emojis into the target's."""
    total = sum(max(0, answer.votes) for answer in poll.answers)
    lines = [f"📊 **{escaped(poll.question) or 'Poll'}**"]
    for answer in poll.answers:
        share = max(0, answer.votes) / total if total else 0.0
        emoji = f"{rewrite(answer.emoji)} " if answer.emoji else ""
        lines.append(f"`{bar(share)} {share:4.0%}` {emoji}{escaped(answer.text)} · {counted(answer.votes, 'vote')}")
    lines.append(f"-# {counted(total, 'vote')}{', final result' if poll.is_final else ' so far'}")
    return "\n".join(lines)
