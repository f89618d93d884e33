"""The Fluxer server's state across restarts."""

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from fluxer_client import Clock, client_of, process_of

from reaper_tui.sandbox.fluxer_server import FluxerServer
from reaper_tui.sandbox.fluxer_server.store import Store

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"


async def test_a_reopened_store_holds_the_same_community(tmp_path: Path) -> None:
    store, clock = tmp_path / "state.db", Clock()
    async with client_of(FluxerServer(store=store, clock=clock, seed=7)) as client:
        await client.start_session()
        channel = await client.general()
        path = f"/channels/{channel}/messages"
        _, message = await client.call("POST", path, {"content": "kept", "nonce": "n"})
        _, file = await client.upload(await client.webhook(channel), "a.txt", b"hello")
        await client.call("PUT", f"/channels/{channel}/pins/{message['id']}")
        await client.call("PUT", f"{path}/{message['id']}/reactions/%F0%9F%91%8D/@me")
        await client.call("POST", f"{client.guild}/roles", {"name": "Mods"})
        await client.call("POST", f"{client.guild}/emojis", {"name": "dot", "image": PIXEL})
        await client.call("PATCH", client.guild, {"name": "Renamed", "banner": PIXEL})
        before, facts = client.server.state(), client.facts
    async with client_of(FluxerServer(store=store, clock=clock)) as client:
        assert client.server.state() == before
        assert (client.facts["token"], client.facts["community_id"]) == (facts["token"], facts["community_id"])
        _, again = await client.call("POST", path, {"content": "kept", "nonce": "n"})
        assert again["id"] == message["id"]
        _, pins = await client.call("GET", f"{path}/pins")
        assert [item["message"]["id"] for item in pins["items"]] == [message["id"]]
        _, shown = await client.call("GET", f"{path}/{message['id']}")
        assert shown["reactions"][0]["count"] == 1
        _, shown = await client.call("GET", f"{path}/{file['id']}")
        address = shown["attachments"][0]["url"]
        assert address.startswith(client.facts["media"])
        async with client.session.get(address) as response:
            assert await response.read() == b"hello"
        _, later = await client.call("POST", path, {"content": "later"})
        assert int(later["id"]) > int(file["id"])


async def test_token_and_ids_follow_from_the_seed() -> None:
    first, second, third = (FluxerServer(seed=seed) for seed in (3, 3, 4))
    for server in (first, second, third):
        await server.start()
    facts = [(server.facts()["token"], server.facts()["community_id"]) for server in (first, second, third)]
    states = [server.state() for server in (first, second, third)]
    for server in (first, second, third):
        await server.stop()
    assert facts[0] == facts[1] != facts[2]
    assert states[0] == states[1] != states[2]


async def test_every_answered_message_survives_a_kill(tmp_path: Path) -> None:
    options = ("--speed", "1000000", "--store", str(tmp_path / "state.db"))
    answered: list[str] = []
    channel = ""
    for count in (1, 25, 60):
        async with process_of(*options) as (process, facts):
            headers = {"Authorization": f"Bot {facts['token']}"}
            async with aiohttp.ClientSession(facts["api_base"] + "/", headers=headers) as session:
                async with session.get(f"guilds/{facts['community_id']}/channels") as response:
                    channel = next(channel["id"] for channel in await response.json() if channel["type"] == 0)
                async with session.post(f"channels/{channel}/webhooks", json={"name": "h"}) as response:
                    hook = await response.json()
                for number in range(count):
                    address = f"webhooks/{hook['id']}/{hook['token']}?wait=true"
                    async with session.post(address, json={"content": str(number)}) as response:
                        answered.append((await response.json())["id"])
                process.kill()
    async with client_of(FluxerServer(store=tmp_path / "state.db", speed=1000)) as client:
        _, messages = await client.call("GET", f"/channels/{channel}/messages", params={"limit": "100"})
    assert [message["id"] for message in reversed(messages)][1:] == answered


async def test_without_a_store_nothing_stays(tmp_path: Path) -> None:
    async with client_of(FluxerServer()) as client:
        root = client.server._context.files._root
        await client.upload(await client.webhook(await client.general()), "a.txt", b"hello")
        assert any(path.is_file() for path in root.rglob("*"))
    assert not root.exists()


async def test_a_commit_that_fails_concerns_only_those_whose_writes_were_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, goes_on, commit = Store(tmp_path / "state.db"), threading.Event(), Store._commit
    is_first = True

    def commit_second(self: Store, writes: list[Any]) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            goes_on.wait(10)
            raise sqlite3.OperationalError("the disk is full")
        commit(self, writes)

    monkeypatch.setattr(Store, "_commit", commit_second)
    store.put_meta("a", "1")
    first = asyncio.create_task(store.flush())
    while store.has_unwritten and (is_first or not store._committing):
        await asyncio.sleep(0)
    store.put_meta("b", "2")
    second = asyncio.create_task(store.flush())
    await asyncio.sleep(0)
    goes_on.set()
    with pytest.raises(sqlite3.OperationalError):
        await first
    await second
    while store.has_unwritten:
        await asyncio.sleep(0)
    assert store.meta() == {"b": "2"}
    store.close()
