"""Twenty forced cuts of the gateway, resumable and not: everything arrives once and in order."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from tests.live.mirror import Mirror, People, mirror, people, posts_in, text_channel

CUTS = 20


class Script:
    """What the source says by now, by channel: what the target has to say in the end."""

    def __init__(self, crowd: People, seed: int) -> None:
        self.crowd = crowd
        self.random = random.Random(seed)
        self.channels = [text_channel(crowd.world, index) for index in range(2)]
        self.said: dict[int, dict[int, str]] = {channel.id: {} for channel in self.channels}
        self.edits = self.deletes = self.number = 0

    async def act(self) -> None:
        """Let somebody write, or change what was written."""
        channel = self.random.choice(self.channels)
        said = self.said[channel.id]
        roll = self.random.random()
        if said and roll < 0.2:
            victim = self.random.choice(list(said))
            await self.crowd.delete(channel.id, victim)
            del said[victim]
            self.deletes += 1
        elif said and roll < 0.45:
            message_id = self.random.choice(list(said))
            self.number += 1
            said[message_id] = f"edited {self.number}"
            await self.crowd.edit(channel.id, message_id, said[message_id])
            self.edits += 1
        else:
            self.number += 1
            content = f"written {self.number}"
            said[await self.crowd.write(channel.id, content)] = content

    def stands(self) -> bool:
        """Return whether the target says it all, once and in order."""
        return all(self.found(channel) == list(self.said[channel.id].values()) for channel in self.channels)

    def found(self, channel: Any) -> list[str]:
        return [said for said in posts_in(self.crowd.world, channel.name) if said.startswith(("written", "edited"))]

    def differences(self) -> list[str]:
        return [f"{self.found(channel)} != {list(self.said[channel.id].values())}" for channel in self.channels]


async def cut(crowd: People, number: int) -> None:
    """Cut the connection: every third time nothing can be resumed, every third the server asks for a new one."""
    gateway = crowd.world.sandbox.discord.gateway
    if number % 3 == 0:
        await gateway.cut(forget=True)
    elif number % 3 == 1:
        await gateway.cut()
    else:
        await gateway.ask_to_reconnect()


async def test_twenty_cuts_lose_double_and_reorder_nothing(tmp_path: Path) -> None:
    async with people(tmp_path / "profile") as crowd:
        script = Script(crowd, seed=20)
        async with mirror(crowd.world) as run:
            await run.is_live()
            for number in range(CUTS):
                for _ in range(script.random.randint(1, 3)):
                    await script.act()
                await cut(crowd, number)
                # Some of it happens while nobody listens.
                for _ in range(script.random.randint(1, 3)):
                    await script.act()
                await _heard_again(run, number)
            await run.until(script.stands, f"all that was said stands: {script.differences()}")
            await run.until(lambda: run.live.waiting == 0, "nothing waits")
            assert run.live.reconnects >= CUTS
            assert script.edits > 5 and script.deletes > 5
            summary = await run.stop()
        assert summary.messages.balances
        assert summary.messages.failed == summary.messages.uncertain == summary.messages.pending == 0
        assert all(count.failed == count.pending == 0 for count in summary.changes.values())


async def _heard_again(run: Mirror, number: int) -> None:
    await run.until(lambda: run.live.reconnects > number and run.live.is_connected, f"heard again after cut {number}")
