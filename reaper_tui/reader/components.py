"""Buttons, menus and the newer layout components as lines of text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from reaper_tui.reader.wire import record, records, text, whole

ACTION_ROW, BUTTON = 1, 2
MENUS = frozenset({3, 5, 6, 7, 8})
SECTION, TEXT_DISPLAY, THUMBNAIL, MEDIA_GALLERY, FILE = 9, 10, 11, 12, 13
_DEEPEST = 12


def component_lines(value: object, attached: Collection[str] = (), depth: int = 0) -> list[str]:
    """Return what components say, a line each; media that are among the `attached` addresses are left out."""
    if depth > _DEEPEST:
        return []
    lines: list[str] = []
    for component in records(value):
        number = whole(component.get("type"))
        if number == ACTION_ROW and (row := _row_line(component)):
            lines.append(row)
        elif number == BUTTON or number in MENUS:
            lines += filter(None, [_control(component)])
        elif number == TEXT_DISPLAY:
            lines += filter(None, [text(component.get("content")).strip()])
        elif number == MEDIA_GALLERY:
            lines += [line for item in records(component.get("items")) for line in _media(item, "media", attached)]
        elif number == THUMBNAIL:
            lines += _media(component, "media", attached)
        elif number == FILE:
            lines += _media(component, "file", attached)
        elif number != ACTION_ROW:
            lines += component_lines(component.get("components"), attached, depth + 1)
            if number == SECTION:
                lines += component_lines([component.get("accessory")], attached, depth + 1)
    return lines


def file_part(url: str) -> str:
    """Return an address without its signature, which differs from one reading to the next."""
    return url.partition("?")[0]


def _row_line(row: dict[str, Any]) -> str:
    return " ".join(filter(None, map(_control, records(row.get("components")))))


def _control(component: dict[str, Any]) -> str:
    if whole(component.get("type")) == BUTTON:
        label = " ".join(filter(None, [_emoji(component.get("emoji")), text(component.get("label"))]))
        url = text(component.get("url"))
        if url:
            return f"[{label}]({url})" if label else url
        return f"[{label}]" if label else ""
    if whole(component.get("type")) not in MENUS:
        return ""
    placeholder = text(component.get("placeholder")) or "menu"
    labels = [label for option in records(component.get("options")) if (label := text(option.get("label")))]
    return f"[{placeholder}: {' · '.join(labels)}]" if labels else f"[{placeholder}]"


def _emoji(value: object) -> str:
    emoji = record(value)
    name = text(emoji.get("name"))
    return f":{name}:" if name and emoji.get("id") else name


def _media(item: dict[str, Any], key: str, attached: Collection[str]) -> list[str]:
    url = text(record(item.get(key)).get("url"))
    description = text(item.get("description"))
    if not url or file_part(url) in attached or url.startswith("attachment://"):
        return [description] if description else []
    return [f"{description} {url}" if description else url]
