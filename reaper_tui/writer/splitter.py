"""Long text in posts of a limited length, cut where a reader would pause and with its markup valid in each post."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import NamedTuple

from reaper_tui.model.text import utf16_length
from reaper_tui.writer.normalisation import TRIMMED, is_visible

_LANGUAGE_LENGTH = 32
_WHOLE_TOKEN_LENGTH = 400
_WHOLE_CODE_LENGTH = 120
_TRIES = 8
_BOUNDARIES = (
    re.compile(r"\n[ \t]*\n"),
    re.compile(r"\n"),
    re.compile(r"[.!?…。！？]['\")\]*_]*\s"),
    re.compile(r"\s"),
)
_LEAST_FILL = (0.5, 0.4, 0.4, 0.3)
_STRUCTURE = re.compile(
    r"""
      (?P<escape>\\[^0-9A-Za-z\s])
    | (?P<fence>```(?P<language>[A-Za-z0-9_+.\#-]*(?=\n))?\n?(?P<code>[\s\S]+?)```)
    | (?P<open_fence>(?:(?<=\n)|(?<![\s\S])|(?<=\n>\ ))
        ```(?P<open_language>[A-Za-z0-9_+.\#-]*(?=\n))?\n?(?P<open_code>[\s\S]*)\Z)
    | (?P<inline>(?P<ticks>`+)(?!`)[\s\S]*?[^`](?P=ticks)(?!`))
    | (?P<whole>\[[^\[\]\n]{1,200}\]\([^()\s]{1,600}\) | <[^<>\s]{1,200}> | </[^<>\n]{1,140}> | https?://[^\s<>`]+)
    | (?P<marker>\|\| | ~~ | \*+ | __)
    """,
    re.VERBOSE,
)
_LINE_PREFIX = re.compile(r"(?:>\ ?)*(?:-\#\ |\#{1,3}\ )?")
_REST_QUOTED = re.compile(r"^>>> ", re.MULTILINE)


class _Stretch(NamedTuple):
    """A piece of the text that wants the same opening and closing around it in every post it reaches into."""

    start: int
    end: int
    opening: str
    closing: str


class _Structure(NamedTuple):
    """What of a text must not be cut, and what must be closed and opened again where it is cut."""

    wholes: list[tuple[int, int]]
    fences: list[_Stretch]
    stretches: list[_Stretch]
    edges: frozenset[int]
    rest_quoted_from: int


def split(text: str, limit: int) -> list[str]:
    """Return a text in posts of at most `limit` UTF-16 units, each with something to see; [] when there is nothing."""
    text = text.strip(TRIMMED)
    if not is_visible(text):
        return []
    if utf16_length(text) <= limit:
        return [text]
    structure = _structure(text)
    posts: list[str] = []
    position = 0
    while (position := _after_space(text, structure, position)) < len(text):
        opening = _opening(text, structure, position, limit)
        end, closing = _cut(text, structure, position, limit - utf16_length(opening))
        body = text[position:end]
        if not _fence_at(structure, end):
            body = body.rstrip(TRIMMED)
        if is_visible(body):
            posts.append(_joined(opening, body, closing))
        position = end
    return posts


def has_open_fence(text: str) -> bool:
    """Return whether a text leaves a code fence open, so that what follows would be code."""
    return any(match.lastgroup == "open_fence" for match in _STRUCTURE.finditer(text))


def _joined(opening: str, body: str, closing: str) -> str:
    if closing.startswith("\n") and body.endswith("\n"):
        closing = closing[1:]
    return opening + body + closing


def _structure(text: str) -> _Structure:
    wholes: list[tuple[int, int]] = []
    fences: list[_Stretch] = []
    stretches: list[_Stretch] = []
    open_markers: dict[str, int] = {}
    for match in _STRUCTURE.finditer(text):
        kind = match.lastgroup
        start, end = match.span()
        if kind in ("fence", "open_fence"):
            fence = _fence(text, match, is_closed=kind == "fence")
            fences.append(fence)
            wholes += [(start, fence.start), (fence.end, end)]
        elif kind == "inline" and end - start > _WHOLE_CODE_LENGTH:
            ticks = match["ticks"]
            stretches.append(_Stretch(start + len(ticks), end - len(ticks), ticks, ticks))
            wholes += [(start, start + len(ticks)), (end - len(ticks), end)]
        elif kind == "marker":
            wholes.append((start, end))
            _pair(text, match[0], start, end, open_markers, stretches)
        elif end - start <= _WHOLE_TOKEN_LENGTH:
            wholes.append((start, end))
    stretches.sort()
    edges = frozenset(edge for stretch in fences + stretches for edge in stretch[:2])
    rest = next((m.start() for m in _REST_QUOTED.finditer(text) if not _fence_at_all(fences, m.start())), len(text))
    return _Structure(wholes, fences, stretches, edges, rest)


def _pair(
    text: str, marker: str, start: int, end: int, open_markers: dict[str, int], stretches: list[_Stretch]
) -> None:
    """Remember a marker that opens, or the stretch that it closes."""
    if len(marker) > 3:
        return
    opened = open_markers.get(marker)
    is_spoiler = marker == "||"
    if opened is not None and (is_spoiler or (not text[start - 1].isspace() and "\n\n" not in text[opened:start])):
        del open_markers[marker]
        if opened < start:
            stretches.append(_Stretch(opened, start, marker, marker))
    elif is_spoiler or not text[end : end + 1].isspace():
        open_markers[marker] = end


def _fence(text: str, match: re.Match[str], *, is_closed: bool) -> _Stretch:
    language = match["language" if is_closed else "open_language"] or ""
    code = "code" if is_closed else "open_code"
    prefix = _quote(text, text.rfind("\n", 0, match.start()) + 1)
    if len(language) > _LANGUAGE_LENGTH:
        language = ""
    end = match.start(code) + len(match[code].rstrip(TRIMMED))
    return _Stretch(match.start(code), end, f"{prefix}```{language}\n", f"\n{prefix}```")


def _quote(text: str, line_start: int) -> str:
    return "> " if text.startswith(">", line_start) and not text.startswith(">>>", line_start) else ""


def _fence_at_all(fences: list[_Stretch], position: int) -> bool:
    return any(fence.start <= position < fence.end for fence in fences)


def _fence_at(structure: _Structure, position: int) -> _Stretch | None:
    return next((fence for fence in structure.fences if fence.start < position < fence.end), None)


def _open_at(structure: _Structure, position: int) -> list[_Stretch]:
    return [stretch for stretch in structure.stretches if stretch.start < position < stretch.end]


def _opening(text: str, structure: _Structure, position: int, limit: int) -> str:
    line_start = text.rfind("\n", 0, position) + 1
    is_mid_line = line_start < position
    fence = _fence_at(structure, position)
    if fence is not None:
        opening = fence.opening
        if is_mid_line and opening.startswith(">"):
            opening += "> "
    else:
        opening = ">>> " if position > structure.rest_quoted_from else ""
        if is_mid_line and not opening:
            match = _LINE_PREFIX.match(text, line_start, position)
            opening = match[0] if match and match.end() < position else ""
        opening += "".join(stretch.opening for stretch in _open_at(structure, position))
    return opening if utf16_length(opening) <= limit // 4 else ""


def _closing(structure: _Structure, position: int, limit: int) -> str:
    fence = _fence_at(structure, position)
    if fence is not None:
        return fence.closing
    closing = "".join(stretch.closing for stretch in reversed(_open_at(structure, position)))
    return closing if utf16_length(closing) <= limit // 4 else ""


def _after_space(text: str, structure: _Structure, position: int) -> int:
    if _fence_at(structure, position):
        return position + 1 if text[position] == "\n" else position
    while position < len(text) and text[position] in TRIMMED:
        position += 1
    return position


def _cut(text: str, structure: _Structure, start: int, limit: int) -> tuple[int, str]:
    """Return where to end the post that starts here, and what closes its markup."""
    end = _reach(text, start, limit)
    if end == len(text):
        closing = _final_closing(structure, end)
        if not closing or utf16_length(text[start:]) + utf16_length(closing) <= limit:
            return end, closing
    for _ in range(_TRIES):
        cut = _boundary(text, structure, start, end)
        closing = _closing(structure, cut, limit)
        excess = utf16_length(text[start:cut]) + utf16_length(closing) - limit
        if excess <= 0:
            return cut, closing
        end = max(start + 1, cut - excess)
    return _reach(text, start, max(1, limit)), ""


def _final_closing(structure: _Structure, end: int) -> str:
    """Return what closes a fence that the text leaves open."""
    last = structure.fences[-1] if structure.fences else None
    return last.closing if last is not None and last.end == end else ""


def _reach(text: str, start: int, units: int) -> int:
    """Return the furthest end such that the text from `start` fits."""
    end = min(len(text), start + units)
    while end > start + 1 and (excess := utf16_length(text[start:end]) - units) > 0:
        end -= (excess + 1) // 2
    return end


def _boundary(text: str, structure: _Structure, start: int, end: int) -> int:
    for pattern, fill in zip(_BOUNDARIES, _LEAST_FILL, strict=True):
        least = start + int((end - start) * fill)
        cuts = [match.end() for match in pattern.finditer(text, least, min(end + 1, len(text)))]
        for cut in reversed(cuts):
            place = min(cut, end)
            if place > start and _may_cut(structure, place):
                return place
    places = (place for place in range(end, start, -1) if _may_cut(structure, place) and not _joins(text, place))
    return next(places, end)


def _may_cut(structure: _Structure, position: int) -> bool:
    return position not in structure.edges and not _is_inside_whole(structure, position)


def _is_inside_whole(structure: _Structure, position: int) -> bool:
    index = bisect_right(structure.wholes, (position, -1)) - 1
    return index >= 0 and position < structure.wholes[index][1]


def _joins(text: str, position: int) -> bool:
    """Return whether the characters on both sides of a position make one sign."""
    if position >= len(text):
        return False
    before, after = text[position - 1], text[position]
    if (
        before == "\u200d"
        or after == "\u200d"
        or "\ufe00" <= after <= "\ufe0f"
        or "\U0001f3fb" <= after <= "\U0001f3ff"
    ):
        return True
    if "\U0001f1e6" <= after <= "\U0001f1ff" and "\U0001f1e6" <= before <= "\U0001f1ff":
        run = position
        while run > 0 and "\U0001f1e6" <= text[run - 1] <= "\U0001f1ff":
            run -= 1
        return (position - run) % 2 == 1
    return unicodedata.combining(after) != 0 or "\U000e0020" <= after <= "\U000e007f"
