"""Avatar addresses of webhook messages."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from fluxer_client import Client, Clock, client_of

from reaper_tui.sandbox.fluxer_server import FluxerServer

GIF = b"GIF89a\x02\x00\x02\x00\x00\x00\x00;"


class Cdn:
    """A server of pictures that counts what it is asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.origin = ""

    async def answer(self, request: web.BaseRequest) -> web.Response:
        self.asked.append(request.path)
        if request.path.endswith(".gif"):
            return web.Response(body=GIF, content_type="image/gif")
        return web.Response(text="no picture", status=200 if request.path.endswith(".txt") else 404)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def client(clock: Clock) -> AsyncIterator[Client]:
    async with client_of(FluxerServer(clock=clock)) as client:
        yield client


@pytest.fixture
async def cdn() -> AsyncIterator[Cdn]:
    cdn = Cdn()
    runner = web.ServerRunner(web.Server(cdn.answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    cdn.origin = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield cdn
    await runner.cleanup()


async def test_an_avatar_is_fetched_once_and_hosted(client: Client, cdn: Cdn) -> None:
    hook = await client.webhook(await client.general())
    body = {"content": "x", "username": "Ada", "avatar_url": f"{cdn.origin}/cdn/ada.gif"}
    _, first = await client.call("POST", hook, body)
    _, second = await client.call("POST", hook, body)
    assert first["author"]["avatar"] == second["author"]["avatar"] is not None
    assert cdn.asked == ["/cdn/ada.gif"]
    address = f"{client.facts['media']}/avatars/{first['author']['id']}/{first['author']['avatar']}.webp"
    async with client.session.get(address) as response:
        assert (response.status, await response.read()) == (200, GIF)


async def test_a_missing_avatar_falls_back_and_is_tried_again_after_five_minutes(
    client: Client, cdn: Cdn, clock: Clock
) -> None:
    hook = await client.webhook(await client.general())
    body = {"content": "x", "avatar_url": f"{cdn.origin}/gone.png"}
    for seconds in (0, 299, 2):
        clock.now += seconds
        status, message = await client.call("POST", hook, body)
        assert (status, message["author"]["avatar"]) == (200, None)
    assert len(cdn.asked) == 2


async def test_bytes_that_are_no_picture_fail_the_send(client: Client, cdn: Cdn) -> None:
    hook = await client.webhook(await client.general())
    status, body = await client.call("POST", hook, {"content": "x", "avatar_url": f"{cdn.origin}/a.txt"})
    assert (status, body["errors"][0]["path"], body["errors"][0]["code"]) == (400, "avatar", "INVALID_IMAGE_FORMAT")


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("http://localhost:1/a.png", 400),
        ("https://cdn.example.invalid/a.png", 200),
        ("http://10.0.0.1/a.png", 200),
        ("http://127.0.0.1:1/a.png", 200),
        ("https://user:pass@example.com/a.png", 400),
        ("https://example.com/a.png#x", 400),
        ("ftp://example.com/a.png", 400),
    ],
)
async def test_only_the_form_of_an_address_is_refused(client: Client, address: str, status: int) -> None:
    hook = await client.webhook(await client.general())
    assert (await client.call("POST", hook, {"content": "x", "avatar_url": address}))[0] == status
