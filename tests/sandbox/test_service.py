"""Both servers and their control as one service: facts, faults, changes, and a life after a kill."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from reaper_tui.sandbox.faults import KNOWN
from reaper_tui.sandbox.service import Sandbox, SandboxError, SandboxOptions

SMALL = SandboxOptions(channels=9, messages=300, speed=500)


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def get(session: aiohttp.ClientSession, url: str, token: str = "") -> tuple[int, Any]:
    async with session.get(url, headers={"Authorization": f"Bot {token}"} if token else {}) as response:
        return response.status, await response.json(content_type=None)


async def post(session: aiohttp.ClientSession, url: str, body: Any) -> tuple[int, Any]:
    async with session.post(url, json=body) as response:
        return response.status, await response.json()


async def test_facts_are_those_of_the_contract_and_true(session: aiohttp.ClientSession) -> None:
    async with Sandbox(SMALL) as sandbox:
        facts = sandbox.facts()
        assert facts.keys() == {"discord", "fluxer", "control", "pid"}
        assert facts["discord"].keys() == {"api_base", "gateway", "cdn", "token", "guild_id"}
        assert facts["fluxer"].keys() == {"api_base", "gateway", "media", "token", "community_id"}
        assert facts["pid"] == os.getpid()
        assert json.loads(json.dumps(facts)) == facts
        discord, fluxer = facts["discord"], facts["fluxer"]
        status, guild = await get(session, f"{discord['api_base']}/guilds/{discord['guild_id']}", discord["token"])
        assert (status, guild["id"]) == (200, discord["guild_id"])
        status, guild = await get(session, f"{fluxer['api_base']}/guilds/{fluxer['community_id']}", fluxer["token"])
        assert (status, guild["id"]) == (200, fluxer["community_id"])
        status, state = await get(session, facts["control"] + "/state")
        assert state["discord"]["messages"] == 300 and state["discord"]["channels"] == 9
        status, metrics = await get(session, facts["control"] + "/metrics")
        assert metrics["discord"]["by_route"]["GET /guilds/{guild}"] == {"200": 1}


async def test_faults_are_set_by_name_and_unknown_names_are_listed(session: aiohttp.ClientSession) -> None:
    async with Sandbox(replace(SMALL, faults=("outage",))) as sandbox:
        facts = sandbox.facts()
        me = facts["discord"]["api_base"] + "/users/@me"
        they = facts["fluxer"]["api_base"] + "/users/@me"
        async with session.get(me, headers={"Authorization": f"Bot {facts['discord']['token']}"}) as response:
            assert response.status == 503
        async with session.get(they, headers={"Authorization": f"Bot {facts['fluxer']['token']}"}) as response:
            assert response.status == 503
        status, answer = await post(session, facts["control"] + "/faults", {"faults": ["rate-limit-storm"]})
        assert (status, answer["active"]) == (200, ["rate-limit-storm"])
        for url, token in ((me, facts["discord"]["token"]), (they, facts["fluxer"]["token"])):
            answers = [await get(session, url, token) for _ in range(9)]
            assert [status for status, _ in answers].count(429) == 3
            assert all(body["retry_after"] > 0 for status, body in answers if status == 429)
        status, answer = await post(session, facts["control"] + "/faults", {"faults": ["plague"]})
        assert status == 400 and answer["known"] == list(KNOWN)
        status, _ = await post(session, facts["control"] + "/faults", {"nonsense": 1})
        assert status == 400
        await post(session, facts["control"] + "/faults", {"faults": []})
        assert (await get(session, me, facts["discord"]["token"]))[0] == 200


async def test_somebody_writes_through_control(session: aiohttp.ClientSession) -> None:
    async with Sandbox(SMALL) as sandbox:
        control = sandbox.facts()["control"]
        channel = next(each.id for each in sandbox.discord.community.channels.values() if each.type == 0)
        wish = {"action": "create", "channel_id": str(channel), "content": "through the back door"}
        status, made = await post(session, control + "/discord/messages", wish)
        assert status == 200 and made["id"]
        assert sandbox.discord.community.messages[channel][-1].content == "through the back door"
        status, answer = await post(session, control + "/discord/messages", {"action": "fly"})
        assert status == 400 and "unknown action" in answer["error"]
        assert (await get(session, control + "/state"))[1]["discord"]["messages"] == 301


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"generation": "1999"}, "generation"),
        ({"channels": 0}, "channels"),
        ({"messages": -1}, "messages"),
        ({"speed": 0.0}, "speed"),
        ({"host": "0.0.0.0"}, "loopback"),
        ({"faults": ("plague",)}, "unknown fault plague; known: "),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(SandboxError, match=reason) as caught:
        Sandbox(replace(SMALL, **change))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["discord", "fluxer", "control"])
async def test_a_taken_port_is_named(name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        sandbox = Sandbox(replace(SMALL, **{f"{name}_port": port}))
        with pytest.raises(SandboxError, match=f"cannot listen on port {port} for {name}: address already in use"):
            await sandbox.start()


async def test_ports_and_changes_are_kept_in_the_state_file(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    options = replace(SMALL, state=tmp_path / "deep" / "sandbox.json")
    async with Sandbox(options) as sandbox:
        first = sandbox.facts()
        channel = next(each.id for each in sandbox.discord.community.channels.values() if each.type == 0)
        for number in range(3):
            await sandbox.discord.change({"action": "create", "channel_id": str(channel), "content": f"kept {number}"})
        files = [
            (place, file.id & ~15)
            for place, m in sandbox.discord.community.messages.items()
            for e in m
            for file in e.attachments
        ]
        place, message = files[0]
        url = f"{first['discord']['api_base']}/channels/{place}/messages/{message}"
        address = (await get(session, url, first["discord"]["token"]))[1]["attachments"][0]["url"]
    async with Sandbox(options) as sandbox:
        assert {**sandbox.facts(), "pid": 0} == {**first, "pid": 0}
        assert [m.content for m in sandbox.discord.community.messages[channel][-3:]] == ["kept 0", "kept 1", "kept 2"]
        async with session.get(address) as response:
            assert response.status == 200


async def test_a_remembered_port_that_is_taken_gives_way(tmp_path: Path) -> None:
    options = replace(SMALL, state=tmp_path / "sandbox.json")
    async with Sandbox(options) as sandbox:
        port = sandbox.discord.port
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", port))
        taken.listen()
        async with Sandbox(options) as sandbox:
            assert sandbox.discord.port != port


async def test_a_state_file_of_other_options_or_of_no_sense_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "sandbox.json"
    async with Sandbox(replace(SMALL, state=state)):
        pass
    with pytest.raises(SandboxError, match="belongs to another sandbox: seed is 1 there, 2 asked; messages is 300"):
        Sandbox(replace(SMALL, state=state, seed=2, messages=301))
    async with Sandbox(replace(SMALL, state=state)):
        with pytest.raises(SandboxError, match="in use by another sandbox"):
            Sandbox(replace(SMALL, state=state))
    state.write_text("{}")
    with pytest.raises(SandboxError, match="not a readable sandbox state file"):
        Sandbox(replace(SMALL, state=state))


PROGRAM = """
import asyncio, json, sys
from pathlib import Path
from reaper_tui.sandbox.service import Sandbox, SandboxOptions

