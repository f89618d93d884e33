"""Names as the target stores them, so that what exists is recognised."""

from __future__ import annotations

import re

from reaper_tui.model.text import cut_utf16

_DROPPED = re.compile(r"""[!"#$%&'()*+,/:;<=>?@\[\\\]^`{|}~]""")
_CONTROLS = re.compile("[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u202e]")
NAME_UNITS = 100


def text_channel_name(name: str) -> str:
    """Return the name a Fluxer server gives a text channel (2026-02, without flexible names)."""
    lowered = re.sub(r"\s+", "-", clean_name(name).lower())
    return _DROPPED.sub("", lowered) or "-"


def clean_name(name: str) -> str:
    """Return a name as any Fluxer field keeps it: no controls, trimmed, 1 to 100 UTF-16 units."""
    return cut_utf16(_CONTROLS.sub("", name).strip(), NAME_UNITS).strip() or "-"


def emoji_name(name: str) -> str:
    """Return a name that Fluxer takes for an emoji: 2 to 32 of letters, digits and underscores."""
    kept = re.sub(r"[^A-Za-z0-9_]", "_", name)[:32]
    return kept if len(kept) >= 2 else f"{kept}_" if kept else "emoji"


def sticker_name(name: str) -> str:
    """Return a name that Fluxer takes for a sticker: 2 to 30 characters."""
    kept = cut_utf16(clean_name(name), 30).strip()
    return kept if len(kept) >= 2 else f"{kept}_"
