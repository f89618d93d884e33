"""One look through the gateway, which names every channel of a guild, also those the bot may not view."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Any

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
DISPATCH, HEARTBEAT, IDENTIFY, INVALID_SESSION, HELLO = 0, 1, 2, 9, 10
DEADLINE_SECONDS = 10.0
FAREWELL_SECONDS = 1.0


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
    shards = 1
    if not gateway:
        facts = record(await http.request(Route("GET", "/gateway/bot")))
        gateway = text(facts.get("url")) or DEFAULT_GATEWAY
        shards = max(1, whole(facts.get("shards")))
    socket = await http.ws_connect(str(URL(gateway) % {"v": "10", "encoding": "json"}))
    try:
        sequence: int | None = None
        async for frame in socket:
            if frame.type not in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                continue
            data: Any = frame.data
            packet = record(decoded(data.encode() if isinstance(data, str) else bytes(data)))
            code, body = packet.get("op"), record(packet.get("d"))
            if isinstance(packet.get("s"), int):
                sequence = packet["s"]
            if code == HELLO:
                shard = [(guild_id >> 22) % shards, shards]
                await socket.send_json({"op": IDENTIFY, "d": _identify(token, shard)})
            elif code == HEARTBEAT:
                await socket.send_json({"op": HEARTBEAT, "d": sequence})
            elif code == INVALID_SESSION:
                raise ServiceDown("The gateway refuses the session")
            elif code == DISPATCH and packet.get("t") == "GUILD_CREATE" and _is_about(body, guild_id):
                return body
        raise ServiceDown(f"The gateway closed the connection (code {socket.close_code})")
    finally:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FAREWELL_SECONDS):
                await socket.close(code=1000)


def _is_about(guild: dict[str, Any], guild_id: int) -> bool:
    return optional_snowflake(guild.get("id")) == guild_id and guild.get("unavailable") is not True


def _identify(token: str, shard: list[int]) -> dict[str, Any]:
    properties = {"os": sys.platform, "browser": "reaper-tui", "device": "reaper-tui"}
    return {"token": token, "intents": GUILDS_INTENT, "properties": properties, "compress": False, "shard": shard}
