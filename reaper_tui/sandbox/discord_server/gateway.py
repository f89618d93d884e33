"""The gateway: hello, identify, ready, guild create, dispatch, heartbeat, resume with replay."""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from reaper_tui.sandbox.discord_server import wire_guild
from reaper_tui.sandbox.discord_server.events import GUILDS, MESSAGE_CONTENT, PRIVILEGED, Event, without_content
from reaper_tui.sandbox.discord_server.faults import Faults
from reaper_tui.sandbox.discord_server.session import GatewaySocket, Session
from reaper_tui.sandbox.discord_server.store import Store

_HEARTBEAT, _IDENTIFY, _RESUME, _RECONNECT, _INVALID_SESSION, _HELLO, _ACK = 1, 2, 6, 7, 9, 10, 11
_HEARTBEAT_MS = 41_250
_KEPT_SESSIONS = 32
_SILENT_OPERATIONS = (3, 4, 8, 31)
UNKNOWN_ERROR = 4000
UNKNOWN_OPCODE, NOT_AUTHENTICATED, AUTHENTICATION_FAILED, ALREADY_AUTHENTICATED = 4001, 4003, 4004, 4005
INVALID_SEQUENCE, DISALLOWED_INTENTS = 4007, 4014


class Gateway:
    """Accepts sockets at `/gateway` and hands events to them."""

    def __init__(self, store: Store, faults: Faults, address: Callable[[], str]) -> None:
        self._store = store
        self._faults = faults
        self._address = address
        self._sessions: dict[str, Session] = {}
        self._sockets: set[GatewaySocket] = set()
        self._identified = 0

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put the gateway into `router`."""
        for path in ("/gateway", "/gateway/", "/"):
            router.add_get(path, self._accept)

    @property
    def session_count(self) -> int:
        """How many sessions have a living socket."""
        return sum(session.socket.is_open for session in self._sessions.values())

    async def dispatch(self, event: Event) -> None:
        """Send `event` to every session that asked for its kind, unless trouble comes between."""
        struck = self._faults.at_event(event.name) if self.session_count else frozenset[str]()
        if "gateway-invalid" in struck:
            await self.invalidate()
        if struck & {"gateway-swallow", "gateway-invalid"}:
            return
        await self._tell(event)
        if "gateway-cut" in struck:
            await self.cut()
        if "gateway-cut-4000" in struck:
            await self.cut(UNKNOWN_ERROR)
        if "gateway-reconnect" in struck:
            await self.ask_to_reconnect()

    async def _tell(self, event: Event) -> None:
        for session in list(self._sessions.values()):
            if not event.intents or session.intents & event.intents:
                may_read = session.intents & MESSAGE_CONTENT and self._store.may_read_content
                data = event.data if may_read or not event.is_message else without_content(event.data)
                await session.dispatch(event.name, data)

    async def cut(self, code: int = WSCloseCode.GOING_AWAY, forget: bool = False) -> None:
        """Close every socket; with `forget` no session can be resumed afterwards."""
        if forget:
            self._sessions.clear()
        sockets = list(self._sockets)
        self._sockets.clear()
        await asyncio.gather(*(socket.close(code) for socket in sockets))

    async def invalidate(self) -> None:
        """Forget every session and say so with op 9: whatever happens until they identify again is lost."""
        self._sessions.clear()
        for socket in list(self._sockets):
            await socket.send(_INVALID_SESSION, False)

    async def ask_to_reconnect(self) -> None:
        """Send op 7 to every session."""
        for socket in list(self._sockets):
            await socket.send(_RECONNECT, None)

    async def _accept(self, request: web.Request) -> web.StreamResponse:
        frames = web.WebSocketResponse(max_msg_size=16_384)
        if not frames.can_prepare(request).ok:
            return web.Response(status=404, text="")
        struck = self._faults.at_connect()
        if "gateway-refused" in struck:
            return web.Response(status=503, text="upstream connect error or disconnect/reset before headers")
        await frames.prepare(request)
        if "gateway-slam" in struck:
            await frames.close(code=WSCloseCode.GOING_AWAY)
            return frames
        socket = GatewaySocket(frames, request.query.get("compress", ""))
        self._sockets.add(socket)
        try:
            await socket.send(_HELLO, {"heartbeat_interval": _HEARTBEAT_MS, "_trace": ["sandbox"]})
            await self._listen(socket)
        finally:
            self._sockets.discard(socket)
        return frames

    async def _listen(self, socket: GatewaySocket) -> None:
        session: Session | None = None
        async for frame in socket.frames:
            if frame.type is not WSMsgType.TEXT:
                continue
            try:
                payload: Any = msgspec.json.decode(frame.data)
                operation = payload["op"]
            except (msgspec.DecodeError, KeyError, TypeError):
                await socket.close(4002, "Error while decoding payload.")
                return
            if operation == _HEARTBEAT:
                await socket.send(_ACK, None)
            elif operation == _IDENTIFY:
                if session is not None and session.id in self._sessions:
                    await socket.close(ALREADY_AUTHENTICATED, "Already authenticated.")
                    return
                session = await self._identify(socket, payload["d"])
                if session is None:
                    return
            elif operation == _RESUME:
                session = await self._resume(socket, payload["d"])
            elif session is None:
                await socket.close(NOT_AUTHENTICATED, "Not authenticated.")
                return
            elif operation not in _SILENT_OPERATIONS:
                await socket.close(UNKNOWN_OPCODE, "Unknown opcode.")
                return

    async def _identify(self, socket: GatewaySocket, data: dict[str, Any]) -> Session | None:
        if not self._is_token(data):
            await socket.close(AUTHENTICATION_FAILED, "Authentication failed.")
            return None
        intents = int(data.get("intents") or 0)
        if intents & PRIVILEGED or (intents & MESSAGE_CONTENT and not self._store.may_read_content):
            await socket.close(DISALLOWED_INTENTS, "Disallowed intent(s).")
            return None
        self._identified += 1
        for identifier in list(self._sessions)[:-_KEPT_SESSIONS]:
            if not self._sessions[identifier].socket.is_open:
                del self._sessions[identifier]
        community = self._store.community
        name = hashlib.md5(f"{community.seed}/{self._identified}".encode(), usedforsecurity=False).hexdigest()
        session = self._sessions[name] = Session(name, intents, socket)
        bot = wire_guild.user(community.bot) | {"verified": True, "mfa_enabled": True, "email": None}
        application = {"id": str(community.application_id), "flags": wire_guild.application(self._store)["flags"]}
        await session.dispatch(
            "READY",
            {
                "v": 10,
                "user": bot,
                "guilds": [{"id": str(community.id), "unavailable": True}],
                "session_id": session.id,
                "session_type": "normal",
                "resume_gateway_url": self._address(),
                "application": application,
                "user_settings": {},
                "relationships": [],
                "private_channels": [],
                "presences": [],
                "guild_join_requests": [],
                "geo_ordered_rtc_regions": [],
                "auth": {},
                "shard": data.get("shard", [0, 1]),
                "_trace": ["sandbox"],
            },
        )
        if intents & GUILDS:
            await session.dispatch("GUILD_CREATE", wire_guild.gateway_guild(self._store))
        return session

    async def _resume(self, socket: GatewaySocket, data: dict[str, Any]) -> Session | None:
        if not self._is_token(data):
            await socket.close(AUTHENTICATION_FAILED, "Authentication failed.")
            return None
        session = self._sessions.get(str(data.get("session_id")))
        after = int(data.get("seq") or 0)
        if session is None or not session.can_replay(after):
            await socket.send(_INVALID_SESSION, False)
            return None
        if session.socket is not socket:
            await session.socket.close(4009, "Session timed out.")
        session.socket = socket
        await session.replay(after)
        await session.dispatch("RESUMED", {"_trace": ["sandbox"]})
        return session

    def _is_token(self, data: dict[str, Any]) -> bool:
        return str(data.get("token")).removeprefix("Bot ") == self._store.token
