"""The doctor: each thing that is amiss is one line with its mend, and its own exit code; nothing is written."""

from __future__ import annotations

import fcntl
import io
import json
import os
import pty
import struct
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import force_setattr

from reaper_tui import headless
from reaper_tui.engine.doctor import clock_check, disk_check, terminal_check
from reaper_tui.examination import terminal
from reaper_tui.exit_codes import ExitCode, code_of_checks
from reaper_tui.model.check import Check, CheckState
from reaper_tui.profile.settings import save_settings
from reaper_tui.wiring import examine_profile
from tests.engine.world import World, small_world

ADMINISTRATOR, MANAGE_WEBHOOKS = 1 << 3, 1 << 29


async def looked_at(world: World) -> dict[str, Check]:
    """The checks of a world by name; of several with a name the worst."""
    path = world.home.parent / "profile.toml"
    save_settings(path, world.settings)
    found: dict[str, Check] = {}
    async for check in examine_profile(path, world.settings, world.home):
        worst = found.get(check.name)
        if worst is None or worst.state is CheckState.OK:
            found[check.name] = check
    return found


def bot_role(world: World) -> Any:
    return next(role for role in world.community.roles.values() if role.permissions & ADMINISTRATOR)


def weak(world: World) -> None:
    role = bot_role(world)
    role.permissions = ((1 << 53) - 1) & ~ADMINISTRATOR & ~MANAGE_WEBHOOKS


def low(world: World) -> None:
    role = bot_role(world)
    above = type(role)(**{name: getattr(role, name) for name in role.__struct_fields__})
    above.id, above.name, above.position, above.permissions = role.id + 1, "Elders", role.position + 5, 0
    world.community.roles[above.id] = above


