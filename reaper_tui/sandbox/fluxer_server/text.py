"""How the server rewrites names, contents and file names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

JS_WHITESPACE = (
    "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007"
    "\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
)
_WHITESPACE_RUN = re.compile(f"[{JS_WHITESPACE}]+")
_REMOVED = re.compile("[\u202e\x00-\x09\x0b\x0c\x0e-\x1f\x7f]")
_PUNCTUATION = str.maketrans("", "", " !\"#$%&'()*+,/:;<=>?@[\\]^`{|}~")
_DOTS = re.compile(r"\.{2,}")
_RESERVED_NAME = re.compile(r"^(CON|PRN|AUX|NUL|COM[1-9]|LPT[1-9])(\.|$)", re.IGNORECASE)
_EMOJI_OR_CODE = re.compile(
    r"```[\s\S]*?```|``[\s\S]*?``|`[^`]*`|<(?P<animated>a?):(?P<name>\w+):(?P<id>\d+)>", re.ASCII
)


def utf16_length(value: str) -> int:
    """The length as JavaScript counts it."""
    return len(value) if value.isascii() else len(value) + sum(character > "\uffff" for character in value)


def normalised(value: str) -> str:
    """The text without control characters, trimmed as JavaScript trims."""
    return _REMOVED.sub("", value).strip(JS_WHITESPACE)


def channel_name(value: str) -> str:
    """The name of a text channel: lower case, hyphens for spaces, no ASCII punctuation but `.`, `-`, `_`."""
    return _WHITESPACE_RUN.sub("-", normalised(value).lower()).translate(_PUNCTUATION) or "-"


def is_filename_safe(value: str) -> bool:
    """Whether the name holds only letters, numbers, marks, `_`, `.` and `-`."""
    return bool(value) and all(character in "_.-" or unicodedata.category(character)[0] in "LNM" for character in value)


def filename(value: str) -> str:
    """The name under which a file is stored."""
    name = normalised(value).replace("/", "_").replace("\\", "_")
    name = _DOTS.sub("_", name)
    name = re.sub(r'[<>:"|?*]', "", name)
    if _RESERVED_NAME.match(name):
        name = f"_{name}"
    name = _WHITESPACE_RUN.sub("_", name)
    name = "".join(c for c in name if c in "_.-" or unicodedata.category(c)[0] in "LNM")
    name = name.replace("..", "_")
    return name if name.strip("._") else "unnamed"


def without_unknown_emojis(content: str, known: Container[int]) -> str:
    """The content in which custom emojis that do not exist are only `:name:`, except in code."""
    if "<" not in content:
        return content

    def kept(found: re.Match[str]) -> str:
        return found[0] if found["id"] is None or int(found["id"]) in known else f":{found['name']}:"

    return _EMOJI_OR_CODE.sub(kept, content)
