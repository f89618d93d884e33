"""Listeners on WebSockets: uvicorn's protocol, with whole frames written past its framing."""

from __future__ import annotations

import asyncio
import socket
import weakref
from asyncio.transports import BaseTransport
from collections.abc import Callable
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from reaper_tui.stream.events import Batch, text_frame
from reaper_tui.stream.tally import Tally

CONNECTION = "reaper_tui.connection"
# History waits while anything waits: otherwise all who catch up would be written to at once as soon as they read.
HIGH_WATER, LOW_WATER = 4 << 10, 0
KERNEL_BYTES = 256 << 10
UNREAD_MILLISECONDS = 45_000
GOODBYE_SECONDS = 2.0
# A request has so long to be whole, and a listener may send so many bytes in so many seconds.
REQUEST_SECONDS = 10.0
HEARD_BYTES, HEARD_SECONDS = 32 << 10, 10.0


class StreamHttp(H11Protocol):
    """HTTP whose connections show themselves to the application and die when the other side stops reading."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, {**app_state, CONNECTION: weakref.ref(self)}, _loop)

        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:  # type: ignore[override]
        """Set what the system does about a reader who reads nothing."""
        super().connection_made(cast("asyncio.Transport", transport))
        bound_kernel(cast("asyncio.Transport", transport))
        self._expect_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """Expect nothing more."""
        super().connection_lost(exc)
        self._stop_expecting()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, which has to be whole in time however slowly they drip."""
        super().data_received(data)
        is_answering = self.cycle is not None and not self.cycle.response_complete  # pyright: ignore[reportUnnecessaryComparison]
        if is_answering or self.transport.get_protocol() is not self:
            self._stop_expecting()
        else:
            self._expect_request()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no request."""
        tally_of(self).refused["bad_request"] += 1
        super().send_400_response(msg)

    def _expect_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._give_up)

    def _stop_expecting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        tally_of(self).refused["slow_request"] += 1
        self.transport.abort()

    def abort(self) -> None:
        """Cut the connection without sending what waits."""
        self.transport.abort()


class StreamWebSocket(WebSocketsSansIOProtocol):
    """A WebSocket that takes ready frames; `pending` never grows past what its session allows."""

    def __init__(self, config: Any, server_state: Any, app_state: dict[str, Any], _loop: Any = None) -> None:
        super().__init__(config, server_state, {**app_state, CONNECTION: weakref.ref(self)}, _loop)
        self.on_drained: Callable[[], None] = _nobody
        self._heard = 0
        self._heard_since = 0.0

    def connection_made(self, transport: BaseTransport) -> None:
        """Bound what may wait for the other side, here and in the system."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(HIGH_WATER, LOW_WATER)
        bound_kernel(self.transport)

    def data_received(self, data: bytes) -> None:
        """Take what a listener sends: answers to pings; who sends more, if only pings, makes the answers pile up."""
        is_open = self.handshake_complete
        super().data_received(data)
        if not is_open or self.close_sent or self.transport.is_closing():
            return
        now = self.loop.time()
        if now - self._heard_since > HEARD_SECONDS:
            self._heard, self._heard_since = 0, now
        self._heard += len(data)
        if self._heard > HEARD_BYTES:
            tally_of(self).dismissed["flood"] += 1
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of what holds itself, so that those who leave by hundreds are no work for the garbage collector."""
        super().connection_lost(exc)
        self.conn.parser.close()
        self.on_drained = _nobody

    def resume_writing(self) -> None:
        """Go on sending history."""
        super().resume_writing()
        self.on_drained()

    @property
    def pending(self) -> int:
        """Bytes that the system has not taken yet."""
        return self.transport.get_write_buffer_size()

    @property
    def is_full(self) -> bool:
        """Whether history has to wait."""
        return not self.writable.is_set()

    def push(self, batch: Batch) -> None:
        """Write the frames of a batch."""
        if not self.transport.is_closing() and not self.close_sent:
            self.transport.write(batch.frames)

    def say(self, text: bytes, seq: int | None = None) -> None:
        """Write one frame."""
        if not self.transport.is_closing() and not self.close_sent:
            self.transport.write(text_frame(text))

    def close(self, code: int, reason: str) -> None:
        """Begin the closing handshake and cut the connection when it takes too long."""
        if self.close_sent or self.transport.is_closing():
            return
        self.stop_keepalive()
        self.conn.send_close(code, reason)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": reason})
        if self.read_paused:
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(GOODBYE_SECONDS, self.transport.abort)

    async def send(self, message: Any) -> None:
        """Send, and take a refusal before the upgrade for an answer."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def keepalive_timeout(self) -> None:
        """Cut a connection whose other side does not answer: closing would wait for it to read.

        While bytes wait the ping may stand behind them: whether those are read is the session's to judge.
        """
        self.pong_timer = None
        self.pending_ping_payload = None
        if self.pending:
            self.schedule_ping()
        else:
            self.transport.abort()


def tally_of(protocol: object) -> Tally:
    """Return the counts of the service behind a protocol; nobody reads those of anything else."""
    tally = getattr(getattr(protocol, "app", None), "tally", None)
    return tally if isinstance(tally, Tally) else Tally()


def bound_kernel(transport: asyncio.Transport) -> None:
    """Let the system hold little for a reader who does not read, and give the connection up after a while."""
    connection = transport.get_extra_info("socket")
    if connection is None or connection.family not in (socket.AF_INET, socket.AF_INET6):
        return
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MILLISECONDS)


def _nobody() -> None:
    pass
