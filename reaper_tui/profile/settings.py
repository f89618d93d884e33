"""A profile: which server goes where, what is copied and how; TOML on disk, mode 0600."""

from __future__ import annotations

import contextlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import tomli_w

from reaper_tui.model.errors import ConfigurationError

VERSION = 1


class DiscordSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The source; addresses are only set to override Discord's own."""

    token: str = ""
    guild_id: str = ""
    api_base: str = "https://discord.com/api/v10"
    gateway: str = ""
    cdn: str = ""

    def __repr__(self) -> str:
        return f"DiscordSettings(guild_id={self.guild_id!r}, api_base={self.api_base!r})"


class FluxerSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The target; discovery at `instance` finds the rest."""

    token: str = ""
    community_id: str = ""
    instance: str = "https://fluxer.app"
    api_base: str = ""
    gateway: str = ""
    media: str = ""
    limits_scale: float = 1.0

    def __repr__(self) -> str:
        return f"FluxerSettings(community_id={self.community_id!r}, instance={self.instance!r})"


class CopySettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is copied and how; `channels` is "all" or a list of ids, `members` Fluxer ids of people by Discord id."""

    channels: Literal["all"] | list[str] = "all"
    exclude: list[str] = []
    roles: bool = True
    permissions: bool = True
    emojis: bool = True
    stickers: bool = True
    identity: bool = True
    history: bool = True
    since: str = ""
    threads: Literal["auto", "native", "inline", "channel", "skip"] = "auto"
    reactions: Literal["native", "text", "skip"] = "text"
    timestamps: Literal["grouped", "every", "none"] = "grouped"
    pins: bool = True
    rescan: Literal["auto", "all", "none"] = "auto"
    live: bool = False
    anonymise: bool = False
    members: dict[str, str] = {}


class SpeedSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How fast; 0 messages a minute means as fast as the limits allow."""

    max_messages_per_minute: int = 0
    webhooks_per_channel: int | Literal["auto"] = "auto"


class StreamSettings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The stream service; each key is also an environment variable of the same name in capitals.

    `api_key`, `database_url` and `redis_url` may be references as tokens are. `require_key` "auto" asks listeners for
    the key unless only this machine can connect. Durations are in seconds; events are kept for
    `retention_days`, 0 for ever.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str = ""
    require_key: bool | Literal["auto"] = "auto"
    allowed_origins: list[str] = []
    trusted_proxies: list[str] = []
    environment: Literal["development", "production"] = "development"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_connections: int = 5000
    max_connections_per_ip: int = 20
    rate_limit_requests: int = 120
    rate_limit_window: int = 60
    heartbeat_interval: float = 15.0
    client_buffer_bytes: int = 256 << 10
    stall_seconds: float = 30.0
    drain_seconds: float = 5.0
    retention_days: float = 0.0
    database_url: str = ""
    redis_url: str = ""

    def __repr__(self) -> str:
        return f"StreamSettings(host={self.host!r}, port={self.port!r})"


class Settings(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """One profile."""

    version: int = VERSION
    discord: DiscordSettings = msgspec.field(default_factory=DiscordSettings)
    fluxer: FluxerSettings = msgspec.field(default_factory=FluxerSettings)
    copy: CopySettings = msgspec.field(default_factory=CopySettings)
    speed: SpeedSettings = msgspec.field(default_factory=SpeedSettings)
    stream: StreamSettings = msgspec.field(default_factory=StreamSettings)


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return a profile from disk with the environment laid over it.

    Raises ConfigurationError with file, place and mend.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigurationError(
            f"There is no profile at {path}", "run reaper-tui to make one, or check the name"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigurationError(f"The profile {path} cannot be read: {reason}", "check the file") from None
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"The profile {path} is not valid TOML: {error}", "mend that line") from None
    version = raw.get("version", VERSION)
    if not isinstance(version, int) or version > VERSION:
        raise ConfigurationError(
            f"The profile {path} is of version {version}, this program knows up to {VERSION}", "update reaper-tui"
        )
    try:
        settings = msgspec.convert(raw, Settings)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"The profile {path} has a wrong value: {error}", "mend that value") from None
    return with_environment(settings, environment)


def with_environment(settings: Settings, environment: Mapping[str, str] | None = None) -> Settings:
    """Return settings with `REAPER_SECTION_KEY` variables laid over them."""
    variables = os.environ if environment is None else environment
    raw: dict[str, Any] = msgspec.to_builtins(settings)
    changed = False
    for name, value in variables.items():
        section, _, key = name.removeprefix("REAPER_").lower().partition("_")
        if not name.startswith("REAPER_") or not isinstance(raw.get(section), dict) or key not in raw[section]:
            continue
        if isinstance(raw[section][key], dict):
            raw[section][key] = dict(pair.split("=", 1) for pair in value.replace(" ", "").split(",") if "=" in pair)
            changed = True
            continue
        is_list = isinstance(raw[section][key], list) or ((section, key) == ("copy", "channels") and value != "all")
        raw[section][key] = [entry.strip() for entry in value.split(",") if entry.strip()] if is_list else value
        changed = True
    if not changed:
        return settings
    try:
        return msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"An environment variable REAPER_* has a wrong value: {error}", "mend it") from None


def save_settings(path: Path, settings: Settings) -> None:
    """Write a profile with mode 0600, whole or not at all; values left at their default are not written."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    body = tomli_w.dumps(_without_defaults(settings))
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise ConfigurationError(
            f"The profile {path} cannot be written: {error.strerror}", "check the folder's permissions and the disk"
        ) from None


