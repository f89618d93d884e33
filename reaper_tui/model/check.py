"""One line of an examination: what was looked at, how it stands, and what to do about it."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class CheckState(StrEnum):
    """How something stands; a note does not stop a run, a fault does."""

    OK = "ok"
    NOTE = "note"
    FAULT = "fault"
    SKIPPED = "skipped"


class Trouble(StrEnum):
    """What kind of fault it is, which decides how a command ends."""

    NONE = ""
    USAGE = "usage"
    ACCESS = "access"
    UNAVAILABLE = "unavailable"
    HELD = "held"


class Check(msgspec.Struct, frozen=True):
    """The outcome of one look; `line` and `mend` are for people and hold no secret."""

    name: str
    state: CheckState
    line: str
    mend: str = ""
    trouble: Trouble = Trouble.NONE
