"""What was not carried over, grouped by cause."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from reaper_tui.model.summary import Failure
from reaper_tui.model.text import SafeText, sanitise_line

_PARTICULAR = re.compile(r"“[^”]*”|\"[^\"]*\"|'[^']*'|\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class FailureGroup:
    """Failures of one kind that share a cause, particulars such as names and numbers aside."""

    what: SafeText
    cause: SafeText
    failures: tuple[Failure, ...]

    @property
    def key(self) -> str:
        """Return what the group is known by."""
        return f"{self.what}:{_shape(self.cause)}"


def grouped(failures: Iterable[Failure]) -> tuple[FailureGroup, ...]:
    """Return groups, the largest first."""
    found: dict[tuple[str, str], list[Failure]] = {}
    for failure in failures:
        found.setdefault((failure.what, _shape(failure.cause)), []).append(failure)
    groups = [
        FailureGroup(
            sanitise_line(what, 40),
            sanitise_line(rows[0].cause if len({row.cause for row in rows}) == 1 else shape, 300)
            or SafeText("no cause on record"),
            tuple(rows),
        )
        for (what, shape), rows in found.items()
    ]
    return tuple(sorted(groups, key=lambda group: -len(group.failures)))


def failure_lines(failure: Failure, guild_id: str) -> tuple[tuple[str, str], ...]:
    """Return everything known of a failure as (word, value)."""
    lines = [
        ("what", sanitise_line(failure.what, 60)),
        ("where", sanitise_line(failure.name, 200)),
        ("cause", sanitise_line(failure.cause, 1000)),
    ]
    if failure.channel_id:
        lines.append(("channel", sanitise_line(failure.channel_id, 30)))
    if failure.message_id:
        lines.append(("message", sanitise_line(failure.message_id, 30)))
    if failure.message_id.isdigit() and failure.channel_id.isdigit() and guild_id.isdigit():
        link = f"https://discord.com/channels/{guild_id}/{failure.channel_id}/{failure.message_id}"
        lines.append(("source", SafeText(link)))
    return tuple((word, value) for word, value in lines if value)


def _shape(cause: str) -> str:
    return _PARTICULAR.sub("…", cause)
