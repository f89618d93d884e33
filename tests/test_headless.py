"""Without a screen: signals end a command at a safe point, with their own exit code and one document on stdout."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web

from reaper_tui import headless, time_window
from reaper_tui.exit_codes import ExitCode
from reaper_tui.model.errors import ConfigurationError
from tests.engine.world import World, small_world

OUTPUT = headless.Output(as_json=True, is_quiet=True)


def signal_at(world: World, number: signal.Signals, at: int, times: int = 1) -> None:
    """Send this process signals when so many requests have reached the target."""
    left = times

    async def strike(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
        nonlocal left
        if len(world.trouble.requests) >= at and left:
            left -= 1
            signal.raise_signal(number)
        return None

    world.trouble.answer_instead = strike


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)], ids=["int", "term", "hup"]
)
@pytest.mark.parametrize("times", [1, 2])
async def test_a_signal_ends_a_run_resumably(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: signal.Signals, code: int, times: int
) -> None:
    async with small_world(tmp_path / "p", messages=80) as world:
        signal_at(world, number, 60, times)
        assert await headless.run_clone(world.settings, world.home, OUTPUT) == code
        told = json.loads(capsys.readouterr().out)
        assert told["state"] == "stopped"
        world.trouble.answer_instead = None
        assert await headless.run_clone(world.settings, world.home, OUTPUT) == ExitCode.DONE
        assert json.loads(capsys.readouterr().out)["messages"]["source"] == world.source_count()


async def test_a_signal_during_the_survey(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        signal_at(world, signal.SIGTERM, 1)
        assert await headless.run_clone(world.settings, world.home, OUTPUT) == ExitCode.TERMINATED
        assert json.loads(capsys.readouterr().out)["state"] == "stopped"


async def test_a_signal_ends_a_verification(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        assert await headless.run_clone(world.settings, world.home, OUTPUT) == ExitCode.DONE
        signal_at(world, signal.SIGTERM, 0)
        assert await headless.verify_target(world.settings, world.home, OUTPUT) == ExitCode.TERMINATED


async def test_the_end_of_a_window_is_a_pause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        world.settings.speed.max_messages_per_minute = 30
        code = await headless.run_clone(world.settings, world.home, OUTPUT, time.time() + 1.5)
        assert code == ExitCode.PAUSED


def test_windows_and_rates_are_read() -> None:
    now = datetime(2026, 1, 1, 12, 0, tzinfo=UTC)
    assert time_window.parse_until("13:30", now) - now.timestamp() == 5400
    assert time_window.parse_until("11:00", now) - now.timestamp() == 23 * 3600
    assert time_window.parse_until("9h30m", now) - now.timestamp() == 34_200
    assert time_window.parse_rate("90/min") == time_window.parse_rate("90") == 90
    for text in ("", "soon", "25:00", "h"):
        with pytest.raises(ConfigurationError):
            time_window.parse_until(text, now)
    for text in ("", "0", "-5", "90/h"):
        with pytest.raises(ConfigurationError):
            time_window.parse_rate(text)


async def test_only_what_is_there_can_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async with small_world(tmp_path / "p", messages=20) as world:
        world.settings.copy.channels = ["12"]
        for work in (headless.run_clone, headless.show_plan):
            with pytest.raises(ConfigurationError, match="12"):
                await work(world.settings, world.home, OUTPUT, only=("12",))
        assert capsys.readouterr().out == ""
        assert not [method for method, _, _ in world.trouble.requests if method != "GET"]
