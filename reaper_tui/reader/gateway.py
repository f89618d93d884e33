"""The gateway's protocol: where it is, what it says, and one look that names every channel of a guild."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any, NamedTuple

import aiohttp
from discord.http import Route
from yarl import URL

from reaper_tui.model.errors import ServiceDown
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.reader.http import DiscordHTTP
from reaper_tui.reader.structure import is_obfuscated
from reaper_tui.reader.wire import decoded, record, records, text, whole

DEFAULT_GATEWAY = "wss://gateway.discord.gg/"
GUILDS_INTENT = 1
DISPATCH, HEARTBEAT, IDENTIFY, RESUME, RECONNECT, INVALID_SESSION, HELLO, ACKNOWLEDGED = 0, 1, 2, 6, 7, 9, 10, 11
DEADLINE_SECONDS = 10.0
FAREWELL_SECONDS = 1.0


class Packet(NamedTuple):
    """What the gateway says; `name` and `sequence` belong to events."""

    code: object
    body: object
    name: str
    sequence: int | None


class Door(NamedTuple):
    """Where to connect, over how many shards, and how long no new session may be started."""

    url: str
    shards: int = 1
    closed_seconds: float = 0.0


async def find_door(http: DiscordHTTP, gateway: str) -> Door:
    """Return the way to the gateway: the given address, else the one Discord names."""
    if gateway:
        return Door(gateway)
    facts = record(await http.request(Route("GET", "/gateway/bot")))
    limit = record(facts.get("session_start_limit"))
    is_spent = limit.get("remaining") == 0
    return Door(
        text(facts.get("url")) or DEFAULT_GATEWAY,
        max(1, whole(facts.get("shards"))),
        whole(limit.get("reset_after")) / 1000 if is_spent else 0.0,
    )


async def connect(http: DiscordHTTP, url: str) -> aiohttp.ClientWebSocketResponse:
    """Open a socket to the gateway."""
    return await http.ws_connect(str(URL(url) % {"v": "10", "encoding": "json"}))


async def hang_up(socket: aiohttp.ClientWebSocketResponse, code: int) -> None:
    """Close a socket, without waiting long for an answer."""
    with contextlib.suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(FAREWELL_SECONDS):
            await socket.close(code=code)


def packet_from(frame: aiohttp.WSMessage) -> Packet | None:
    """Return what a frame says, None when it carries no data."""
    if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
        return None
    data: Any = frame.data
    said = record(decoded(data.encode("utf-8", "replace") if isinstance(data, str) else bytes(data)))
    sequence = said.get("s")
    return Packet(said.get("op"), said.get("d"), text(said.get("t")), sequence if isinstance(sequence, int) else None)


def identification(token: str, guild_id: int, shards: int, intents: int) -> dict[str, Any]:
    """Return the message that starts a session."""
    properties = {"os": sys.platform, "browser": "reaper-tui", "device": "reaper-tui"}
    shard = [(guild_id >> 22) % shards, shards]
    body = {"token": token, "intents": intents, "properties": properties, "compress": False, "shard": shard}
    return {"op": IDENTIFY, "d": body}


async def seen_channel_ids(http: DiscordHTTP, token: str, gateway: str, guild_id: int) -> tuple[set[int], set[int]]:
    """Return the ids of all channels and of those shown only as existing; raises ServiceDown when the look fails."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            guild = await _guild_create(http, token, gateway, guild_id)
    except TimeoutError:
        raise ServiceDown("The gateway does not answer in time") from None
    except (aiohttp.ClientError, OSError, ValueError, TypeError) as error:
        raise ServiceDown(f"The gateway cannot be used ({type(error).__name__})") from error
    seen: set[int] = set()
    obfuscated: set[int] = set()
    for channel in records(guild.get("channels")):
        channel_id = optional_snowflake(channel.get("id"))
        if channel_id is not None:
            seen.add(channel_id)
            if is_obfuscated(channel):
                obfuscated.add(channel_id)
    return seen, obfuscated


async def _guild_create(http: DiscordHTTP, token: str, gateway: str, guild_id: int) -> dict[str, Any]:
    door = await find_door(http, gateway)
    socket = await connect(http, door.url)
    try:
        sequence: int | None = None
        async for frame in socket:
            packet = packet_from(frame)
            if packet is None:
                continue
            body = record(packet.body)
            sequence = packet.sequence if packet.sequence is not None else sequence
            if packet.code == HELLO:
                await socket.send_json(identification(token, guild_id, door.shards, GUILDS_INTENT))
            elif packet.code == HEARTBEAT:
                await socket.send_json({"op": HEARTBEAT, "d": sequence})
            elif packet.code == INVALID_SESSION:
                raise ServiceDown("The gateway refuses the session")
            elif packet.code == DISPATCH and packet.name == "GUILD_CREATE" and _is_about(body, guild_id):
                return body
        raise ServiceDown(f"The gateway closed the connection (code {socket.close_code})")
    finally:
        await hang_up(socket, 1000)


def _is_about(guild: dict[str, Any], guild_id: int) -> bool:
    return optional_snowflake(guild.get("id")) == guild_id and guild.get("unavailable") is not True
