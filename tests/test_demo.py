"""The demo's home: what a user chose there outlives a restart."""

from __future__ import annotations

from pathlib import Path

from reaper_tui.demo import demo_home
from reaper_tui.profile.settings import load_settings, save_settings
from reaper_tui.sandbox.service import SandboxOptions

OPTIONS = SandboxOptions(messages=10, channels=1, speed=100.0)


async def test_choices_outlive_a_restart(tmp_path: Path) -> None:
    async with demo_home(OPTIONS, tmp_path, is_kept=True) as (_, profile):
        settings = load_settings(profile, environment={})
        settings.copy.exclude = ["123"]
        save_settings(profile, settings)
    async with demo_home(OPTIONS, tmp_path, is_kept=True) as (_, profile):
        again = load_settings(profile, environment={})
    assert again.copy.exclude == ["123"]
    assert again.discord.token == settings.discord.token


async def test_a_home_made_for_once_is_removed() -> None:
    async with demo_home(OPTIONS, None, is_kept=False) as (paths, profile):
        assert profile.exists()
    assert not paths.config.parent.exists()
