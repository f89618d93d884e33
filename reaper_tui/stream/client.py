"""A listener that comes back: every event once and in order, over cuts and restarts of the service."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import aclosing
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from reaper_tui.model.errors import AccessDenied, ConfigurationError, Refused
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.cursors import Cursor, Start

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
CONNECT_SECONDS = 10.0
SILENT_BEATS = 3
LARGEST_FRAME = 32 << 20
TERMINAL = range(4500, 5000)


class Received(msgspec.Struct, frozen=True):
    """An event; `at` in seconds since 1970, `body` the message as Discord sent it."""

    seq: int
    kind: str
    channel_id: int
    message_id: int
    at: float
    body: msgspec.Raw


class Missing(msgspec.Struct, frozen=True):
    """Events that cannot be had any more: `pruned`, another `epoch`, or `lost`."""

    reason: str


class State(msgspec.Struct, frozen=True):
    """How the connection is: catching up from the cursor, live, or lost until `retry_seconds` are over."""

    name: Literal["connected", "live", "lost"]
    note: str = ""
    retry_seconds: float = 0.0


class _Pause(msgspec.Struct, frozen=True):
    seconds: float


class _Frame(msgspec.Struct):
    op: str
    seq: int = 0
    t: str = ""
    ch: str = "0"
    id: str = "0"
    ts: int = 0
    d: msgspec.Raw = msgspec.Raw(b"null")
    epoch: str = ""
    start: int = msgspec.field(default=0, name="from")
    hb: float = 15.0
    reason: str = ""
    after_ms: int = 0
    msg: str = ""


_decoder = msgspec.json.Decoder(_Frame)


class StreamClient:
    """Listens to one service; iterate over `listen`, keep `cursor` to go on later."""

    def __init__(
        self,
        address: str,
        *,
        after: Start = "live",
        channels: Iterable[int] = (),
        kinds: Iterable[str] = (),
        key: Secret | None = None,
        name: str = "reaper-tui",
        heartbeat: float = 15.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self.after = after
        self.reconnects = 0
        self.repeats = 0
        self._address = stream_address(address)
        self._filter = {"ch": ",".join(map(str, channels)), "type": ",".join(kinds)}
        self._key = key
        self._name = name
        self._heartbeat = heartbeat
        self._sleep = sleep
        self._jitter = jitter
        self._failures = 0

    @property
    def cursor(self) -> Cursor | None:
        """Return the place up to which everything was received, None before the first answer."""
        return self.after if isinstance(self.after, Cursor) else None

    async def listen(self) -> AsyncGenerator[Received | Missing | State]:
        """Yield events and what becomes of the connection, for ever.

        Raises AccessDenied for a wrong key, Refused for a question the service does not understand.
        """
        while True:
            note, pause = "", 0.0
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    socket = await self._connect()
            except (InvalidHandshake, OSError, TimeoutError) as error:
                note, pause = self._failed(error)
            else:
                try:
                    async with aclosing(self._follow(socket)) as items:
                        async for item in items:
                            if isinstance(item, _Pause):
                                pause = item.seconds
                            else:
                                yield item
                except ConnectionClosed as closed:
                    note = self._closed(closed)
                except TimeoutError:
                    note = "the service fell silent"
                except msgspec.DecodeError as error:
                    note = f"the service sent something unreadable: {error}"
                finally:
                    socket.transport.abort()
            self.reconnects += 1
            self._failures += 1
            pause = pause or self._jitter(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(self._failures - 1, 10)))
            yield State("lost", note or "the connection was cut", pause)
            await self._sleep(pause)

    async def _connect(self) -> ClientConnection:
        query = {"after": str(self.after), "hb": f"{self._heartbeat:g}", "client": self._name, **self._filter}
        headers = {"X-API-Key": self._key.reveal()} if self._key else {}
        return await connect(
            f"{self._address}?{urlencode({name: value for name, value in query.items() if value})}",
            additional_headers=headers,
            compression=None,
            max_size=LARGEST_FRAME,
            max_queue=64,
            open_timeout=None,
            close_timeout=2,
            user_agent_header="reaper-tui",
            proxy=None,
        )

    async def _follow(self, socket: ClientConnection) -> AsyncGenerator[Received | Missing | State | _Pause]:
        silence = SILENT_BEATS * self._heartbeat
        epoch = ""
        while True:
            async with asyncio.timeout(silence):
                text = await socket.recv(decode=False)
            frame = _decoder.decode(text)
            if frame.op == "event":
                cursor = self.after
                if isinstance(cursor, Cursor) and cursor.epoch == epoch and frame.seq <= cursor.seq:
                    self.repeats += 1
                    continue
                received = Received(frame.seq, frame.t, int(frame.ch), int(frame.id), frame.ts / 1000, frame.d)
                yield received
                self.after = Cursor(epoch, frame.seq)
            elif frame.op == "hello":
                epoch = frame.epoch
                silence = SILENT_BEATS * frame.hb
                self.after = Cursor(epoch, frame.start)
                self._failures = 0
                yield State("connected")
            elif frame.op == "live":
                yield State("live")
            elif frame.op == "hb":
                self.after = Cursor(epoch, frame.seq)
            elif frame.op == "gap":
                self.after = Cursor(epoch, frame.start)
                yield Missing(frame.reason)
            elif frame.op == "reconnect":
                yield _Pause(frame.after_ms / 1000)

    def _failed(self, error: Exception) -> tuple[str, float]:
        """Return what went wrong with a handshake and how long the service asked to wait; raise when it is final."""
        if isinstance(error, InvalidStatus):
            status = error.response.status_code
            message, wait = _refusal(error)
            if status in (401, 403):
                raise AccessDenied(f"The stream refuses access: {message}", "check the API key and the address")
            if 400 <= status < 500 and status not in (408, 429):
                raise Refused(f"The stream refuses the request: {message}", status=status)
            return message, wait
        if isinstance(error, InvalidHandshake):
            return "what answers there is no stream", 0.0
        return (str(error) or type(error).__name__), 0.0

    def _closed(self, closed: ConnectionClosed) -> str:
        if closed.rcvd is not None and closed.rcvd.code in TERMINAL:
            raise Refused(f"The stream ended for good: {closed.rcvd.reason}", status=closed.rcvd.code)
        return "the service closed the connection" if closed.rcvd is not None else ""


def stream_address(text: str) -> str:
    """Return the WebSocket address for a service's address; raise ConfigurationError when it is none."""
    try:
        parts = urlsplit(text if "://" in text else f"ws://{text}")
        scheme = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}.get(parts.scheme)
        if scheme is None or not parts.hostname or parts.port == 0:
            raise ValueError
    except ValueError:
        raise ConfigurationError(f"{text!r} is no address of a stream", "write it as ws://host:port/ws") from None
    path = parts.path if parts.path not in ("", "/") else "/ws"
    return urlunsplit((scheme, parts.netloc, path, "", ""))


def _refusal(error: InvalidStatus) -> tuple[str, float]:
    wait = error.response.headers.get("Retry-After", "")
    message = f"HTTP {error.response.status_code}"
    try:
        document: Any = msgspec.json.decode(bytes(error.response.body or b""))
        message = str(document["message"])
    except (msgspec.DecodeError, KeyError, TypeError):
        pass
    return message, float(wait) if wait.isascii() and wait.isdigit() else 0.0
