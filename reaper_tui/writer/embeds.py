"""Embeds as the target accepts them: known keys only, lengths kept, addresses checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from reaper_tui.model.community import Limits
from reaper_tui.model.outgoing import FileSlot
from reaper_tui.model.text import utf16_length
from reaper_tui.writer.markdown import escaped, quoted
from reaper_tui.writer.normalisation import normalised, normalised_url, shortened
from reaper_tui.writer.pictures import PLACES

FIELDS = 25
_TITLE = 256
_DESCRIPTION = 4096
_FIELD_VALUE = 1024
_FOOTER = 2048
_COLOR = 0xFFFFFF
_ZERO_WIDTH_SPACE = "\u200b"
_PREVIEWS = frozenset({"link", "video", "image", "gifv", "article"})
_NOTICES = frozenset({"poll_result", "auto_moderation_message", "auto_moderation_notification"})


def own_embeds(embeds: Sequence[Mapping[str, Any]], content: str, *, is_person: bool) -> list[Mapping[str, Any]]:
    """Return the embeds that belong to a message, without previews of links in it: the target makes those itself."""
    has_link = "http://" in content or "https://" in content
    kept: list[Mapping[str, Any]] = []
    for embed in embeds:
        kind, url = str(embed.get("type")), embed.get("url")
        is_linked = isinstance(url, str) and url != "" and url in content
        is_preview = (kind in _PREVIEWS and has_link) or (is_person and is_linked)
        if kind not in _NOTICES and not is_preview:
            kept.append(embed)
    return kept


def accepted_embed(
    embed: Mapping[str, Any], rewrite: Callable[[str], str], characters: int, picture: Callable[[object], str]
) -> dict[str, Any]:
    """Return what the target takes of an embed, within a number of characters; empty when nothing is left to show.

    `rewrite` turns markup into the target's, `picture` says under which address the target finds an image.
    """
    budget = characters
    kept: dict[str, Any] = {}
    shown = False

    def take(value: object, limit: int, *, is_markup: bool) -> str:
        nonlocal budget
        if not isinstance(value, str):
            return ""
        text = shortened(rewrite(value) if is_markup else value, min(limit, budget)) if budget > 0 else ""
        budget -= utf16_length(text)
        return text

    if title := take(embed.get("title"), _TITLE, is_markup=True):
        kept["title"], shown = title, True
    if description := take(embed.get("description"), _DESCRIPTION, is_markup=True):
        kept["description"], shown = description, True
    author = _mapping(embed.get("author"))
    if name := take(author.get("name"), _TITLE, is_markup=False):
        kept["author"], shown = {"name": name, **_addresses(author, "url", "icon_url")}, True
    footer = _mapping(embed.get("footer"))
    if text := take(footer.get("text"), _FOOTER, is_markup=False):
        kept["footer"], shown = {"text": text, **_addresses(footer, "icon_url")}, True
    if fields := _fields(embed.get("fields"), take):
        kept["fields"], shown = fields, True
    kept |= _addresses(embed, "url")
    for key in PLACES:
        if url := picture(_mapping(embed.get(key)).get("url")):
            kept[key], shown = {"url": url}, True
    color, moment = embed.get("color"), _moment(embed.get("timestamp"))
    if isinstance(color, int) and not isinstance(color, bool) and 0 <= color <= _COLOR:
        kept["color"] = color
    if moment:
        kept["timestamp"] = moment
    return kept if shown else {}


def grouped_embeds(
    embeds: Sequence[dict[str, Any]], limits: Limits, files_of: Callable[[Mapping[str, Any]], Sequence[FileSlot]]
) -> list[tuple[dict[str, Any], ...]]:
    """Return embeds in posts, in order, each within the target's count, characters and files."""
    groups: list[tuple[dict[str, Any], ...]] = []
    group: list[dict[str, Any]] = []
    characters = files = 0
    for embed in embeds:
        length, carried = embed_length(embed), len(files_of(embed))
        is_full = len(group) >= limits.embeds_per_message or characters + length > limits.embed_characters
        if group and (is_full or files + carried > limits.attachments_per_message):
            groups.append(tuple(group))
            group, characters, files = [], 0, 0
        group.append(embed)
        characters, files = characters + length, files + carried
    return [*groups, tuple(group)] if group else groups


def embed_length(embed: Mapping[str, Any]) -> int:
    """Return the characters of an accepted embed that count towards the limit."""
    texts = [embed.get("title", ""), embed.get("description", "")]
    texts += [embed.get("author", {}).get("name", ""), embed.get("footer", {}).get("text", "")]
    for field in embed.get("fields", ()):
        texts += [field["name"], field["value"]]
    return sum(map(utf16_length, texts))


def embed_texts(embed: Mapping[str, Any]) -> Iterator[str]:
    """Return the texts of a source embed in which markup is read."""
    values: list[object] = [embed.get("title"), embed.get("description")]
    for field in _list(embed.get("fields"))[:FIELDS]:
        entry = _mapping(field)
        values += [entry.get("name"), entry.get("value")]
    return (value for value in values if isinstance(value, str))


def embed_as_text(embed: Mapping[str, Any]) -> str:
    """Return an accepted embed as a block quote, for a target that refused it as it was."""
    lines: list[str] = []
    if author := embed.get("author"):
        lines.append(f"-# {escaped(author['name'])}")
    title, url = embed.get("title", ""), embed.get("url", "")
    if title:
        lines.append(f"**{title}**")
    if url:
        lines.append(f"<{url}>")
    if description := embed.get("description"):
        lines.append(description)
    lines += [f"**{field['name']}**\n{field['value']}" for field in embed.get("fields", ())]
    lines += [f"<{embed[key]['url']}>" for key in PLACES if key in embed]
    if footer := embed.get("footer"):
        lines.append(f"-# {escaped(footer['text'])}")
    return quoted("\n".join(lines))


def _fields(value: object, take: Callable[..., str]) -> list[dict[str, Any]]:
    kept: list[dict[str, Any]] = []
    for field in _list(value)[:FIELDS]:
        entry = _mapping(field)
        name = take(entry.get("name"), _TITLE, is_markup=True)
        text = take(entry.get("value"), _FIELD_VALUE, is_markup=True)
        if name or text:
            name = name or take(_ZERO_WIDTH_SPACE, 1, is_markup=False)
            text = text or take(_ZERO_WIDTH_SPACE, 1, is_markup=False)
        if name and text:
            kept.append({"name": name, "value": text, "inline": entry.get("inline") is True})
    return kept


def _addresses(source: Mapping[str, Any], *keys: str) -> dict[str, str]:
    return {key: url for key in keys if (url := normalised_url(source.get(key)))}


def _moment(value: object) -> str:
    if not isinstance(value, str):
        return ""
    try:
        moment = datetime.fromisoformat(normalised(value)).astimezone(UTC)
    except (ValueError, OverflowError):
        return ""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
