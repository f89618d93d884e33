"""Text, addresses and file names as the target stores them, so that what is sent is what will be read back."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import lru_cache
from urllib.parse import urlsplit

from reaper_tui.model.text import cut_utf16, utf16_length

TRIMMED = (
    "\t\n\x0b\x0c\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000\ufeff"
)
URL_UNITS = 2048
FILENAME_UNITS = 255
DESCRIPTION_UNITS = 4096

_UNWANTED = re.compile("[\x00-\x09\x0b-\x1f\x7f\u202e\ud800-\udfff]")
_VISIBLE = re.compile(
    "[^\\s\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e01ef]"
)
_CARRIAGE = re.compile("\r\n?")
_FORBIDDEN_IN_NAMES = re.compile(r"[^\w.-]")
_DOTS = re.compile(r"\.{2,}")
_RESERVED_NAMES = re.compile(r"(?:con|prn|aux|nul|com[1-9]|lpt[1-9])(?:\.|$)", re.IGNORECASE)
_HOST = re.compile(
    r"(?:[a-z0-9\u00a1-\uffff](?:[a-z0-9\u00a1-\uffff-]{0,61}[a-z0-9\u00a1-\uffff])?\.)+"
    r"(?:[a-z\u00a1-\uffff]{2,}|xn--[a-z0-9-]{2,})",
    re.IGNORECASE,
)
_NOT_IN_URL = re.compile("[\\s<>\x00-\x1f\x7f\u202e\ud800-\udfff]")


def normalised(text: str) -> str:
    """Return text as the target stores it, its ends trimmed."""
    return tidied(text).strip(TRIMMED)


def tidied(text: str) -> str:
    """Return text without what the target drops anyway; tabs, which it would drop too, become four spaces."""
    return _UNWANTED.sub(_kept, _CARRIAGE.sub("\n", text)) if _UNWANTED.search(text) else text


def is_visible(text: str) -> bool:
    """Return whether anybody would see something of a text."""
    return _VISIBLE.search(text) is not None


def one_line(text: str) -> str:
    """Return normalised text with every run of white space closed up to one space."""
    return " ".join(normalised(text).split())


def shortened(text: str, units: int) -> str:
    """Return normalised text of at most so many UTF-16 units, with an ellipsis when something was cut."""
    kept = normalised(text)
    if utf16_length(kept) <= units:
        return kept
    return cut_utf16(kept, units - 1).rstrip(TRIMMED) + "…"


def normalised_url(value: object) -> str:
    """Return an address the target accepts, its fragment removed; empty when it would refuse it."""
    return _normalised_address(value) if isinstance(value, str) else ""


# A few hundred authors' pictures make up nearly all addresses.
@lru_cache(maxsize=2048)
def _normalised_address(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        return ""
    address = value.partition("#")[0]
    if utf16_length(address) > URL_UNITS or _NOT_IN_URL.search(address):
        return ""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if "@" in parts.netloc or port == 0 or parts.netloc.endswith(":"):
        return ""
    return address if _HOST.fullmatch(host) or _is_ipv4(host) else ""


def normalised_filename(name: str) -> str:
    """Return the name under which the target will keep a file."""
    kept = _DOTS.sub("_", normalised(name).replace("/", "_").replace("\\", "_"))
    kept = "".join(character for character in kept if character not in '<>:"|?*')
    if _RESERVED_NAMES.match(kept):
        kept = f"_{kept}"
    kept = _FORBIDDEN_IN_NAMES.sub(_kept_in_name, "_".join(kept.split(" ")) if " " in kept else kept)
    kept = _DOTS.sub("_", kept)
    if not kept.strip("._"):
        return "unnamed"
    return _cut_filename(kept)


def _kept(match: re.Match[str]) -> str:
    character = match[0]
    if character == "\t":
        return "    "
    return "\ufffd" if "\ud800" <= character <= "\udfff" else ""


def _kept_in_name(match: re.Match[str]) -> str:
    character = match[0]
    if character.isspace():
        return "_"
    return character if unicodedata.category(character)[0] in "LNM" else ""


def _cut_filename(name: str) -> str:
    if utf16_length(name) <= FILENAME_UNITS:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 16:
        return cut_utf16(name, FILENAME_UNITS)
    return cut_utf16(stem, FILENAME_UNITS - utf16_length(extension) - 1) + dot + extension


def _is_ipv4(host: str) -> bool:
    try:
        ipaddress.IPv4Address(host)
    except ValueError:
        return False
    return True
