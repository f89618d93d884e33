"""What looks like success and is none: hidden content, empty histories, nothing that could be made."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from reaper_tui.engine.blindness import BlindnessWatch
from reaper_tui.exit_codes import ExitCode, code_of_error, code_of_summary
from reaper_tui.journal import queries
from reaper_tui.model.errors import AccessDenied
from reaper_tui.model.message import Author, Message
from tests.engine.world import small_world


def message(number: int, content: str = "", *, is_bot: bool = False, kind: int = 0) -> Message:
    return Message(id=number, channel_id=1, kind=kind, author=Author(2, "Ada", is_bot=is_bot), content=content)


def test_blank_messages_of_people_in_a_row_are_noticed() -> None:
    watch = BlindnessWatch(tolerated=3)
    watch.look([message(1), message(2, kind=7), message(3, is_bot=True), message(4)])
    with pytest.raises(AccessDenied, match="every message reads as empty"):
        watch.look([message(5)])


def test_one_readable_message_settles_the_doubt() -> None:
    watch = BlindnessWatch(tolerated=3)
    watch.look([message(1), message(2), message(3, "hello"), *(message(number) for number in range(4, 40))])
    assert watch.has_seen_content


async def test_without_the_content_intent_nothing_is_begun(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world:
        world.sandbox.set_faults(("no-message-content",))
        world.sandbox.fluxer.faults = world.trouble
        async with world.workspace() as workspace:
            with pytest.raises(AccessDenied, match="reads as empty") as caught:
                await workspace.run(world.settings)
            assert await workspace.summary() is None
        assert code_of_error(caught.value) is ExitCode.ACCESS
        assert world.trouble.writes() == []


async def test_histories_that_all_read_as_empty_are_not_called_whole(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world:
        world.sandbox.set_faults(("no-history",))
        async with world.workspace() as workspace:
            summary = await workspace.run(world.settings)
        assert "Read Message History" in summary.note
        assert code_of_summary(summary) is ExitCode.INCOMPLETE


async def test_when_no_channel_can_be_made_the_run_ends_as_one_without_access(tmp_path: Path) -> None:
    async def refuse(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
        if request.method == "POST" and request.path.endswith("/channels"):
            return web.json_response({"code": "MISSING_PERMISSIONS", "message": "No."}, status=403)
        return None

    async with small_world(tmp_path / "profile") as world:
        world.trouble.answer_instead = refuse
        async with world.workspace() as workspace:
            with pytest.raises(AccessDenied, match="No channel could be made"):
                await workspace.run(world.settings)
            summary = await workspace.summary()
        assert summary is not None and summary.state == "failed"
        world.trouble.answer_instead = None
        async with world.workspace() as workspace:
            assert (await workspace.run(world.settings)).is_faithful


async def test_a_run_that_was_killed_is_not_called_running(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=10, channels=1) as world, world.workspace() as workspace:
        await workspace.clone.journal.begin_run()
        summary = await workspace.summary()
        assert summary is not None
        assert (summary.state, summary.note) == ("stopped", "cut off")


async def test_a_double_of_the_very_first_post_is_found(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40) as world:
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
            posted = await workspace.clone.journal.read(
                lambda raw: raw.execute("SELECT channel_id, min(target_id) FROM part").fetchone()
            )
            channel_id, first = posted
            assert await workspace.clone.journal.read(lambda raw: queries.oldest_target_id(raw, channel_id)) == first
        community = world.community
        double = msgspec.structs.replace(community.messages[first], id=first - 3)
        community.messages[double.id] = double
        community.message_ids[channel_id].insert(0, double.id)
        async with world.workspace() as workspace:
            found = await workspace.verify()
        assert (found.missing, found.extra, found.changed) == (0, 1, 0), found.details


async def test_a_plan_warns_of_a_clone_that_another_profile_made(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=20, channels=1) as world:
        async with world.workspace() as workspace:
            plan = workspace.plan(await workspace.survey(), world.settings)
            assert not any("already wrote" in warning for warning in plan.warnings)
            await workspace.run(world.settings)
            plan = workspace.plan(await workspace.survey(), world.settings)
            assert not any("already wrote" in warning for warning in plan.warnings)
        world.home = tmp_path / "another"
        async with world.workspace() as workspace:
            plan = workspace.plan(await workspace.survey(), world.settings)
            assert "already wrote into this community" in plan.warnings[0]
