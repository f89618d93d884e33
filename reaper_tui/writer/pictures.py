"""Images of embeds that the source hosts itself: they travel as files, for their addresses die within a day."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from reaper_tui.model.composition import Degrade
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.model.outgoing import FileSlot
from reaper_tui.writer.markdown import escaped
from reaper_tui.writer.normalisation import normalised_url, shortened

MEDIA_HOSTS = ("cdn.discordapp.com", "media.discordapp.net")
PLACES = ("image", "thumbnail")

_SCHEME = "attachment://"
_EXTENSIONS = frozenset({"png", "jpg", "jpeg", "webp", "gif"})


class Pictures:
    """The embed images of one message; one that is shown again keeps its address, as each file goes over once."""

    def __init__(self, hosts: tuple[str, ...], degrade: Degrade) -> None:
        self.lines: list[str] = []
        self._hosts = hosts
        self._degrade = degrade
        self._slots: dict[str, FileSlot] = {}
        self._lost: set[int] = set()

    def address(self, value: object) -> str:
        """Return where an embed finds its image: among the post's files, or at an address the target accepts."""
        url = normalised_url(value)
        slot = self._slot(url) if url and not self._degrade.without_files else None
        if slot is None:
            return url
        if reason := self._degrade.lost.get(slot.key, ""):
            if slot.key not in self._lost:
                self._lost.add(slot.key)
                self.lines.append(f"🖼 {slot.filename} — {escaped(shortened(reason, 200))}")
            return ""
        if slot.filename in self._slots:
            return url
        self._slots[slot.filename] = slot
        return _SCHEME + slot.filename

    def carried_by(self, embed: Mapping[str, Any]) -> list[FileSlot]:
        """Return the files an accepted embed shows."""
        names = dict.fromkeys(embed[place]["url"].removeprefix(_SCHEME) for place in PLACES if place in embed)
        return [self._slots[name] for name in names if name in self._slots]

    def _slot(self, url: str) -> FileSlot | None:
        parts = urlsplit(url)
        steps = parts.path.split("/")
        if (parts.hostname or "") not in self._hosts or len(steps) != 5 or steps[1] != "attachments":
            return None
        key = optional_snowflake(steps[3]) if steps[3].isascii() and steps[3].isdecimal() else None
        extension = unquote(steps[4]).rpartition(".")[2].lower()
        if key is None or extension not in _EXTENSIONS:
            return None
        return FileSlot(key=key, url=url, filename=f"embed-{key}.{extension}")
