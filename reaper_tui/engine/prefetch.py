"""Files of the next messages, brought here while the message before them is on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import msgspec

from reaper_tui.engine.ports import Spool
from reaper_tui.model.errors import CloneError, FileUnavailable
from reaper_tui.model.message import Message
from reaper_tui.model.outgoing import FileSlot, SpooledFile

# All that is fetched ahead at once, so that what is needed now always finds room in the spool.
AHEAD_BYTES = 96 * 1024 * 1024

_Outcome = SpooledFile | FileUnavailable | None


class Prefetch:
    """Shared by all lanes; while the source is down, files are left to who takes them."""

    def __init__(self, spool: Spool, limit: int, budget: int = AHEAD_BYTES) -> None:
        self._spool = spool
        self._limit = limit
        self._left = budget
        self._ahead: dict[int, tuple[asyncio.Task[_Outcome], int]] = {}

    def begin(self, message: Message) -> None:
        """Start fetching a message's files as far as there is room."""
        for file in message.attachments:
            if file.id in self._ahead or not 0 < file.size <= min(self._limit, self._left) or not file.url:
                continue
            self._left -= file.size
            slot = FileSlot(file.id, file.url, file.filename, file.size)
            self._ahead[file.id] = (asyncio.create_task(self._fetched(slot), name="fetching ahead"), file.size)

    async def take(self, slot: FileSlot) -> SpooledFile | None:
        """Return a file that was fetched ahead, None when it has to be fetched now; raise FileUnavailable."""
        if slot.key not in self._ahead:
            return None
        task, size = self._ahead[slot.key]
        outcome = await asyncio.shield(task)
        if self._ahead.pop(slot.key, None) is not None:
            self._left += size
        if outcome is None:
            return None
        if isinstance(outcome, FileUnavailable):
            raise outcome
        return msgspec.structs.replace(
            outcome,
            filename=slot.filename,
            description=slot.description,
            is_spoiler=slot.is_spoiler,
            duration_seconds=slot.duration_seconds,
            waveform=slot.waveform,
        )

    async def drop(self, keys: Iterable[int] | None = None) -> None:
        """Give up files that nobody took: these, or all."""
        wanted = list(self._ahead) if keys is None else [key for key in keys if key in self._ahead]
        if not wanted:
            return
        dropped = [self._ahead.pop(key) for key in wanted]
        for task, size in dropped:
            task.cancel()
            self._left += size
        for outcome in await asyncio.gather(*(task for task, _ in dropped), return_exceptions=True):
            if isinstance(outcome, SpooledFile):
                self._spool.release(outcome)

    async def _fetched(self, slot: FileSlot) -> _Outcome:
        try:
            return await self._spool.fetch(slot, self._limit)
        except FileUnavailable as error:
            return error
        except CloneError:
            return None
