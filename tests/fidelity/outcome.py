"""Clones the community that holds one of everything, and says what became of it."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from reaper_tui.model.summary import Summary, Verification
from reaper_tui.report import text_report
from reaper_tui.sandbox.service import Sandbox, SandboxOptions
from tests.engine.world import World
from tests.fidelity import files, later, links, messages, people, structure, threads
from tests.fidelity.scene import Scene
from tests.fidelity.table import FEATURES

SPEED = 5000.0
ROOMS = (structure, people, messages, links, files, threads, later)
"""Importing them fills the table."""


class Outcome(msgspec.Struct):
    """What four runs of one generation came to: the first, one more, one after changes, one that sets reactions."""

    cells: dict[str, str]
    lost: dict[str, str]
    """Features that arrived in none of the ways known, and what was found."""
    found_in_nothing: list[str]
    """Features that seem to have arrived before anything was cloned."""
    report: str
    first: Summary
    checked: Verification
    second: Summary
    second_writes: list[tuple[str, str]]
    third: Summary
    third_writes: dict[str, int]
    third_checked: Verification


async def clone_everything(generation: str, home: Path) -> Outcome:
    """Return what came of the whole community in a Fluxer server of one generation."""
    reactions = await _with_native_reactions(generation, home / "reactions")
    async with _sandbox(generation) as sandbox:
        world = _world(sandbox, home / "profile")
        bot_id = world.community.bot.id
        source = sandbox.discord.store.community
        _, unfounded = _looked_at(Scene(source, world.community, "", (), bot_id=bot_id))
        async with world.workspace() as workspace:
            first = await workspace.run(world.settings)
            checked = await workspace.verify()
            made = [body for method, path, body in world.trouble.requests if method == "POST" and _makes(path, body)]
            world.trouble.requests.clear()
            second = await workspace.run(world.settings)
            second_writes = world.trouble.writes()
            await later.change_source(world)
            world.trouble.requests.clear()
            third = await workspace.run(world.settings)
            third_writes = Counter(_kind(method, path) for method, path in world.trouble.writes())
            third_checked = await workspace.verify()
        told = text_report(first)
        scene = Scene(source, world.community, told, made, third, reactions, bot_id)
        cells, lost = _looked_at(scene)
    names = [row.key for row in FEATURES if row.key not in unfounded]
    return Outcome(
        cells, lost, names, told, first, checked, second, second_writes, third, dict(third_writes), third_checked
    )


def _sandbox(generation: str) -> Sandbox:
    return Sandbox(SandboxOptions(community="everything", generation=generation, speed=SPEED))


def _world(sandbox: Sandbox, home: Path) -> World:
    """Return a profile that knows who one of the people is on Fluxer."""
    world = World(sandbox, home)
    people_there = {each.username: each.id for each in world.community.users.values()}
    for person in sandbox.discord.store.community.people.values():
        if person.username in people_there and not person.is_bot:
            world.settings.copy.members[str(person.id)] = str(people_there[person.username])
    return world


async def _with_native_reactions(generation: str, home: Path) -> Any:
    async with _sandbox(generation) as sandbox:
        world = _world(sandbox, home)
        channels = sandbox.discord.store.community.channels.values()
        world.settings.copy.channels = [str(each.id) for each in channels if each.name == "lobby"]
        world.settings.copy.stickers = False
        world.settings.copy.reactions = "native"
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        return world.community


def _looked_at(scene: Scene) -> tuple[dict[str, str], dict[str, str]]:
    """Return how each feature arrived, and what was found of those that did not."""
    cells, lost = dict[str, str](), dict[str, str]()
    for row in FEATURES:
        try:
            cells[row.key] = row.arrived(scene)
        except Exception as error:
            lost[row.key] = f"{type(error).__name__}: {error}"
    return cells, lost


def _makes(path: str, body: object) -> bool:
    return path.endswith("/channels") and isinstance(body, dict)


def _kind(method: str, path: str) -> str:
    """Return a request by its method and route without ids."""
    bare = re.sub(r"/webhooks/\d+/[^/]+", "/webhooks/:id", re.sub(r"^.*?(?=/(channels|webhooks|guilds)/)", "", path))
    return f"{method} {re.sub(r'[0-9]{5,}', ':id', bare)}"
