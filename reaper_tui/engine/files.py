"""Files on their way: fetched into the spool, their links renewed when they ran out, released once sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Reader, Spool
from reaper_tui.engine.prefetch import Prefetch
from reaper_tui.engine.together import together
from reaper_tui.model.errors import AccessDenied, CloneError, FileUnavailable, NotFound, Refused, SentTooSlowly
from reaper_tui.model.message import Message
from reaper_tui.model.outgoing import FileSlot, SpooledFile

SOURCE_FILES = "Discord's file server"
SIDE_BY_SIDE = 3


class FileCourier:
    """Brings the files of a post into the spool."""

    def __init__(self, spool: Spool, reader: Reader, outage: Outage, limit: int) -> None:
        self.ahead = Prefetch(spool, limit)
        self._spool = spool
        self._reader = reader
        self._outage = outage
        self._limit = limit

    async def fetch(
        self, slots: Sequence[FileSlot], message: Message
    ) -> tuple[tuple[SpooledFile, ...], dict[int, str]]:
        """Return the files that are here and, by key, why others cannot be had."""
        if not slots:
            return (), {}
        found: dict[int, SpooledFile] = {}
        lost: dict[int, str] = {}
        queue = list(enumerate(slots))
        queue.reverse()

        async def work() -> None:
            while queue:
                place, slot = queue.pop()
                try:
                    found[place] = await self._fetch(slot, message)
                except FileUnavailable as error:
                    lost[slot.key] = error.reason

        try:
            await together(work() for _ in range(min(SIDE_BY_SIDE, len(queue))))
        except BaseException:
            self.release(found.values())
            raise
        return tuple(found[place] for place in sorted(found)), lost

    def release(self, files: Iterable[SpooledFile]) -> None:
        """Delete files that are no longer needed."""
        for file in files:
            self._spool.release(file)

    async def _fetch(self, slot: FileSlot, message: Message) -> SpooledFile:
        if slot.is_pasted:
            # Nobody renews a link in a text: most are long dead, and nothing but this brings them back.
            return await self._download(msgspec.structs.replace(slot, url=await self._refreshed(slot) or slot.url))
        try:
            file = await self.ahead.take(slot)
            return file if file is not None else await self._download(slot)
        except SentTooSlowly:
            raise
        except FileUnavailable:
            url = await self._renewed(slot, message)
            if not url or url == slot.url:
                raise
            return await self._download(msgspec.structs.replace(slot, url=url))

    async def _download(self, slot: FileSlot) -> SpooledFile:
        return await self._outage.through(SOURCE_FILES, lambda: self._spool.fetch(slot, self._limit))

    async def _refreshed(self, slot: FileSlot) -> str:
        try:
            links = await self._outage.through("Discord", lambda: self._reader.refresh_links([slot.url]))
        except CloneError as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            return ""
        return links.get(slot.url, "")

    async def _renewed(self, slot: FileSlot, message: Message) -> str:
        try:
            links = await self._outage.through("Discord", lambda: self._reader.refresh_links([slot.url]))
            if url := links.get(slot.url):
                return url
            raw = await self._outage.through("Discord", lambda: self._reader.message(message.channel_id, message.id))
        except (NotFound, Refused):
            return ""
        except CloneError as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            return ""
        fresh = self._reader.parse(raw.payload)
        attachments = [*fresh.attachments, *(file for snapshot in fresh.snapshots for file in snapshot.attachments)]
        return next((attachment.url for attachment in attachments if attachment.id == slot.key), "")
