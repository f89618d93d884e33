"""A gateway socket, and the session that outlives it."""

import asyncio
import zlib
from collections import deque
from typing import Any

import msgspec
from aiohttp import web

_DISPATCH = 0
_REPLAY = 1000
_PATIENCE_S = 5.0


class GatewaySocket:
    """One WebSocket; compresses the stream if the client asked for zlib."""

    def __init__(self, frames: web.WebSocketResponse, compression: str) -> None:
        self.frames = frames
        self._stream = zlib.compressobj() if compression == "zlib-stream" else None

    @property
    def is_open(self) -> bool:
        """Tell whether the client can still hear."""
        return not self.frames.closed

    async def send(self, operation: int, data: Any) -> None:
        """Send a payload that is not an event."""
        await self.send_frame(msgspec.json.encode({"op": operation, "d": data, "s": None, "t": None}))

    async def send_frame(self, frame: bytes) -> None:
        """Send an encoded payload; close on a client that does not read."""
        if not self.is_open:
            return
        try:
            async with asyncio.timeout(_PATIENCE_S):
                if self._stream is None:
                    await self.frames.send_str(frame.decode())
                else:
                    packed = self._stream.compress(frame) + self._stream.flush(zlib.Z_SYNC_FLUSH)
                    await self.frames.send_bytes(packed)
        except (ConnectionError, TimeoutError):
            await self.close(4000)

    async def close(self, code: int, reason: str = "") -> None:
        """Close with one of Discord's codes."""
        await self.frames.close(code=code, message=reason.encode())


class Session:
    """One identified client; it outlives its socket so that it can be resumed."""

    def __init__(self, identifier: str, intents: int, socket: GatewaySocket) -> None:
        self.id = identifier
        self.intents = intents
        self.socket = socket
        self._sequence = 0
        self._sent: deque[tuple[int, bytes]] = deque(maxlen=_REPLAY)

    async def dispatch(self, name: str, data: Any) -> None:
        """Number an event, keep it for a replay and send it if somebody listens."""
        self._sequence += 1
        frame = msgspec.json.encode({"op": _DISPATCH, "t": name, "s": self._sequence, "d": data})
        self._sent.append((self._sequence, frame))
        await self.socket.send_frame(frame)

    async def replay(self, after: int) -> None:
        """Send again what came after event number `after`."""
        for sequence, frame in list(self._sent):
            if sequence > after:
                await self.socket.send_frame(frame)

    def can_replay(self, after: int) -> bool:
        """Tell whether every event after number `after` is still kept."""
        return after <= self._sequence and (not self._sent or self._sent[0][0] <= after + 1)
