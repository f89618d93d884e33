"""The gateway kept open: events in order, sessions resumed, and a word wherever something may have been missed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import aiohttp

from reaper_tui.model.errors import AccessDenied, CloneError, ConfigurationError, ServiceDown
from reaper_tui.model.live import LiveEvent, LiveKind
from reaper_tui.reader.backoff import Backoff
from reaper_tui.reader.gateway import (
    ACKNOWLEDGED,
    DISPATCH,
    HEARTBEAT,
    HELLO,
    INVALID_SESSION,
    RECONNECT,
    RESUME,
    Packet,
    connect,
    find_door,
    hang_up,
    identification,
    packet_from,
)
from reaper_tui.reader.happenings import happenings
from reaper_tui.reader.http import DiscordHTTP
from reaper_tui.reader.wire import fraction, record, text

# Guilds, their emojis and stickers, their messages with content, and reactions.
INTENTS = 1 << 0 | 1 << 3 | 1 << 9 | 1 << 10 | 1 << 15
GREETING_SECONDS = 30.0
SHORTEST_BEAT_SECONDS = 0.01
NORMAL, STILL_HERE = 1000, 4000
_FORGETS_SESSION = frozenset({4007, 4009})

Put = Callable[[LiveEvent], None]


class Listener:
    """Follows one guild until it is cancelled; `put` is called in the order of the events and must not wait."""

    def __init__(
        self,
        http: DiscordHTTP,
        token: str,
        gateway: str,
        guild_id: int,
        put: Put,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        scale: float = 1.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._http = http
        self._token = token
        self._gateway = gateway
        self._guild_id = guild_id
        self._put = put
        self._now = now
        self._sleep = sleep
        self._scale = scale
        self._chance = chance
        self._backoff = Backoff(chance)
        self._session = ""
        self._sequence: int | None = None
        self._resume_url = ""
        self._is_ready = False
        self._has_structure = False

    async def run(self) -> NoReturn:
        """Stay connected; raises AccessDenied or ConfigurationError when there is no sense in trying again."""
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            self._is_ready, asked = False, 0.0
            try:
                why = await self._connection()
            except (AccessDenied, ConfigurationError) as error:
                if not isinstance(error, AccessDenied) or error.ends_run:
                    raise
                why = str(error)
            except TimeoutError:
                why = "it does not answer in time"
            except ServiceDown as error:
                why, asked = str(error), error.retry_after or 0.0
            except (CloneError, aiohttp.ClientError, OSError, ValueError, TypeError) as error:
                why = f"the connection failed ({type(error).__name__})"
            if not self._is_ready:
                self._resume_url = ""
            pause = self._backoff.after(was_ready=self._is_ready, lived_seconds=(clock() - began) * self._scale)
            self._tell(LiveKind.LOST, why)
            await self._sleep(max(pause / self._scale, asked))

    async def _connection(self) -> str:
        """Hold one connection to its end and return why it ended."""
        url, shards = self._resume_url, 1
        if not url:
            door = await find_door(self._http, self._gateway)
            if door.closed_seconds and not self._session:
                raise ServiceDown("Discord lets the bot start no session for now", retry_after=door.closed_seconds)
            url, shards = door.url, door.shards
        socket = await connect(self._http, url)
        code = STILL_HERE
        try:
            return await self._listen(socket, shards)
        except asyncio.CancelledError:
            code = NORMAL
            raise
        finally:
            await hang_up(socket, code)

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, shards: int) -> str:
        clock = asyncio.get_running_loop().time
        greeted_by = clock() + GREETING_SECONDS
        interval = next_beat = 0.0
        is_alive = True
        while True:
            deadline = next_beat if self._is_ready else min(next_beat or greeted_by, greeted_by)
            try:
                frame = await socket.receive(timeout=max(0.0, deadline - clock())) if deadline > clock() else None
            except TimeoutError:
                frame = None
            if interval and clock() >= next_beat:
                if not is_alive:
                    return "it stopped answering"
                is_alive = False
                await socket.send_json({"op": HEARTBEAT, "d": self._sequence})
                next_beat = clock() + interval
            if frame is None:
                if not self._is_ready and clock() >= greeted_by:
                    return "it does not answer in time"
                continue
            if frame.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED):
                return self._closed(socket.close_code)
            if frame.type is aiohttp.WSMsgType.ERROR:
                return "the connection broke off"
            packet = packet_from(frame)
            if packet is None:
                continue
            if packet.sequence is not None:
                self._sequence = packet.sequence
            if packet.code == DISPATCH:
                self._dispatch(packet)
            elif packet.code == HELLO:
                interval = max(SHORTEST_BEAT_SECONDS, fraction(record(packet.body).get("heartbeat_interval")) / 1000)
                next_beat = clock() + interval * self._chance()
                await socket.send_json(self._introduction(shards))
            elif packet.code == HEARTBEAT:
                await socket.send_json({"op": HEARTBEAT, "d": self._sequence})
            elif packet.code == ACKNOWLEDGED:
                is_alive = True
            elif packet.code == RECONNECT:
                return "Discord asked for a new connection"
            elif packet.code == INVALID_SESSION:
                if packet.body is not True:
                    self._forget()
                await self._sleep((1.0 + 4.0 * self._chance()) / self._scale)
                return "Discord ended the session"

    def _introduction(self, shards: int) -> dict[str, Any]:
        if not self._session:
            return identification(self._token, self._guild_id, shards, INTENTS)
        return {"op": RESUME, "d": {"token": self._token, "session_id": self._session, "seq": self._sequence}}

    def _closed(self, code: int | None) -> str:
        if (fatal := _fatal(code)) is not None:
            raise fatal
        if code in _FORGETS_SESSION:
            self._forget()
        return f"Discord closed the connection (code {code})"

    def _forget(self) -> None:
        self._session, self._sequence, self._resume_url = "", None, ""

    def _dispatch(self, packet: Packet) -> None:
        body = record(packet.body)
        if packet.name == "READY":
            self._session = text(body.get("session_id"))
            # An address the user gave is kept: what a server behind it calls itself may not be reachable.
            self._resume_url = self._gateway or text(body.get("resume_gateway_url"))
            self._is_ready, self._has_structure = True, False
            self._tell(LiveKind.GAP)
        elif packet.name == "RESUMED":
            self._is_ready = True
            self._tell(LiveKind.RESUMED)
        elif packet.name == "GUILD_DELETE" and body.get("id") == str(self._guild_id):
            if body.get("unavailable") is not True:
                raise AccessDenied("The bot was removed from the Discord server", "invite it again and run again")
            self._tell(LiveKind.LOST, "Discord reports an outage of the server")
        else:
            for event in happenings(packet.name, body, self._guild_id, self._now()):
                if event.kind is LiveKind.STRUCTURE:
                    if self._has_structure:
                        self._tell(LiveKind.GAP)
                    self._has_structure = True
                self._put(event)

    def _tell(self, kind: LiveKind, note: str = "") -> None:
        self._put(LiveEvent(kind, self._now(), note=note))


def _fatal(code: int | None) -> CloneError | None:
    if code == 4004:
        return AccessDenied(
            "Discord's gateway refused the bot token", "copy it again from the Developer Portal, page Bot"
        )
    if code == 4014:
        return AccessDenied(
            "Discord's gateway refuses to tell what people write",
            "switch on Message Content Intent in the Developer Portal, page Bot, and run again",
        )
    if code == 4013:
        return AccessDenied("Discord's gateway refuses the intents of this program", "update reaper-tui")
    if code == 4012:
        return ConfigurationError(
            "Discord's gateway does not speak this program's version any more", "update reaper-tui"
        )
    return None
