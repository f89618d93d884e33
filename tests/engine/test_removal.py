"""Taking away what a clone made: only that, whatever happens meanwhile, and a later run makes it anew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from reaper_tui.engine.control import StopRequested
from reaper_tui.model.errors import AccessDenied, OutcomeUnknown
from reaper_tui.workspace import OpenWorkspace
from tests.engine.world import small_world


def standing(community: Any) -> set[tuple[str, str]]:
    found = {("channel", channel.name) for channel in community.channels.values()}
    found |= {("role", role.name) for role in community.roles.values()}
    return found | {("emoji", emoji.name) for emoji in community.emojis.values()}


async def test_only_what_the_clone_made_goes_and_a_later_run_makes_it_anew(tmp_path: Path) -> None:
    async with small_world(tmp_path, messages=80) as world:
        before = standing(world.community)
        async with world.workspace() as workspace:
            first = await workspace.run(world.settings)
            posts = world.posts()
            assert standing(world.community) > before
            outcome = await workspace.remove()
        assert outcome.is_complete
        assert standing(world.community) == before
        async with world.workspace() as workspace:
            assert await workspace.removable() == ()
            summary = await workspace.summary()
            assert summary is not None
            assert summary.messages.balances
            assert (summary.messages.sent, summary.messages.source) == (0, first.messages.source)
            again = await workspace.run(world.settings)
        assert again.is_faithful, again
        assert again.messages.sent == first.messages.sent
        assert again.attachments.sent == first.attachments.sent
        assert {name: len(rows) for name, rows in world.posts().items()} == {
            name: len(rows) for name, rows in posts.items()
        }


async def test_a_stop_ends_between_two_things_and_the_next_removal_goes_on(tmp_path: Path) -> None:
    async with small_world(tmp_path, messages=40) as world:
        before = standing(world.community)
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
            items = await workspace.removable()
            stop_after(workspace, 3)
            with pytest.raises(StopRequested):
                await workspace.remove()
            assert len(await workspace.removable()) == len(items) - 3
        async with world.workspace() as workspace:
            outcome = await workspace.remove()
        assert outcome.removed == len(items) - 3
        assert standing(world.community) == before


async def test_cut_off_after_the_server_did_it_the_next_removal_finds_it_gone(tmp_path: Path) -> None:
    async with small_world(tmp_path, messages=40) as world:
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
            writer, remove = workspace._writer, workspace._writer.remove

            async def remove_and_die(*which: Any) -> None:
                await remove(*which)
                raise asyncio.CancelledError

            writer.remove = remove_and_die  # type: ignore[method-assign]
            with pytest.raises(asyncio.CancelledError):
                await workspace.remove()
        async with world.workspace() as workspace:
            outcome = await workspace.remove()
        assert outcome.is_complete
        assert outcome.was_gone == 1


async def test_a_reply_that_is_lost_is_asked_for_again(tmp_path: Path) -> None:
    async with small_world(tmp_path, messages=40) as world, world.workspace() as workspace:
        await workspace.run(world.settings)
        remove = workspace._writer.remove
        lost: list[Any] = []

        async def lose_the_first(*which: Any) -> None:
            await remove(*which)
            if not lost:
                lost.append(which)
                raise OutcomeUnknown("the reply was cut")

        workspace._writer.remove = lose_the_first  # type: ignore[method-assign]
        outcome = await workspace.remove()
        assert outcome.is_complete
        assert outcome.was_gone == 1


async def test_what_may_not_be_removed_stays_and_is_told(tmp_path: Path) -> None:
    async with small_world(tmp_path, messages=40) as world, world.workspace() as workspace:
        await workspace.run(world.settings)
        remove = workspace._writer.remove

        async def refuse_roles(kind: str, *which: Any) -> None:
            if kind == "role":
                raise AccessDenied("the role is above the bot's", "move the bot's role up", ends_run=False)
            await remove(kind, *which)

        workspace._writer.remove = refuse_roles  # type: ignore[method-assign]
        outcome = await workspace.remove()
        left = await workspace.removable()
        assert left
        assert {item.kind for item in left} == {"role"}
        assert len(outcome.left) == len(left)
        assert "move the bot's role up" in outcome.left[0]


def stop_after(workspace: OpenWorkspace, count: int) -> None:
    remove = workspace._writer.remove
    done: list[Any] = []

    async def counted(*which: Any) -> None:
        await remove(*which)
        done.append(which)
        if len(done) == count:
            workspace.control.stop()

    workspace._writer.remove = counted  # type: ignore[method-assign]