def announce(facts):
    print(json.dumps(facts), flush=True)

options = SandboxOptions(channels=9, messages=300, speed=500, state=Path(sys.argv[1]))
asyncio.run(Sandbox(options).serve_until_stopped(announce))
"""


async def serving(state: Path) -> tuple[asyncio.subprocess.Process, dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PROGRAM, str(state), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    return process, json.loads(await asyncio.wait_for(process.stdout.readline(), 30))


async def test_a_killed_sandbox_comes_back_as_it_was(tmp_path: Path, session: aiohttp.ClientSession) -> None:
    state = tmp_path / "sandbox.json"
    process, first = await serving(state)
    discord, fluxer = first["discord"], first["fluxer"]
    channels = (await get(session, f"{discord['api_base']}/guilds/{discord['guild_id']}/channels", discord["token"]))[1]
    channel = next(each["id"] for each in channels if each["type"] == 0)
    control = first["control"] + "/discord/messages"
    _, made = await post(session, control, {"action": "create", "channel_id": channel, "content": "before the kill"})
    await post(
        session, control, {"action": "edit", "channel_id": channel, "message_id": made["id"], "content": "edited"}
    )
    rooms = f"{fluxer['api_base']}/guilds/{fluxer['community_id']}/channels"
    async with session.post(
        rooms, json={"name": "kept-over-there", "type": 0}, headers={"Authorization": f"Bot {fluxer['token']}"}
    ) as response:
        assert response.status == 200
    process.kill()
    await process.wait()
    with state.with_name("sandbox.json.discord.jsonl").open("a") as log:
        log.write('{"action": "create", "chan')  # killed in the middle of a write
    process, second = await serving(state)
    try:
        assert {**second, "pid": 0} == {**first, "pid": 0}
        newest = (await get(session, f"{discord['api_base']}/channels/{channel}/messages?limit=1", discord["token"]))[
            1
        ][0]
        assert (newest["id"], newest["content"]) == (made["id"], "edited")
        theirs = (await get(session, rooms, fluxer["token"]))[1]
        assert "kept-over-there" in {each["name"] for each in theirs}
        _, again = await post(session, control, {"action": "create", "channel_id": channel, "content": "after"})
        assert int(again["id"]) > int(made["id"])
    finally:
        process.send_signal(signal.SIGTERM)
    assert await asyncio.wait_for(process.wait(), 20) == 0
