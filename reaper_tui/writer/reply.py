"""The line above a message that says what it answers or where it was forwarded from."""

from __future__ import annotations

import re
from collections.abc import Callable

from reaper_tui.model.composition import Directory
from reaper_tui.model.message import REPLY, Message, forwarded
from reaper_tui.writer.markdown import Markup, escaped
from reaper_tui.writer.normalisation import is_visible, one_line
from reaper_tui.writer.notices import PERSONAL_KINDS

EXCERPT_LENGTH = 120

_SPOILER = re.compile(r"\|\|[\s\S]+?\|\|")
_CODE = re.compile(r"```(?:[A-Za-z0-9_+.#-]*\n)?([\s\S]+?)```|`+([^`]+)`+")
_MASKED_LINK = re.compile(r"\[([^\[\]\n]+)\]\(<?https?://[^\s()<>]+>?(?: [^)\n]*)?\)")
_PAIRED = re.compile(r"(\*\*\*|\*\*|__|~~)(?=\S)([\s\S]*?\S)\1")
_LINE_MARK = re.compile(r"^(?:>>> |> |#{1,3} |-# )+", re.MULTILINE)
_TOKEN = re.compile(r"<(?:@&|\#|a?:[^\s:<>]+:|t:)[^\s<>]+>|https?://[^\s<>]+|\\[^0-9A-Za-z\s]")


def is_reply(message: Message) -> bool:
    """Return whether a message answers another one."""
    if forwarded(message) or message.kind not in PERSONAL_KINDS:
        return False
    return message.kind == REPLY or message.quote is not None or message.is_quote_deleted


def reply_line(message: Message, markup: Markup, directory: Directory) -> str:
    """Return the quote line above a reply: who said what, with a link where the answered message stands."""
    reference, quote = message.reference, message.quote
    place = directory.message(reference.message_id) if reference and reference.message_id is not None else None
    link = f" [jump]({markup.message_link(place)})" if place else ""
    if quote is None:
        if message.is_quote_deleted:
            return "> -# ↪ in reply to a deleted message"
        return f"> -# ↪ in reply to an earlier message{link}"
    said = excerpt(quote.content, lambda text: markup.rewritten(text, message.mentions, directory))
    if quote.has_files or not said:
        said = f"{said} 📎".strip() if quote.has_files else "…"
    return f"> -# ↪ **{escaped(quote.author_name) or 'Unknown'}**: {said}{link}"


def forward_line(message: Message, markup: Markup, directory: Directory) -> str:
    """Return the line that marks a forward and names its origin where that is known."""
    reference = message.reference
    place = directory.message(reference.message_id) if reference and reference.message_id is not None else None
    link = f" [jump]({markup.message_link(place)})" if place else ""
    origin = ""
    if reference and reference.channel_id is not None and (place or directory.channel(reference.channel_id)):
        origin = f" from {markup.channel(reference.channel_id, directory)}"
    return f"-# ↪ Forwarded{origin}{link}"


def excerpt(content: str, rewrite: Callable[[str], str], length: int = EXCERPT_LENGTH) -> str:
    """Return a message in one short line without open markup; spoilers stay hidden, links are not unfurled."""
    bare = _SPOILER.sub("▇▇▇", content)
    bare = _CODE.sub(lambda match: match[1] or match[2], bare)
    bare = _MASKED_LINK.sub(r"\1", _LINE_MARK.sub("", bare))
    bare = _PAIRED.sub(r"\2", _PAIRED.sub(r"\2", bare))
    if not is_visible(bare):
        return ""
    line = one_line(rewrite(bare))
    pieces: list[str] = []
    left = length
    position = 0
    for match in _TOKEN.finditer(line):
        left -= _take(line[position : match.start()], left, pieces)
        token = match[0]
        shown = len(token) if token.startswith("http") else 2
        if left <= 0 or shown > left:
            left = 0
            break
        pieces.append(f"<{token}>" if token.startswith("http") else token)
        left -= shown
        position = match.end()
    else:
        _take(line[position:], left, pieces)
        left -= len(line) - position
    text = "".join(pieces).rstrip()
    return f"{text}…" if left <= 0 and len(line) > length else text


def _take(text: str, left: int, pieces: list[str]) -> int:
    if left > 0 and text:
        kept = text[:left] if len(text) <= left else text[: left - 1]
        pieces.append(escaped(kept) if kept == kept.strip() else _escaped_with_ends(kept))
    return len(text)


def _escaped_with_ends(text: str) -> str:
    core = escaped(text)
    if not core:
        return " "
    return (" " if text[0].isspace() else "") + core + (" " if text[-1].isspace() else "")
