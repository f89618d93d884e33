"""Where listeners come in: the WebSocket and the server-sent events, from handshake to goodbye."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from reaper_tui.stream import frames
from reaper_tui.stream.admission import Admission
from reaper_tui.stream.cursors import Cursor, Start, parse_start
from reaper_tui.stream.filters import Filter, FilterError, parse_filter
from reaper_tui.stream.gate import ADDRESS, Receive, Scope
from reaper_tui.stream.hub import Hub
from reaper_tui.stream.keys import SUBPROTOCOL, Keys
from reaper_tui.stream.origins import header
from reaper_tui.stream.refusals import Refusal
from reaper_tui.stream.session import Bounds, Session, Wire
from reaper_tui.stream.wire_asgi import AsgiWebSocket, AsgiWire, Send, SentEvents
from reaper_tui.stream.wire_ws import CONNECTION, StreamHttp, StreamWebSocket

SHORTEST_BEAT, LONGEST_BEAT = 5.0, 300.0
LARGEST_FRAME = 4096
# Close codes of RFC 6455 that say what a listener sent was wrong.
WRONG = {1002: "protocol", 1007: "protocol", 1009: "frame_too_big"}
log = logging.getLogger("reaper_tui.stream.listeners")


class Wish:
    """What a listener asks for; raises Refusal for what cannot be understood."""

    def __init__(self, scope: Scope, channels: frozenset[int], heartbeat: float) -> None:
        query = {
            name: values[-1] for name, values in parse_qs(scope["query_string"].decode("latin-1")).items() if values
        }
        start = parse_start(header(scope, b"last-event-id") or query.get("after", ""))
        if start is None:
            raise Refusal(400, "bad_cursor", "after must be EPOCH:SEQ, live or earliest")
        self.start: Start = start
        try:
            self.wanted: Filter = parse_filter(query.get("ch", ""), query.get("type", "")).within(channels)
            self.heartbeat = float(query.get("hb", heartbeat))
        except FilterError as error:
            raise Refusal(400, "bad_filter", str(error)) from None
        except ValueError:
            raise Refusal(400, "bad_heartbeat", "hb must be a number of seconds") from None
        if not SHORTEST_BEAT <= self.heartbeat <= LONGEST_BEAT:
            raise Refusal(400, "bad_heartbeat", f"hb must be {SHORTEST_BEAT:.0f} to {LONGEST_BEAT:.0f} seconds")
        self.is_strict = query.get("strict", "") in ("1", "true")
        self.name = query.get("client", "")[:64]


class Listeners:
    """Lets listeners in, keeps them until they go, and sends all of them away when the service ends."""

    def __init__(
        self,
        hub: Hub,
        admission: Admission,
        keys: Keys,
        bounds: Bounds,
        *,
        needs_key: bool,
        channels: frozenset[int],
        heartbeat: float,
        clock: Callable[[], float],
    ) -> None:
        self.is_draining = False
        self._hub = hub
        self._admission = admission
        self._keys = keys
        self._bounds = bounds
        self._needs_key = needs_key
        self._channels = channels
        self._heartbeat = heartbeat
        self._clock = clock

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve `/ws`."""
        wish = self._admit(scope)
        try:
            begin, reason = await self._place(wish)
            accept: dict[str, Any] = {"type": "websocket.accept"}
            if SUBPROTOCOL in scope.get("subprotocols", ()):
                accept["subprotocol"] = SUBPROTOCOL
            await receive()
            await send(accept)
            connection = _connection(scope)
            if isinstance(connection, StreamWebSocket):
                session = self._open(connection, scope, wish, begin, reason)
                await self._until_gone(session, receive)
                return
            wire = AsgiWebSocket(send, _nothing)
            session = self._open(wire, scope, wish, begin, reason)
            await self._pump(wire, session, receive)
            with contextlib.suppress(Exception):
                await send({"type": "websocket.close", "code": wire.code, "reason": wire.reason})
        finally:
            self._admission.leave(scope[ADDRESS])

    async def sent_events(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve `/sse`."""
        wish = self._admit(scope)
        try:
            begin, reason = await self._place(wish)
            connection = _connection(scope)
            abort = connection.abort if isinstance(connection, StreamHttp) else _nothing
            headers = [
                (b"content-type", b"text/event-stream; charset=utf-8"),
                (b"cache-control", b"no-store"),
                (b"x-accel-buffering", b"no"),
                (b"connection", b"close"),
            ]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            wire = SentEvents(send, abort, self._hub.epoch)
            session = self._open(wire, scope, wish, begin, reason)
            await self._pump(wire, session, receive)
            with contextlib.suppress(Exception):
                await send({"type": "http.response.body", "body": b""})
        finally:
            self._admission.leave(scope[ADDRESS])

    async def drain(self, seconds: float) -> None:
        """Send everybody away, spread over so many seconds, each with the moment to come back at."""
        self.is_draining = True
        sessions = list(self._hub.sessions)
        random.shuffle(sessions)
        for session in sessions:
            cursor = self._hub.flushed if session.is_live else session.cursor
            session.wire.say(frames.reconnect(cursor, round(random.uniform(0, seconds) * 1000)))  # noqa: S311
        pause = seconds / max(1, len(sessions))
        for index, session in enumerate(sessions):
            if index:
                await asyncio.sleep(pause)
            if session in self._hub.sessions:
                self._hub.dismiss(session, frames.DRAINING, "draining", "the server restarts")

    def _admit(self, scope: Scope) -> Wish:
        """Count a listener in that may listen; raise Refusal otherwise."""
        self._keys.check(scope, is_needed=self._needs_key)
        wish = Wish(scope, self._channels, self._heartbeat)
        if self.is_draining:
            raise Refusal(503, "draining", "the server restarts", retry_after=2)
        if self._hub.standing is None:
            raise Refusal(503, "not_ready", self._hub.trouble or "there is no feed yet", retry_after=2)
        self._admission.enter(scope[ADDRESS])
        return wish

    async def _place(self, wish: Wish) -> tuple[int, str]:
        begin, reason = await self._hub.place(wish.start)
        if reason and wish.is_strict:
            facts = {"reason": reason, "asked": str(wish.start), "earliest": f"{self._hub.epoch}:{self._hub.floor}"}
            raise Refusal(410, "cursor_gone", "events behind that cursor cannot be had any more", facts=facts)
        return begin, reason

    def _open(self, wire: Wire, scope: Scope, wish: Wish, begin: int, reason: str) -> Session:
        hub = self._hub
        session = Session(
            wire,
            wish.wanted,
            begin,
            bounds=self._bounds,
            heartbeat=wish.heartbeat,
            now=self._clock(),
            name=wish.name,
            address=scope[ADDRESS],
        )
        greeting = frames.hello(
            hub.epoch,
            head=hub.flushed,
            start=begin,
            resumed=isinstance(wish.start, Cursor) and not reason,
            reason=reason,
            heartbeat=wish.heartbeat,
            largest=LARGEST_FRAME,
        )
        wire.say(greeting, begin)
        if reason:
            hub.tally.gaps += 1
            wire.say(frames.gap(str(wish.start), begin, reason))
        hub.tally.opened += 1
        log.info(
            "listener came",
            extra={
                "conn": session.number,
                "ip": session.address,
                "cursor": f"{hub.epoch}:{begin}",
                "client": wish.name,
            },
        )
        hub.open(session)
        return session

    async def _until_gone(self, session: Session, receive: Receive) -> None:
        """Keep a listener until it goes; it has nothing to say."""
        try:
            while True:
                message = await receive()
                if message["type"] in ("websocket.disconnect", "http.disconnect"):
                    if why := WRONG.get(message.get("code", 0)):
                        self._hub.tally.dismissed[why] += 1
                    return
                if message["type"] == "websocket.receive" and not session.is_over:
                    self._hub.dismiss(session, frames.PROTOCOL, "protocol", "listeners do not send")
        finally:
            cursor = self._hub.flushed if session.is_live else session.cursor
            self._hub.close(session)
            log.info(
                "listener went",
                extra={
                    "conn": session.number,
                    "ip": session.address,
                    "cursor": f"{self._hub.epoch}:{cursor}",
                    "events": session.events_sent,
                    "seconds": round(self._clock() - session.opened_at, 1),
                },
            )

    async def _pump(self, wire: AsgiWire, session: Session, receive: Receive) -> None:
        """Send until the wire is closed, or the other side is gone."""
        sending = asyncio.create_task(wire.run(), name="listener sending")
        reading = asyncio.create_task(self._until_gone(session, receive), name="listener reading")
        try:
            await asyncio.wait([sending, reading], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, reading):
                task.cancel()
            await asyncio.gather(sending, reading, return_exceptions=True)


def _connection(scope: Scope) -> object:
    """Return the protocol whose request this is, None where a server does not show it."""
    shown = scope.get("state", {}).get(CONNECTION)
    return None if shown is None else shown()


def _nothing() -> None:
    pass
