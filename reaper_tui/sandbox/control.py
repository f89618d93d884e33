"""The control server: looks into both servers and lets things happen; never part of either API."""

from typing import TYPE_CHECKING, Any

import msgspec
from aiohttp import WSCloseCode, web

from reaper_tui.sandbox.discord_server import ChangeError, changes
from reaper_tui.sandbox.faults import CATALOGUE, KNOWN, FaultError, Wish

if TYPE_CHECKING:
    from reaper_tui.sandbox.service import Sandbox


_HELP = """The sandbox's control port.

GET  /state             what both servers hold: channels, threads, messages by container, pins, reactions, webhooks
GET  /metrics           requests by route and status; reads and writes, of all and by channel
GET  /faults            every fault, which are on, how often each struck
POST /faults            {"faults": ["NAME", {"name": "NAME", "every": 20}]}: exactly these are on from now
POST /discord/gateway   {"action": "cut", "code": 4000}: the sockets close; to be resumed
                        {"action": "forget"}: they close, no session can be resumed
                        {"action": "invalidate"}: op 9; {"action": "reconnect"}: op 7
POST /discord/messages  somebody changes something on the Discord side:
"""


class _FaultWish(msgspec.Struct, frozen=True):
    faults: tuple[str | Wish, ...]


class Control:
    """Answers / (what there is), /state, /metrics, /faults, /discord/messages and /discord/gateway."""

    def __init__(self, sandbox: "Sandbox") -> None:
        self._sandbox = sandbox
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listen on `port`, or on a free one; raises OSError if it is taken."""
        application = web.Application()
        application.router.add_get("/", self._help)
        application.router.add_get("/state", self._state)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/faults", self._show_faults)
        application.router.add_post("/faults", self._set_faults)
        application.router.add_post("/discord/messages", self._change)
        application.router.add_post("/discord/gateway", self._gateway)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError:
            await self.stop()
            raise
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Close the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _help(self, request: web.Request) -> web.Response:
        return web.Response(text=f"{_HELP}\n{changes.__doc__ or ''}")

    async def _state(self, request: web.Request) -> web.Response:
        sandbox = self._sandbox
        return _json(
            {"discord": sandbox.discord.state(), "fluxer": sandbox.fluxer.state(), "faults": sandbox.active_faults}
        )

    async def _metrics(self, request: web.Request) -> web.Response:
        return _json({"discord": self._sandbox.discord.metrics(), "fluxer": self._sandbox.fluxer.metrics()})

    async def _show_faults(self, request: web.Request) -> web.Response:
        table = {fault.name: fault.summary for fault in CATALOGUE.values()}
        sandbox = self._sandbox
        return _json(
            {"active": sandbox.active_faults, "report": sandbox.fault_report(), "known": KNOWN, "table": table}
        )

    async def _set_faults(self, request: web.Request) -> web.Response:
        try:
            wish = msgspec.json.decode(await request.read(), type=_FaultWish)
        except msgspec.MsgspecError as error:
            return _refused(f'expected {{"faults": [names or objects]}}, the whole set that is to be on: {error}')
        try:
            await self._sandbox.change_faults(wish.faults)
        except FaultError as error:
            return _json({"error": str(error), "known": KNOWN}, status=400)
        return await self._show_faults(request)

    async def _change(self, request: web.Request) -> web.Response:
        try:
            return _json(await self._sandbox.discord.change(await _body(request)))
        except ChangeError as error:
            return _refused(str(error))

    async def _gateway(self, request: web.Request) -> web.Response:
        body = await _body(request)
        action, code = body.get("action"), body.get("code", WSCloseCode.GOING_AWAY)
        gateway = self._sandbox.discord.gateway
        if action == "cut" and isinstance(code, int):
            await gateway.cut(code)
        elif action == "invalidate":
            await gateway.invalidate()
        elif action == "forget":
            await gateway.cut(forget=True)
        elif action == "reconnect":
            await gateway.ask_to_reconnect()
        else:
            return _refused('expected {"action": "cut" | "invalidate" | "forget" | "reconnect"}')
        return _json({"action": action})


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.read(), type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}


def _json(body: Any, status: int = 200) -> web.Response:
    return web.Response(status=status, body=msgspec.json.encode(body), content_type="application/json")


def _refused(reason: str) -> web.Response:
    return _json({"error": reason}, status=400)
