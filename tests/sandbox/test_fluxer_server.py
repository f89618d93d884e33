"""The Fluxer server as others compose it."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from fluxer_client import Client, client_of

from reaper_tui.sandbox.fluxer_server import FluxerServer


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    async with client_of(FluxerServer(speed=1000)) as client:
        yield client


class Faults:
    """Answers 503 once, then drops the reply of the next operation."""

    def __init__(self) -> None:
        self.intercepts = 1
        self.seen: list[int] = []

    async def intercept(self, request: web.BaseRequest) -> web.StreamResponse | None:
        self.intercepts -= 1
        return web.Response(status=503) if self.intercepts >= 0 else None

    async def after(self, request: web.BaseRequest, response: web.StreamResponse) -> web.StreamResponse | None:
        self.seen.append(response.status)
        return web.Response(status=502, text="{}")


async def test_faults_come_before_routing_and_after_storing(client: Client) -> None:
    hook = await client.webhook(await client.general())
    before = client.server.state()["message_count"]
    client.server.faults = faults = Faults()
    assert (await client.call("POST", hook, {"content": "x"}))[0] == 503
    assert client.server.state()["message_count"] == before
    assert (await client.call("POST", hook, {"content": "x"}))[0] == 502
    assert client.server.state()["message_count"] == before + 1
    assert faults.seen == [200]


async def test_metrics_count_by_route_and_status(client: Client) -> None:
    hook = await client.webhook(await client.general())
    for content in ("x", "y", ""):
        await client.call("POST", hook, {"content": content})
    metrics = client.server.metrics()
    assert metrics["requests"]["POST /webhooks/:webhook_id/:token"] == {"200": 2, "400": 1}
    assert metrics["bytes_in"] > 0 < metrics["bytes_out"]


async def test_state_counts_messages_and_hides_webhook_tokens(client: Client) -> None:
    hook = await client.webhook(await client.general())
    for _ in range(3):
        await client.call("POST", hook, {"content": "x"})
    state = client.server.state()
    general = next(channel for channel in state["channels"] if channel["name"] == "general")
    assert general["message_count"] == 4
    assert [webhook["name"] for webhook in state["webhooks"]] == ["Importer"]
    assert all("token" not in webhook for webhook in state["webhooks"])


def test_an_unknown_generation_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown generation"):
        FluxerServer(generation="2031-01")


async def test_discovery_leads_to_the_api_and_the_gateway(client: Client) -> None:
    _, found = await client.call("GET", f"{client.facts['instance']}/.well-known/fluxer", as_bot=False)
    assert found["endpoints"]["api"] + "/v1" == client.facts["api_base"]
    assert found["endpoints"]["gateway"] == client.facts["gateway"]
    assert found["endpoints"]["media"] == client.facts["media"]
    _, gateway = await client.call("GET", "/gateway/bot")
    assert gateway["url"] == client.facts["gateway"]


async def test_a_text_channel_below_a_voice_channel_cannot_be_ordered(client: Client) -> None:
    path = f"{client.guild}/channels"
    _, category = await client.call("POST", path, {"name": "c", "type": 4})
    _, voice = await client.call("POST", path, {"name": "v", "type": 2, "parent_id": category["id"]})
    _, text = await client.call("POST", path, {"name": "t", "type": 0, "parent_id": category["id"]})
    status, body = await client.call("PATCH", path, [{"id": text["id"], "position": 1}])
    assert (status, body["errors"][0]["code"]) == (400, "VOICE_CHANNELS_CANNOT_BE_ABOVE_TEXT_CHANNELS")
    assert (await client.call("PATCH", path, [{"id": voice["id"], "position": 1}]))[0] == 204


async def test_a_taken_port_is_told_and_another_can_be_tried(client: Client) -> None:
    taken = int(client.facts["instance"].rpartition(":")[2])
    server = FluxerServer()
    with pytest.raises(OSError, match="address already in use"):
        await server.start(port=taken)
    await server.start()
    assert server.facts()["instance"] != client.facts["instance"]
    await server.stop()
