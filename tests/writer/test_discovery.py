"""Addresses come from the instance or from the user, never from a third place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from reaper_tui.model.community import Limits
from reaper_tui.model.errors import ConfigurationError, ServiceDown
from reaper_tui.writer.capabilities import Answers, limits_from
from reaper_tui.writer.discovery import discover
from reaper_tui.writer.probes import Routes


@asynccontextmanager
async def instance(document: object, *, path: str = "/.well-known/fluxer", status: int = 200) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.StreamResponse:
        assert "Authorization" not in request.headers
        if request.path != path:
            return web.Response(status=404, text="<html>")
        if isinstance(document, str):
            return web.Response(status=status, text=document)
        return web.json_response(document, status=status)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    server = TestServer(app)
    await server.start_server()
    try:
        yield str(server.make_url("")).rstrip("/")
    finally:
        await server.close()


ENDPOINTS = {
    "api": "https://web.example/api",
    "api_public": "https://api.example",
    "gateway": "wss://gw.example",
    "media": "https://media.example/",
    "webapp": "https://web.example",
}


async def test_an_instance_tells_its_addresses() -> None:
    async with instance({"endpoints": ENDPOINTS, "features": {"self_hosted": True}}) as base:
        found = await discover(base)
    assert found.api_base == "https://api.example/v1"
    assert (found.gateway, found.media) == ("wss://gw.example", "https://media.example")
    assert found.link_base == "https://web.example"
    assert found.is_self_hosted


async def test_older_instances_name_only_one_api() -> None:
    async with instance({"endpoints": {"api": "http://old.example/api/"}}, path="/api/.well-known/fluxer") as base:
        found = await discover(base)
    assert found.api_base == "http://old.example/api/v1"
    assert found.link_base == base


async def test_the_users_own_address_wins_and_is_asked_for_the_rest() -> None:
    async with instance({"endpoints": ENDPOINTS}) as base:
        found = await discover("https://never.asked.invalid", api_base=f"{base}/api/v1/", media="http://m/")
    assert (found.api_base, found.media) == (f"{base}/api/v1", "http://m")
    assert found.gateway == "wss://gw.example"


@pytest.mark.parametrize("document", ["<html>", "[]", '{"endpoints": 7}', "{}", "\ufffd"])
async def test_an_own_address_needs_no_document(document: str) -> None:
    async with instance(document) as base:
        assert (await discover("", api_base=f"{base}/api/v1")).api_base == f"{base}/api/v1"
        with pytest.raises(ConfigurationError, match="no Fluxer instance"):
            await discover(base)


async def test_an_instance_that_is_not_there_is_down(unused_tcp_port: int) -> None:
    with pytest.raises(ServiceDown, match="cannot be reached"):
        await discover(f"http://127.0.0.1:{unused_tcp_port}")
    async with instance("busy", status=503) as base:
        with pytest.raises(ServiceDown, match="503"):
            await discover(base)


@pytest.mark.parametrize("address", ["ftp://x/api", "javascript:alert(1)"])
async def test_a_token_is_not_sent_to_odd_addresses(address: str) -> None:
    async with instance({"endpoints": {"api": address}}) as base:
        with pytest.raises(ConfigurationError):
            await discover(base)


def limits(
    *rules: Mapping[str, Any], features: set[str] | None = None, is_current: bool = False, own: bool = False
) -> Limits:
    return limits_from(rules, frozenset(features or ()), is_current=is_current, is_self_hosted=own)


def test_limits_follow_rules_for_a_bot() -> None:
    assert limits() == Limits()
    plain = {"id": "default", "overrides": {"max_message_length": 3000, "max_guild_roles": 5, "unknown": 1}}
    premium = {"id": "p", "filters": {"traits": ["premium"]}, "overrides": {"max_message_length": 4000}}
    featured = {"filters": {"guildFeatures": ["VIP"]}, "overrides": {"max_guild_roles": 3, "max_guild_channels": 900}}
    assert limits(plain).message_length == 3000
    assert limits(premium).message_length == 2000
    assert limits(premium, own=True).message_length == 4000
    assert limits(featured).guild_channels == 500
    raised = limits(featured, plain, features={"VIP"})
    assert (raised.guild_channels, raised.guild_roles) == (900, 5)
    assert limits(features={"MORE_EMOJI"}).static_emojis == 250
    assert limits({"overrides": {"max_message_length": "many"}}, {"overrides": None}, {}) == Limits()


def test_newer_instances_give_bots_their_own_bounds() -> None:
    found = limits({"overrides": {"max_attachment_file_size": 524_288_000, "max_message_length": 100}}, is_current=True)
    assert (found.message_length, found.attachment_bytes) == (4000, 52_428_800)
    premium = {"filters": {"traits": ["premium"]}, "overrides": {"max_attachment_file_size": 524_288_000}}
    assert limits(premium, is_current=True, own=True).attachment_bytes == 26_214_400
    assert limits(premium, own=True).attachment_bytes == 524_288_000


def test_a_generation_is_known_by_its_headers() -> None:
    assert Answers().seen(["x-ratelimit-limit", "date"]).generation == "2026-02"
    newer = Answers().seen(["x-ratelimit-bucket"])
    assert newer.generation == "current"
    can = newer.capabilities(Routes(True, False, False), presigned_uploads=True)
    assert (can.honours_nonces, can.keeps_replies, can.edits_posts, can.has_forums) == (True, True, True, False)
    assert newer.seen([]).generation == "current"
