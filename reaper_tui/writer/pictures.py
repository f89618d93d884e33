"""Images of embeds that the source hosts itself: they travel as files, for their addresses die within a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reaper_tui.model.composition import Degrade
from reaper_tui.model.outgoing import FileSlot
from reaper_tui.writer.markdown import escaped
from reaper_tui.writer.normalisation import normalised_url, shortened
from reaper_tui.writer.source_files import SourceFiles

PLACES = ("image", "thumbnail")

_SCHEME = "attachment://"
_EXTENSIONS = frozenset({"png", "jpg", "jpeg", "webp", "gif"})


class Pictures:
    """The embed images of one message; one that a later embed shows again keeps its address: a file goes over once."""

    def __init__(self, source_files: SourceFiles, degrade: Degrade) -> None:
        self.lines: list[str] = []
        self._source_files = source_files
        self._degrade = degrade
        self._slots: dict[str, FileSlot] = {}
        self._lost: set[int] = set()

    def of_embed(self) -> Callable[[object], str]:
        """Return what says where one embed finds its images; it may show a file in both of its places."""
        own: set[str] = set()
        return lambda value: self._address(value, own)

    def _address(self, value: object, own: set[str]) -> str:
        """Return where an image is found: among the post's files, or at an address the target accepts."""
        url = normalised_url(value)
        is_bare = self._degrade.without_files or self._degrade.without_embeds
        slot = None if is_bare or not isinstance(value, str) else self._slot(value)
        if slot is None:
            return url
        if reason := self._degrade.lost.get(slot.key, ""):
            if slot.key not in self._lost:
                self._lost.add(slot.key)
                self.lines.append(f"🖼 {slot.filename} — {escaped(shortened(reason, 200))}")
            return ""
        if slot.filename in self._slots and slot.filename not in own:
            return url
        self._slots.setdefault(slot.filename, slot)
        own.add(slot.filename)
        return _SCHEME + slot.filename

    def carried_by(self, embed: Mapping[str, Any]) -> list[FileSlot]:
        """Return the files an accepted embed shows."""
        names = dict.fromkeys(embed[place]["url"].removeprefix(_SCHEME) for place in PLACES if place in embed)
        return [self._slots[name] for name in names if name in self._slots]

    def _slot(self, url: str) -> FileSlot | None:
        file = self._source_files.file_at(url)
        extension = file.filename.rpartition(".")[2].lower() if file is not None else ""
        if file is None or extension not in _EXTENSIONS:
            return None
        return FileSlot(key=file.key, url=url, filename=f"embed-{file.key}.{extension}")