def checked_ids(settings: Settings) -> tuple[int, int]:
    """Return guild and community id; raise ConfigurationError when one is missing or malformed."""
    return checked_guild_id(settings), _checked_id(settings.fluxer.community_id, "fluxer.community_id")


def checked_guild_id(settings: Settings) -> int:
    """Return the guild's id; raise ConfigurationError when it is missing or malformed."""
    return _checked_id(settings.discord.guild_id, "discord.guild_id")


def check_members(settings: Settings) -> None:
    """Raise ConfigurationError when `copy.members` names something that is no id."""
    for source_id, target_id in settings.copy.members.items():
        _checked_id(source_id, "a Discord id in copy.members")
        _checked_id(target_id, f"copy.members.{source_id}")


def check_addresses(settings: Settings) -> None:
    """Raise ConfigurationError when an address is no http(s) or ws(s) URL."""
    for name, value, schemes in (
        ("discord.api_base", settings.discord.api_base, ("http", "https")),
        ("discord.gateway", settings.discord.gateway, ("ws", "wss")),
        ("discord.cdn", settings.discord.cdn, ("http", "https")),
        ("fluxer.instance", settings.fluxer.instance, ("http", "https")),
        ("fluxer.api_base", settings.fluxer.api_base, ("http", "https")),
        ("fluxer.gateway", settings.fluxer.gateway, ("ws", "wss")),
        ("fluxer.media", settings.fluxer.media, ("http", "https")),
    ):
        try:
            parts = urlsplit(value)
            valid = not value or (parts.scheme in schemes and bool(parts.hostname) and parts.port != 0)
        except ValueError:
            valid = False
        if not valid:
            raise ConfigurationError(f"{name} is no address: {value!r}", f"write it as {schemes[-1]}://host[:port]/…")
    if not 0 < settings.fluxer.limits_scale <= 100_000:
        raise ConfigurationError("fluxer.limits_scale must be above 0", "remove it: 1 is right for every real server")


def _checked_id(value: str, name: str) -> int:
    if not value:
        raise ConfigurationError(f"{name} is missing", "set it in the profile or run the setup wizard")
    if not value.isascii() or not value.isdigit() or not 0 < int(value) < 1 << 63:
        raise ConfigurationError(f"{name} is no id: {value!r}", "copy the id: a number of 17 to 19 digits")
    return int(value)


def _without_defaults(settings: Settings) -> dict[str, Any]:
    written: dict[str, Any] = {"version": VERSION}
    sections: dict[str, Any] = msgspec.to_builtins(settings)
    defaults: dict[str, Any] = msgspec.to_builtins(Settings())
    for name, section in sections.items():
        if isinstance(section, dict):
            kept = {key: value for key, value in section.items() if value != defaults[name][key]}  # pyright: ignore[reportUnknownVariableType]
            if kept:
                written[name] = kept
    return written