async def test_all_is_well_before_and_after_a_run_and_nothing_is_written(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        found = await looked_at(world)
        assert {check.state for check in found.values()} <= {CheckState.OK, CheckState.NOTE}
        assert not [check for check in found.values() if check.state is CheckState.NOTE and check.name != "fit"]
        assert world.trouble.writes() == []
        assert not world.home.exists()
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
            world.trouble.requests.clear()
            assert code_of_checks([check async for check in workspace.examine()]) is ExitCode.DONE
        assert world.trouble.writes() == []
        assert (await looked_at(world))["earlier runs"].state is CheckState.OK


def with_setting(section: str, key: str, value: str) -> Callable[[World], None]:
    return lambda world: setattr(getattr(world.settings, section), key, value)


@pytest.mark.parametrize(
    ("spoil", "name", "mend", "code"),
    [
        (with_setting("discord", "token", "MTIz.canary.canarycanarycanarycanarycanary"), "discord token", "copy", 3),
        (with_setting("discord", "token", "env:NOT_SET_ANYWHERE"), "discord token", "export", 2),
        (with_setting("fluxer", "token", "1234567890.canarycanarycanary"), "fluxer token", "copy", 3),
        (with_setting("discord", "guild_id", "1379006624563299999"), "discord server", "", 2),
        (with_setting("discord", "api_base", "http://127.0.0.1:9/api/v10"), "discord token", "network", 4),
        (with_setting("fluxer", "community_id", "soon"), "profile", "copy the id", 2),
        (weak, "permissions", "Administrator", 3),
    ],
    ids=["bad-token", "no-token", "bad-fluxer-token", "no-guild", "unreachable", "no-id", "no-manage-webhooks"],
)
async def test_a_fault_has_its_mend_and_code(
    tmp_path: Path, spoil: Callable[[World], None], name: str, mend: str, code: int
) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        spoil(world)
        found = await looked_at(world)
        assert found[name].state is CheckState.FAULT
        assert mend in found[name].mend
        assert code_of_checks(found.values()) == code
        assert "canary" not in "".join(check.line + check.mend for check in found.values())


async def test_people_s_tokens_are_told_from_bots(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:

        async def person(request: Any, body: bytes) -> Any:
            from aiohttp import web

            if not request.path.endswith("/users/@me"):
                return None
            return web.json_response({"id": str(world.community.bot.id), "username": "mirela"})

        world.trouble.answer_instead = person
        found = await looked_at(world)
        assert (found["fluxer token"].state, code_of_checks(found.values())) == (CheckState.FAULT, ExitCode.ACCESS)
        assert "make a bot" in found["fluxer token"].mend


@pytest.mark.parametrize(
    ("fault", "name", "state"),
    [
        ("no-message-content", "message content", CheckState.FAULT),
        ("hidden-channels", "channels", CheckState.NOTE),
    ],
)
async def test_what_the_discord_bot_cannot_see(tmp_path: Path, fault: str, name: str, state: CheckState) -> None:
    async with small_world(tmp_path / "p", messages=60) as world:
        world.sandbox.set_faults((fault,))
        found = await looked_at(world)
        assert found[name].state is state, found
        assert found[name].mend


async def test_a_role_too_low_and_a_channel_full_of_webhooks(tmp_path: Path) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        async with world.workspace() as workspace:
            await workspace.run(world.settings)
        low(world)
        hooks = list(world.community.webhooks.values())
        for number in range(15):
            copy = type(hooks[0])(**{name: getattr(hooks[0], name) for name in hooks[0].__struct_fields__})
            force_setattr(copy, "id", hooks[0].id + number + 1)
            force_setattr(copy, "name", "another bot")
            world.community.webhooks[copy.id] = copy
        found = await looked_at(world)
        assert "Elders" in found["roles"].line and found["roles"].state is CheckState.NOTE
        assert found["webhooks"].state is CheckState.NOTE and "delete" in found["webhooks"].mend


def test_this_machine_is_looked_at() -> None:
    assert disk_check(50 << 30, "/x").state is CheckState.OK
    assert disk_check(1 << 30, "/x").state is CheckState.NOTE
    assert disk_check(1 << 20, "/x").state is CheckState.FAULT
    assert clock_check({"Discord": 1.0, "Fluxer": -2.0}).state is CheckState.OK
    skewed = clock_check({"Discord": 1.0, "Fluxer": 420.0})
    assert skewed.state is CheckState.NOTE and "ahead of" in skewed.line and "420" in skewed.line
    assert clock_check({}).state is CheckState.SKIPPED
    assert terminal_check((120, 40), "utf-8", "xterm-256color").state is CheckState.OK
    for size, encoding, kind in (((79, 24), "utf-8", "xterm"), ((80, 24), "ascii", "xterm"), ((80, 24), "utf-8", "")):
        assert terminal_check(size, encoding, kind).state is CheckState.NOTE


async def test_it_prints_a_line_a_check_or_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        weak(world)
        path = tmp_path / "profile.toml"
        save_settings(path, world.settings)
        assert await headless.examine(path, world.settings, world.home, as_json=False) == ExitCode.ACCESS
        lines = capsys.readouterr().out.splitlines()
        assert any(line.startswith("FAIL  permissions") and "—" in line for line in lines)
        assert await headless.examine(path, world.settings, world.home, as_json=True) == ExitCode.ACCESS
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] is False
        assert {row["state"] for row in told["checks"]} <= {"ok", "warn", "fail", "-"}
        assert len(told["checks"]) == len(lines)


def test_the_terminal_is_told_also_while_the_app_has_put_a_stream_of_its_own_in_the_place_of_stderr(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    with open(theirs, "w", encoding="utf-8") as drawn_on:
        monkeypatch.setattr(sys, "__stderr__", drawn_on)
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        monkeypatch.setenv("TERM", "xterm-256color")
        assert terminal() == ((120, 40), "utf-8", "xterm-256color")
        assert terminal_check(*terminal()).line == "120×40, xterm-256color, utf-8"
    os.close(ours)
