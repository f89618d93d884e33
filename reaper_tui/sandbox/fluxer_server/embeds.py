"""Embeds as they are sent, checked and stored."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from .errors import Issue, invalid_field, invalid_form, invalid_message_data
from .snowflakes import iso_from_milliseconds
from .text import is_filename_safe, normalised, utf16_length

MAX_EMBEDS = 10
MAX_CHARACTERS = 6000
ATTACHMENT_SCHEME = "attachment://"
_IMAGE_EXTENSIONS = frozenset({"png", "jpg", "jpeg", "webp", "gif"})
_LABEL = re.compile(r"^(?!-)[\w\u00a1-\uffff-]{1,63}(?<!-)$")
_TOP_LEVEL = re.compile(r"^([a-z\u00a1-\uffff]{2,}|xn--[a-z0-9-]{2,})$", re.IGNORECASE)


class AuthorInput(msgspec.Struct):
    """The line above the title."""

    name: str
    url: str | None = None
    icon_url: str | None = None


class FooterInput(msgspec.Struct):
    """The line below."""

    text: str
    icon_url: str | None = None


class MediaInput(msgspec.Struct):
    """A picture by address, or `attachment://` and the name of an uploaded file."""

    url: str
    description: str | None = None


class FieldInput(msgspec.Struct):
    """A named value."""

    name: str
    value: str
    inline: bool = False


class EmbedInput(msgspec.Struct):
    """An embed as a client may write it; other keys are ignored."""

    url: str | None = None
    title: str | None = None
    color: int | None = None
    timestamp: str | int | None = None
    description: str | None = None
    author: AuthorInput | None = None
    image: MediaInput | None = None
    thumbnail: MediaInput | None = None
    footer: FooterInput | None = None
    fields: list[FieldInput] | None = None


def text(value: str, most: int, least: int = 1) -> str:
    """The normalised text, which must keep within the length."""
    clean = normalised(value)
    if not least <= utf16_length(clean) <= most:
        raise invalid_message_data()
    return clean


def is_url(value: str) -> bool:
    """Whether the server's validator lets the address pass: http(s), an IP or a name with a top-level domain."""
    if not value.startswith(("http://", "https://")) or not 1 <= utf16_length(value) <= 2048:
        return False
    if any(mark in value for mark in (" ", "<", ">", "#", "\n", "\r")):
        return False
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or "@" in parts.netloc or port == 0:
        return False
    try:
        ipaddress.ip_address(host)
    except ValueError:
        labels = host.split(".")
        return len(labels) > 1 and _TOP_LEVEL.match(labels[-1]) is not None and all(map(_LABEL.match, labels))
    return True


def url(value: str) -> str:
    """The normalised address, which must be valid."""
    clean = normalised(value)
    if not is_url(clean):
        raise invalid_message_data()
    return clean


def stored(embed: EmbedInput) -> dict[str, Any]:
    """The embed in the form the server keeps."""
    result: dict[str, Any] = {"type": "rich"}
    if embed.url is not None:
        result["url"] = url(embed.url)
    if embed.title is not None:
        result["title"] = text(embed.title, 256)
    result["color"] = _colour(embed.color)
    if embed.timestamp is not None:
        result["timestamp"] = _timestamp(embed.timestamp)
    if embed.description is not None:
        result["description"] = text(embed.description, 4096)
    if embed.author is not None:
        author = {"name": text(embed.author.name, 256)}
        if embed.author.url is not None:
            author["url"] = url(embed.author.url)
        result["author"] = author | _icon(embed.author.icon_url)
    for key, media in (("image", embed.image), ("thumbnail", embed.thumbnail)):
        if media is not None:
            result[key] = _media(media)
    if embed.footer is not None:
        result["footer"] = {"text": text(embed.footer.text, 2048)} | _icon(embed.footer.icon_url)
    if embed.fields is not None:
        if len(embed.fields) > 25:
            raise invalid_message_data()
        result["fields"] = [
            {"name": text(field.name, 256), "value": text(field.value, 1024), "inline": field.inline}
            for field in embed.fields
        ]
    return result


def check_totals(embeds: Sequence[dict[str, Any]]) -> None:
    """Refuse more than ten embeds or 6000 characters in all of them."""
    if len(embeds) > MAX_EMBEDS:
        message = f"Too many embeds. Maximum {MAX_EMBEDS} embeds allowed."
        raise invalid_field("embeds", "TOO_MANY_EMBEDS", message)
    if sum(map(_characters, embeds)) > MAX_CHARACTERS:
        message = f"Embeds must not exceed {MAX_CHARACTERS} characters characters in total."
        raise invalid_field("embeds", "EMBEDS_EXCEED_MAX_CHARACTERS", message)


def link_uploads(embeds: Sequence[dict[str, Any]], uploads: dict[str, int]) -> None:
    """Replace `attachment://name` by the id of the uploaded file of that name."""
    for index, embed in enumerate(embeds):
        for key in ("image", "thumbnail"):
            media: dict[str, Any] | None = embed.get(key)
            if media is None or not str(media["url"]).startswith(ATTACHMENT_SCHEME):
                continue
            name = str(media["url"])[len(ATTACHMENT_SCHEME) :]
            path = f"embeds[{index}].{key}.url"
            if name not in uploads:
                message = f'Referenced attachment "{name}" wasn\'t found in message attachments.'
                raise invalid_form([Issue(path, message, "REFERENCED_ATTACHMENT_NOT_FOUND")])
            if name.rpartition(".")[2].lower() not in _IMAGE_EXTENSIONS:
                message = f'Attachment "{name}" must be an image file (png, jpg, jpeg, webp, or gif).'
                raise invalid_form([Issue(path, message, "ATTACHMENT_MUST_BE_IMAGE")])
            media["attachment_id"] = uploads[name]


def _colour(value: int | None) -> int:
    if value is None:
        return 0
    if not 0 <= value <= 0xFFFFFF:
        raise invalid_message_data()
    return value


def _timestamp(value: str | int) -> str:
    try:
        if isinstance(value, int):
            return iso_from_milliseconds(value)
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError, OSError):
        raise invalid_message_data() from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return iso_from_milliseconds(round(moment.timestamp() * 1000))


def _icon(value: str | None) -> dict[str, str]:
    return {} if value is None else {"icon_url": url(value)}


def _media(media: MediaInput) -> dict[str, Any]:
    address = normalised(media.url)
    if address.startswith(ATTACHMENT_SCHEME):
        if not is_filename_safe(address[len(ATTACHMENT_SCHEME) :]):
            raise invalid_message_data()
    elif not is_url(address):
        raise invalid_message_data()
    result: dict[str, Any] = {"url": address}
    if media.description is not None:
        result["description"] = text(media.description, 4096)
    return result


def _characters(embed: dict[str, Any]) -> int:
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts.append(embed.get("author", {}).get("name", ""))
    texts.append(embed.get("footer", {}).get("text", ""))
    for field in embed.get("fields", ()):
        texts += (field["name"], field["value"])
    return sum(map(utf16_length, texts))
