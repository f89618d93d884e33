"""Files the source hosts: addresses that die within a day, so that what they show has to travel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from reaper_tui.model.ids import optional_snowflake
from reaper_tui.writer.markdown import escaped

SOURCE_BASES = ("https://cdn.discordapp.com", "https://media.discordapp.net")
_MARK = "\x00"
_MARKED = re.compile(f"{_MARK}([0-9]+){_MARK}")
_QUOTE = re.compile(r"^(?:>>> |>+ ?)*")


class SourceFile(NamedTuple):
    """A file by its address: the attachment's id and the name it had."""

    key: int
    filename: str
    url: str


class PastedLink(NamedTuple):
    """A link to a file in a text; `is_spoiler` when the text hides it."""

    file: SourceFile
    is_spoiler: bool


class SourceFiles:
    """Knows the addresses below which the source keeps attachments."""

    def __init__(self, bases: tuple[str, ...] = SOURCE_BASES) -> None:
        self._places = frozenset(_place(base) for base in bases)
        hosts = "|".join(sorted({re.escape(urlsplit(base).netloc) for base in bases})) or "(?!)"
        link = rf"https?://(?:{hosts})/[^\s<>`|\"']+?"
        self._has_link = re.compile(rf"https?://(?:{hosts})/", re.IGNORECASE)
        # What hides a link (an escape, code) is tried before the link itself.
        self._token = re.compile(
            rf"""
              \\[^0-9A-Za-z\s]
            | ```[\s\S]+?```
            | (?P<ticks>`+)(?!`)[\s\S]*?[^`](?P=ticks)(?!`)
            | \|\|[ ]*<?(?P<hidden>{link})>?[ ]*\|\|
            | \[(?P<words>[^\[\]\n]+)\]\(<?(?P<masked>{link})>?(?:[ ]"[^"\n]*")?\)
            | <(?P<angled>{link})>
            | (?P<bare>{link})(?=[\s<>`|"']|[.,;:!?)\]]*(?:\s|$)|$)
            """,
            re.VERBOSE | re.IGNORECASE,
        )

    def file_at(self, url: str) -> SourceFile | None:
        """Return the attachment behind an address, None when there is none of the source's."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return None
        for place in (parts.netloc.lower(), parts.path):
            if "\\" in place:
                return None
        for netloc, prefix in self._places:
            if parts.netloc.lower() != netloc or not parts.path.startswith(f"{prefix}/"):
                continue
            steps = parts.path.removeprefix(prefix).split("/")
            if len(steps) != 5 or steps[1] not in ("attachments", "ephemeral-attachments"):
                continue
            key = optional_snowflake(steps[3]) if steps[3].isascii() and steps[3].isdecimal() else None
            if key is not None and steps[4]:
                return SourceFile(key, unquote(steps[4]), url)
        return None

    def taken_out(self, text: str) -> tuple[str, list[PastedLink]]:
        """Return a text without its links to the source's files, and these; code is left alone.

        A link that stands alone in its line goes with the line, one inside a sentence becomes the file's name.
        """
        if self._has_link.search(text) is None:
            return text, []
        links: list[PastedLink] = []

        def marked(match: re.Match[str]) -> str:
            kind = match.lastgroup
            if kind is None or kind == "ticks":
                return match[0]
            group = "masked" if match["masked"] else kind
            file = self.file_at(match[group])
            if file is None:
                return match[0]
            links.append(PastedLink(file, is_spoiler=group == "hidden"))
            mark = f"{_MARK}{len(links) - 1}{_MARK}"
            return f"{match['words']} ({mark})" if group == "masked" else mark

        lines = self._token.sub(marked, text.replace(_MARK, "")).split("\n")
        if not links:
            return text, []
        return "\n".join(_without_marks(lines, links)), links


def _without_marks(lines: list[str], links: list[PastedLink]) -> Iterator[str]:
    for line in lines:
        if _MARK not in line:
            yield line
            continue
        if _MARKED.sub("", _QUOTE.sub("", line)).strip():
            yield _MARKED.sub(lambda found: f"📎 {escaped(links[int(found[1])].file.filename)}", line)


def _place(base: str) -> tuple[str, str]:
    parts = urlsplit(base)
    return parts.netloc.lower(), parts.path.rstrip("/")
