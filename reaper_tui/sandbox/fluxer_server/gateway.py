"""The gateway: one WebSocket per session, events with a sequence, resume within ten seconds."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from typing import Any, cast

import msgspec
from aiohttp import WSMsgType, web

from . import channel_payloads, payloads
from .community import Community

HEARTBEAT_MS = 41_250
HEARTBEAT_TIMEOUT_S = 45.0
MAX_PAYLOAD = 4096
REPLAYED_EVENTS = 4096

DISPATCH, HEARTBEAT, IDENTIFY, RESUME, INVALID_SESSION, HELLO, HEARTBEAT_ACK = 0, 1, 2, 6, 9, 10, 11
IGNORED_OPS = frozenset({3, 4, 5, 8, 14})
UNKNOWN_OPCODE, DECODE_ERROR, NOT_AUTHENTICATED, AUTHENTICATION_FAILED = 4001, 4002, 4003, 4004
ALREADY_AUTHENTICATED, INVALID_SEQUENCE, RATE_LIMITED, TIMEOUT, INVALID_VERSION = 4005, 4007, 4008, 4009, 4012

_encoder = msgspec.json.Encoder()


class Session:
    """One identified client: what it was told, and the socket that tells it, if connected."""

    def __init__(self) -> None:
        self.id = secrets.token_hex(16)
        self.sequence = 0
        self.socket: web.WebSocketResponse | None = None
        self.unsent = asyncio.Event()
        self.sent = 0
        self._events: deque[tuple[int, bytes]] = deque(maxlen=REPLAYED_EVENTS)

    def push(self, name: str, data: Any) -> None:
        """Add an event."""
        self.sequence += 1
        payload = {"op": DISPATCH, "d": data, "s": self.sequence, "t": name}
        self._events.append((self.sequence, _encoder.encode(payload)))
        self.unsent.set()

    def pending(self) -> list[tuple[int, bytes]]:
        """Events that the client has not been sent."""
        return [event for event in self._events if event[0] > self.sent]

    def can_resume_from(self, sequence: int) -> bool:
        """Whether every event after the sequence is still at hand."""
        oldest = self._events[0][0] if self._events else self.sequence + 1
        return oldest - 1 <= sequence <= self.sequence


class Gateway:
    """All sessions of the bot."""

    def __init__(self, community: Community) -> None:
        self._community = community
        self._sessions: dict[str, Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def has_listeners(self) -> bool:
        """Whether any session would see an event."""
        return bool(self._sessions)

    def dispatch(self, name: str, data: Any) -> None:
        """Tell every session."""
        for session in self._sessions.values():
            session.push(name, data)

    async def close(self) -> None:
        """End every connection."""
        for session in list(self._sessions.values()):
            if session.socket is not None:
                await session.socket.close(code=1001)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def serve(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Run one connection from hello to close."""
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        generation = self._community.generation
        version = request.query.get("v", "" if generation.demands_version else "1")
        if version != "1" or request.query.get("encoding", "json") != "json":
            await socket.close(code=INVALID_VERSION)
            return socket
        await socket.send_json({"op": HELLO, "d": {"heartbeat_interval": HEARTBEAT_MS}})
        connection = _Connection(self, self._community, socket)
        try:
            await connection.run()
        finally:
            await connection.end()
            if connection.session is not None:
                self._drop_later(connection.session, socket)
        return socket

    def open(self, session: Session) -> None:
        """Add a session."""
        self._sessions[session.id] = session

    def find(self, session_id: Any) -> Session | None:
        """The session of an id, if it can still be resumed."""
        return self._sessions.get(session_id) if isinstance(session_id, str) else None

    def _drop_later(self, session: Session, socket: web.WebSocketResponse) -> None:
        if session.socket is not socket:
            return
        session.socket = None
        task = asyncio.create_task(self._drop(session))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drop(self, session: Session) -> None:
        await asyncio.sleep(self._community.generation.resume_seconds)
        if session.socket is None:
            self._sessions.pop(session.id, None)


