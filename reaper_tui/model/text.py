"""Untrusted text: what may reach a terminal, and lengths as the servers count them."""

from __future__ import annotations

import re
import unicodedata
from typing import NewType

SafeText = NewType("SafeText", str)

_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u2060\u2061\u2062\u2063\u2064"
    "\u206a\u206b\u206c\u206d\u206e\u206f\u3164\ufeff\uffa0\ufff9\ufffa\ufffb\u2028\u2029"
)
_CONTROLS = "".join(chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) != "\n")
_DROPPED = str.maketrans(dict.fromkeys(_CONTROLS + _BIDI + _INVISIBLE, ""))
_TAGS = re.compile("[\U000e0000-\U000e007f]")
_STACKED_MARKS = 4


def sanitise(text: str, limit: int = 0) -> SafeText:
    """Return text that cannot steer a terminal: no controls, bidi, invisible or lone-surrogate characters.

    Newlines stay; `limit` (in characters, 0 for none) cuts with an ellipsis.
    """
    if limit and len(text) > 4 * limit:
        text = text[: 4 * limit]
    kept = text if text.isascii() and text.isprintable() else _cleaned(text)
    if limit and len(kept) > limit:
        kept = kept[: limit - 1] + "…"
    return SafeText(kept)


def _cleaned(text: str) -> str:
    kept = _TAGS.sub("", text.replace("\t", " ").translate(_DROPPED))
    return kept if kept.isascii() else _without_stacked_marks(kept.encode("utf-8", "replace").decode("utf-8"))


def sanitise_line(text: str, limit: int = 0) -> SafeText:
    """Return sanitised text on a single line with runs of white space closed up."""
    cut = text[: 8 * limit] if limit else text
    return sanitise(" ".join(cut.split()), limit)


def utf16_length(text: str) -> int:
    """Return the length in UTF-16 code units, which is how both servers count."""
    return len(text) + sum(character > "\uffff" for character in text) if not text.isascii() else len(text)


def cut_utf16(text: str, units: int) -> str:
    """Return the longest start of a text that fits in so many UTF-16 code units."""
    if utf16_length(text) <= units:
        return text
    taken = 0
    for index, character in enumerate(text):
        taken += 2 if character > "\uffff" else 1
        if taken > units:
            return text[:index]
    return text


def _without_stacked_marks(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= _STACKED_MARKS:
            kept.append(character)
    return "".join(kept)
