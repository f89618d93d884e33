"""Conversations as written down: who says what, in answer to whom, with what attached."""

import re
from functools import cache
from importlib.resources import files

import msgspec

_SLOT = re.compile(r"\{([a-z]+)(?::([^{}]*))?\}")
_DIRECTIVE = re.compile(r"\s*\[\[(\w+)\s*([^\]]*)\]\]")
_LINE = re.compile(r"^([A-Z][\w ]*?)(<(\d*))?: ?(.*)$", re.DOTALL)

Part = str | tuple[str, str]


class Line(msgspec.Struct, frozen=True):
    """One message of a conversation."""

    speaker: str
    parts: tuple[Part, ...]
    answers: int = 0
    """How many lines back the message lies that this one replies to; 0 for none."""
    directives: tuple[tuple[str, str], ...] = ()

    @property
    def plain_text(self) -> str | None:
        """The text if it holds no slot."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None


class Conversation(msgspec.Struct, frozen=True):
    """Lines that belong together, in one language."""

    lines: tuple[Line, ...]
    language: str = "en"
    title: str = ""


@cache
def conversations(theme: str) -> tuple[Conversation, ...]:
    """Return the conversations written for `theme`."""
    text = files("reaper_tui.sandbox.community").joinpath("scripts", f"{theme}.txt").read_text("utf-8")
    return parse(text)


def parse(text: str) -> tuple[Conversation, ...]:
    """Return the conversations in `text`.

    Blocks are parted by blank lines and indented lines go on with the message above. `@de` above a conversation sets
    its language, alone in a block that of all further ones; `= title` names a conversation.
    """
    language = "en"
    found: list[Conversation] = []
    for block in re.split(r"\n\s*\n", text.strip("\n")):
        title, spoken_language = "", language
        spoken: list[str] = []
        for raw in block.split("\n"):
            if raw.startswith("@"):
                spoken_language = raw[1:].strip()
            elif raw.startswith("="):
                title = raw[1:].strip()
            elif raw.startswith("  "):
                spoken[-1] += "\n" + raw[2:]
            elif raw.strip():
                spoken.append(raw)
        if spoken:
            found.append(Conversation(tuple(_line(raw) for raw in spoken), spoken_language, title))
        else:
            language = spoken_language
    return tuple(found)


def _line(raw: str) -> Line:
    match = _LINE.match(raw)
    if match is None:
        raise ValueError(f"not a line of a conversation: {raw!r}")
    speaker, arrow, back, text = match.groups()
    directives = tuple((found[1], found[2].strip()) for found in _DIRECTIVE.finditer(text))
    text = _DIRECTIVE.sub("", text).replace("\n.\n", "\n\n")
    return Line(speaker, split_slots(text), int(back or 1) if arrow else 0, directives)


def split_slots(text: str) -> tuple[Part, ...]:
    """Return `text` as plain stretches and slots."""
    parts: list[Part] = []
    end = 0
    for match in _SLOT.finditer(text):
        if match.start() > end:
            parts.append(text[end : match.start()])
        parts.append((match[1], match[2] or ""))
        end = match.end()
    if end < len(text):
        parts.append(text[end:])
    return tuple(parts)