class _Connection:
    def __init__(self, gateway: Gateway, community: Community, socket: web.WebSocketResponse) -> None:
        self._gateway = gateway
        self._community = community
        self._socket = socket
        self._sender: asyncio.Task[None] | None = None
        self.session: Session | None = None

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        arrivals: deque[float] = deque()
        while True:
            try:
                message = await self._socket.receive(timeout=HEARTBEAT_TIMEOUT_S)
            except TimeoutError:
                await self._socket.close(code=TIMEOUT)
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                return
            arrivals.append(loop.time())
            while arrivals[0] < arrivals[-1] - 60:
                arrivals.popleft()
            if len(arrivals) > self._community.generation.payloads_a_minute:
                await self._socket.close(code=RATE_LIMITED)
                return
            close_code = await self._handle(message.data)
            if close_code is not None:
                await self._socket.close(code=close_code)
                return

    async def end(self) -> None:
        if self._sender is not None:
            self._sender.cancel()
            await asyncio.gather(self._sender, return_exceptions=True)

    async def _handle(self, raw: str | bytes) -> int | None:
        if len(raw) > MAX_PAYLOAD:
            return DECODE_ERROR
        try:
            payload = msgspec.json.decode(raw, type=dict[str, Any])
        except msgspec.DecodeError:
            return DECODE_ERROR
        op, data = payload.get("op"), payload.get("d")
        if op == HEARTBEAT:
            await self._socket.send_json({"op": HEARTBEAT_ACK})
            return None
        if op == IDENTIFY:
            return await self._identify(data)
        if op == RESUME:
            return await self._resume(data)
        if op in IGNORED_OPS:
            return None if self.session is not None else NOT_AUTHENTICATED
        return UNKNOWN_OPCODE

    async def _identify(self, data: Any) -> int | None:
        if self.session is not None:
            return ALREADY_AUTHENTICATED
        if not isinstance(data, dict):
            return DECODE_ERROR
        identify = cast("dict[str, Any]", data)
        properties: Any = identify.get("properties")
        if not isinstance(properties, dict):
            return DECODE_ERROR
        known = cast("dict[str, Any]", properties)
        if not all(isinstance(known.get(key), str) for key in ("os", "browser", "device")):
            return DECODE_ERROR
        if identify.get("token") != self._community.token:
            return AUTHENTICATION_FAILED
        self._community.start_session()
        await self._community.store.flush()
        session = Session()
        self._gateway.open(session)
        self._attach(session)
        session.push("READY", self._ready(session))
        session.push("GUILD_CREATE", self._guild())
        return None

    async def _resume(self, data: Any) -> int | None:
        if self.session is not None:
            return ALREADY_AUTHENTICATED
        if not isinstance(data, dict):
            return DECODE_ERROR
        resume = cast("dict[str, Any]", data)
        if resume.get("token") != self._community.token:
            return AUTHENTICATION_FAILED
        session, sequence = self._gateway.find(resume.get("session_id")), resume.get("seq")
        if session is None:
            await self._socket.send_json({"op": INVALID_SESSION, "d": False})
            return None
        if not isinstance(sequence, int) or not session.can_resume_from(sequence):
            return INVALID_SEQUENCE
        if session.socket is not None:
            await session.socket.close(code=4000)
        session.sent = sequence
        self._attach(session)
        session.push("RESUMED", None)
        return None

    def _attach(self, session: Session) -> None:
        self.session, session.socket = session, self._socket
        session.unsent.set()
        self._sender = asyncio.create_task(self._send(session))

    async def _send(self, session: Session) -> None:
        while not self._socket.closed and session.socket is self._socket:
            await session.unsent.wait()
            session.unsent.clear()
            for sequence, event in session.pending():
                try:
                    await self._socket.send_str(event.decode())
                except ConnectionError:
                    return
                session.sent = sequence

    def _ready(self, session: Session) -> dict[str, Any]:
        guilds = [{"id": str(self._community.guild.id), "unavailable": True}]
        return {
            "v": 1,
            "session_id": session.id,
            "user": payloads.private_user(self._community.bot),
            "guilds": guilds if self._community.generation.has_full_guild else [],
            "private_channels": [],
            "users": [],
            "relationships": [],
            "presences": [],
            "sessions": [],
            "read_states": [],
            "country_code": None,
        }

    def _guild(self) -> dict[str, Any]:
        community = self._community
        return {
            **payloads.guild(community.guild, community.generation),
            "properties": payloads.guild(community.guild, community.generation),
            "channels": [channel_payloads.channel(channel, community) for channel in community.channels.values()],
            "roles": [payloads.role(role) for role in community.roles.values()],
            "emojis": [payloads.emoji(emoji) for emoji in community.emojis.values()],
            "stickers": [payloads.sticker(sticker) for sticker in community.stickers.values()],
            "members": [payloads.member(member, community) for member in community.members.values()],
            "member_count": len(community.members),
            "online_count": 1,
            "presences": [],
            "voice_states": [],
            "joined_at": community.members[community.bot.id].joined_at,
            "unavailable": False,
        } | self._threads()

    def _threads(self) -> dict[str, Any]:
        community = self._community
        if not community.generation.has_threads:
            return {}
        open = [thread for thread in community.threads.values() if not thread.is_archived]
        return {"threads": [channel_payloads.thread(thread, community) for thread in open]}
