"""The files of a message: what is sent along, and what is said of those that stay behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reaper_tui.model.composition import Degrade
from reaper_tui.model.message import Attachment, StickerItem
from reaper_tui.model.outgoing import FileSlot
from reaper_tui.writer.markdown import escaped
from reaper_tui.writer.normalisation import DESCRIPTION_UNITS, normalised_filename, shortened
from reaper_tui.writer.source_files import PastedLink
from reaper_tui.writer.wording import file_size, limit_size

_SPOILER_PREFIX = "SPOILER_"
_STICKER_EXTENSIONS = {"png": "png", "apng": "png", "gif": "gif"}
_DRAWN_EXTENSION = "webp"
_REFUSED = "this community refused it"


@dataclass(slots=True)
class Luggage:
    """What a message carries: files to send, lines for those that cannot be, and these with their reasons."""

    slots: list[FileSlot] = field(default_factory=list[FileSlot])
    lines: list[str] = field(default_factory=list[str])
    left_behind: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    keys: set[int] = field(default_factory=set[int])

    def add_attachments(self, attachments: Iterable[Attachment], degrade: Degrade, limit: int) -> None:
        """Take up attachments, each once."""
        for attachment in attachments:
            slot = FileSlot(
                key=attachment.id,
                url=attachment.url,
                filename=normalised_filename(attachment.filename),
                size=attachment.size if attachment.size >= 0 else None,
                description=shortened(attachment.description, DESCRIPTION_UNITS),
                is_spoiler=attachment.is_spoiler or attachment.filename.startswith(_SPOILER_PREFIX),
                duration_seconds=attachment.duration_seconds,
                waveform=attachment.waveform,
            )
            self._add(slot, attachment.filename, degrade, limit)

    def add_stickers(
        self, stickers: Iterable[StickerItem], degrade: Degrade, limit: int, *, draws_lottie: bool
    ) -> None:
        """Take up stickers as image files; a vector animation that cannot be drawn here is named instead."""
        for sticker in stickers:
            is_lottie = sticker.format == "lottie"
            extension = _DRAWN_EXTENSION if is_lottie and draws_lottie else _STICKER_EXTENSIONS.get(sticker.format)
            if extension is None:
                self.lines.append(f"[sticker: {escaped(sticker.name) or 'unnamed'}]")
                continue
            name = normalised_filename(f"{sticker.name}.{extension}")
            self._add(FileSlot(sticker.id, sticker.url, name, is_lottie=is_lottie), name, degrade, limit)

    def add_pasted(self, links: Iterable[PastedLink], degrade: Degrade, limit: int) -> None:
        """Take up files that a text only linked to."""
        for link in links:
            name = normalised_filename(link.file.filename)
            is_spoiler = link.is_spoiler or name.startswith(_SPOILER_PREFIX)
            slot = FileSlot(link.file.key, link.file.url, name, is_spoiler=is_spoiler, is_pasted=True)
            self._add(slot, link.file.filename, degrade, limit)

    def _add(self, slot: FileSlot, name: str, degrade: Degrade, limit: int) -> None:
        if slot.key in self.keys:
            return
        self.keys.add(slot.key)
        reason = degrade.lost.get(slot.key, "")
        if not reason and slot.size is not None and slot.size > limit:
            reason = f"larger than this community takes ({limit_size(limit)})"
        if not reason and degrade.without_files:
            reason = _REFUSED
        if reason:
            self._leave(slot, name, reason)
        else:
            self.slots.append(slot)

    def _leave(self, slot: FileSlot, name: str, reason: str) -> None:
        size = f" ({file_size(slot.size)})" if slot.size is not None else ""
        shown = escaped(shortened(name, 200)) or slot.filename
        self.lines.append(f"📎 {shown}{size} — {escaped(shortened(reason, 200))}")
        self.left_behind.append((slot.filename, reason))
