"""Listeners through plain ASGI: server-sent events, and WebSockets of servers that take no ready frames."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from reaper_tui.stream.events import Batch, sent_event
from reaper_tui.stream.wire_ws import GOODBYE_SECONDS, HIGH_WATER, LOW_WATER

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
SLICE = 32 << 10


class AsgiWire:
    """Keeps what was not sent yet and sends it in order; `run` ends when closed."""

    def __init__(self, send: Send, abort: Callable[[], None]) -> None:
        self.on_drained: Callable[[], None] = _nobody
        self.code = 1000
        self.reason = ""
        self.pending = 0
        self._send = send
        self._abort = abort
        self._pieces: list[bytes] = []
        self._was_full = False
        self._is_closing = False
        self._changed = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether history has to wait."""
        self._was_full = self._was_full or self.pending > HIGH_WATER
        return self._was_full

    def close(self, code: int, reason: str) -> None:
        """Send what waits for a moment, then cut the connection."""
        if not self._is_closing:
            self.code, self.reason = code, reason
            self._is_closing = True
            self._changed.set()
            asyncio.get_running_loop().call_later(GOODBYE_SECONDS, self._abort)

    async def run(self) -> None:
        """Send what comes until closed."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            while self._pieces:
                pieces, self._pieces = self._pieces, []
                for piece in pieces:
                    await self._transmit(piece)
                    self.pending -= len(piece)
                    if self._was_full and self.pending <= LOW_WATER:
                        self._was_full = False
                        self.on_drained()
            if self._is_closing:
                return

    def _keep(self, pieces: Iterable[bytes]) -> None:
        if not self._is_closing:
            for piece in pieces:
                self._pieces.append(piece)
                self.pending += len(piece)
            self._changed.set()

    async def _transmit(self, piece: bytes) -> None:
        raise NotImplementedError


class SentEvents(AsgiWire):
    """Server-sent events in the body of a response."""

    def __init__(self, send: Send, abort: Callable[[], None], epoch: str) -> None:
        super().__init__(send, abort)
        self._epoch = epoch

    def push(self, batch: Batch) -> None:
        """Send events, each with its cursor as the id."""
        lines = batch.lines
        self._keep(lines[start : start + SLICE] for start in range(0, len(lines), SLICE))

    def say(self, text: bytes, seq: int | None = None) -> None:
        """Send a frame that is no event."""
        self._keep((sent_event(text, "" if seq is None else f"{self._epoch}:{seq}"),))

    async def _transmit(self, piece: bytes) -> None:
        await self._send({"type": "http.response.body", "body": piece, "more_body": True})


class AsgiWebSocket(AsgiWire):
    """One ASGI message an event."""

    def push(self, batch: Batch) -> None:
        """Send events."""
        self._keep(event.text for event in batch.events)

    def say(self, text: bytes, seq: int | None = None) -> None:
        """Send a frame that is no event."""
        self._keep((text,))

    async def _transmit(self, piece: bytes) -> None:
        await self._send({"type": "websocket.send", "text": piece.decode("utf-8", "replace")})


def _nobody() -> None:
    pass
