"""Profiles from disk and environment: what is wrong is named with its place, secrets stay dark."""

from __future__ import annotations

from pathlib import Path

import pytest

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.profile.paths import default_paths
from reaper_tui.profile.secrets import Secret, resolve_secret
from reaper_tui.profile.settings import (
    CopySettings,
    DiscordSettings,
    FluxerSettings,
    Settings,
    SpeedSettings,
    check_addresses,
    checked_ids,
    load_settings,
    save_settings,
    with_environment,
)

CANARY = "canary.canary.canary"


def written(path: Path, text: str) -> Path:
    profile = path / "p.toml"
    profile.write_text(text)
    return profile


def test_what_is_saved_is_loaded_and_private(tmp_path: Path) -> None:
    settings = Settings(
        discord=DiscordSettings(token=CANARY, guild_id="1"),
        copy=CopySettings(channels=["1", "2"], exclude=["3"], threads="skip"),
        speed=SpeedSettings(webhooks_per_channel=3),
    )
    path = tmp_path / "deep" / "p.toml"
    for _ in range(2):
        save_settings(path, settings)
        assert load_settings(path, environment={}) == settings
        assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["p.toml"]


def test_a_profile_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "p.toml").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        save_settings(tmp_path / "p.toml", Settings())
    assert [entry.name for entry in tmp_path.iterdir()] == ["p.toml"]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("nonsense", "not valid TOML"),
        ("version = 99", "version 99"),
        ('version = "one"', "version one"),
        ("[discord]\nguild_id = 12", "discord.guild_id"),
        ("[copy]\nchannels = [1]", "copy.channels"),
        ('[copy]\nchannels = "12345"', "copy.channels"),
        ('[copy]\nthreads = "upside-down"', "copy.threads"),
        ("[copy]\nrolls = true", "rolls"),
        ('[speed]\nwebhooks_per_channel = "many"', "webhooks_per_channel"),
        ("[speed]\nmax_messages_per_minute = 1.5", "max_messages_per_minute"),
    ],
)
def test_a_wrong_profile_is_named_with_its_place(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(written(tmp_path, text), environment={})
    assert named in caught.value.line()
    assert caught.value.mend


def test_a_profile_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        load_settings(tmp_path / "p.toml", environment={})
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_settings(tmp_path, environment={})


def test_the_environment_lies_over_the_profile() -> None:
    variables = {
        "REAPER_DISCORD_GUILD_ID": "5",
        "REAPER_COPY_ROLES": "false",
        "REAPER_COPY_CHANNELS": "1, 2",
        "REAPER_COPY_EXCLUDE": "3",
        "REAPER_SPEED_MAX_MESSAGES_PER_MINUTE": "90",
        "REAPER_SPEED_WEBHOOKS_PER_CHANNEL": "2",
        "REAPER_FLUXER_LIMITS_SCALE": "2.5",
        "REAPER_NOTHING_KNOWN": "x",
        "REAPER_": "x",
    }
    settings = with_environment(Settings(), variables)
    assert settings.discord.guild_id == "5"
    assert settings.copy.roles is False
    assert settings.copy.channels == ["1", "2"]
    assert settings.copy.exclude == ["3"]
    assert settings.speed.max_messages_per_minute == 90
    assert settings.speed.webhooks_per_channel == 2
    assert settings.fluxer.limits_scale == 2.5
    assert with_environment(Settings(), {"REAPER_COPY_CHANNELS": "all"}).copy.channels == "all"
    with pytest.raises(ConfigurationError):
        with_environment(Settings(), {"REAPER_COPY_ROLES": "perhaps"})


@pytest.mark.parametrize("value", ["", "0", "-1", "12a", "٣", str(1 << 63), " 5"])
def test_what_is_no_id(value: str) -> None:
    with pytest.raises(ConfigurationError):
        checked_ids(Settings(discord=DiscordSettings(guild_id=value), fluxer=FluxerSettings(community_id="5")))


@pytest.mark.parametrize("scale", [0.0, -1.0, float("nan"), float("inf")])
def test_a_scale_that_is_none(scale: float) -> None:
    with pytest.raises(ConfigurationError):
        check_addresses(Settings(fluxer=FluxerSettings(limits_scale=scale)))


@pytest.mark.parametrize("address", ["x", "gopher://x", "http://", "http://[", "http://x:99999"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(ConfigurationError, match="instance"):
        check_addresses(Settings(fluxer=FluxerSettings(instance=address)))


def test_secrets_come_from_where_the_profile_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_TOKEN", f" Bot {CANARY}\n")
    (tmp_path / "token").write_text(f"{CANARY}\n")
    for reference in (CANARY, "env:A_TOKEN", f"file:{tmp_path / 'token'}"):
        assert resolve_secret(reference, "Discord").reveal() == CANARY


@pytest.mark.parametrize(
    "reference",
    ["", "env:NOT_SET_AT_ALL", "file:/no/such/file", "file:\0", "file:~nobody-here/x", "canary canary", "canary\x07"],
)
def test_a_secret_that_is_not_there_is_told_without_showing_it(reference: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve_secret(reference, "Discord")
    assert "Discord" in caught.value.line()
    assert "canary" not in caught.value.line()


def test_a_secret_never_shows_itself() -> None:
    secret = Secret(CANARY)
    settings = Settings(discord=DiscordSettings(token=CANARY), fluxer=FluxerSettings(token=CANARY))
    shown = f"{secret!r} {secret} {[secret]} {settings!r} {settings} {settings.discord!r} {settings.fluxer!s}"
    assert CANARY not in shown
    assert secret == Secret(CANARY)
    assert secret
    assert not Secret("")


def test_paths_below_a_home(tmp_path: Path) -> None:
    paths = default_paths(tmp_path)
    assert paths.profile("mine") == tmp_path / "profiles" / "mine.toml"
    assert paths.profile("./x/mine.toml") == Path("x/mine.toml")
    assert paths.workdir(paths.profile("mine")) == tmp_path / "data" / "mine"
    assert paths.workdir(tmp_path / "mine.toml") == tmp_path / "mine.reaper"
    assert paths.profiles() == ()
