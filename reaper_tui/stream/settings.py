"""Settings of the service: the command line over the environment over `.env` over the profile over what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.profile.secrets import Secret, resolve_secret
from reaper_tui.profile.settings import Settings

Names = Annotated[list[str], NoDecode]


class ServeSettings(BaseSettings):
    """What the service was asked to be; field names in capitals are the environment variables."""

    model_config = SettingsConfigDict(
        env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    discord_token: SecretStr = SecretStr("")
    discord_guild_id: str = Field("", pattern=r"^\d{0,19}$")
    discord_channel_id: Names = []
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    api_key: SecretStr = SecretStr("")
    require_key: bool | Literal["auto"] = "auto"
    allowed_origins: Names = []
    trusted_proxies: Names = []
    environment: Literal["development", "production"] = "development"
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    max_connections: int = Field(5000, ge=1)
    max_connections_per_ip: int = Field(20, ge=1)
    rate_limit_requests: int = Field(120, ge=1)
    rate_limit_window: int = Field(60, ge=1)
    heartbeat_interval: float = Field(15.0, ge=5, le=300)
    client_buffer_bytes: int = Field(256 << 10, ge=16 << 10)
    stall_seconds: float = Field(30.0, ge=1)
    drain_seconds: float = Field(5.0, ge=0, le=600)
    retention_days: float = Field(0.0, ge=0, le=36_500)
    database_url: SecretStr = SecretStr("")
    redis_url: SecretStr = SecretStr("")

    @field_validator("discord_channel_id", "allowed_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("discord_channel_id")
    @classmethod
    def _ids(cls, value: list[str]) -> list[str]:
        for part in value:
            if not (part.isascii() and part.isdigit() and int(part) < 1 << 63):
                raise ValueError(f"{part[:40]!r} is no channel id")
        return value

    @field_validator("environment", "log_level", mode="before")
    @classmethod
    def _small(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @property
    def channels(self) -> frozenset[int]:
        """Return the channels that may be seen, empty for all."""
        return frozenset(map(int, self.discord_channel_id))

    def secret(self, name: str) -> Secret | None:
        """Return a secret setting, None when it is not set; raise ConfigurationError when it cannot be found."""
        reference: str = getattr(self, name).get_secret_value()
        return resolve_secret(reference, name.upper()) if reference else None


def load_serve_settings(profile: Settings, given: Mapping[str, Any], env_file: Path | None) -> ServeSettings:
    """Return the settings of the service; raise ConfigurationError naming the value that is wrong."""
    stream: dict[str, Any] = msgspec.to_builtins(profile.stream)
    usual: dict[str, Any] = msgspec.to_builtins(Settings().stream)
    below = {name: value for name, value in stream.items() if value != usual[name]}
    below |= {"discord_token": profile.discord.token, "discord_guild_id": profile.discord.guild_id}
    try:
        above = ServeSettings(_env_file=env_file, **given)  # pyright: ignore[reportCallIssue]
        return ServeSettings(_env_file=None, **below | {name: getattr(above, name) for name in above.model_fields_set})  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "a setting"
        raise ConfigurationError(f"{name}: {first['msg']}", "mend it in the environment, .env or the profile") from None
