"""A whole clone in which nobody is called by their name."""

from __future__ import annotations

import re
from pathlib import Path

from tests.engine.world import small_world


async def test_no_name_reaches_the_target_and_aliases_stay_the_same(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=300, generation="current") as world:
        world.settings.copy.anonymise = True
        async with world.workspace() as workspace:
            summary = await workspace.run(world.settings)
        assert summary.messages.balances
        assert not summary.messages.failed
        source = world.sandbox.discord.store.community
        names = {
            name
            for person in source.people.values()
            if not person.is_bot
            for name in (person.username, person.display_name, person.nick)
            if name and len(name) > 3
        }
        posts = [message for message in world.community.messages.values() if message.webhook_id]
        assert posts
        told = "\n".join(f"{message.author_name}\n{message.content}" for message in posts)
        told = re.sub(r"https?://\S+|<[^>]+>", "", told)
        leaked = {name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told, re.IGNORECASE)}
        assert not leaked
        first = {message.author_name for message in posts}
        world.trouble.requests.clear()
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        assert {message.author_name for message in world.community.messages.values() if message.webhook_id} == first
        assert world.trouble.writes() == []
