"""The demo: the sandbox in this process and a profile that fits it."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import msgspec

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.profile.paths import Paths, default_paths
from reaper_tui.profile.settings import DiscordSettings, FluxerSettings, Settings, load_settings, save_settings
from reaper_tui.sandbox.service import Sandbox, SandboxError, SandboxOptions

PROFILE_NAME = "demo"


def sandbox_profile(facts: dict[str, Any], speed: float) -> Settings:
    """Return the profile that clones a sandbox's Discord server into its Fluxer community."""
    discord, fluxer = facts["discord"], facts["fluxer"]
    return Settings(
        discord=DiscordSettings(
            token=discord["token"],
            guild_id=discord["guild_id"],
            api_base=discord["api_base"],
            gateway=discord["gateway"],
            cdn=discord["cdn"],
        ),
        fluxer=FluxerSettings(
            token=fluxer["token"],
            community_id=fluxer["community_id"],
            instance="/".join(fluxer["api_base"].split("/")[:3]),
            limits_scale=speed,
        ),
    )


def open_sandbox(options: SandboxOptions) -> Sandbox:
    """Return a sandbox that is not started yet; raise ConfigurationError for options it cannot have."""
    try:
        return Sandbox(options)
    except SandboxError as error:
        raise ConfigurationError(str(error)) from None


@contextlib.asynccontextmanager
async def demo_home(options: SandboxOptions, home: Path | None, *, is_kept: bool) -> AsyncGenerator[tuple[Paths, Path]]:
    """Start the sandbox and write its profile; yield where things live and the profile.

    A kept home lets a demo that was killed go on where it stopped; otherwise it is made for once and removed.
    """
    with contextlib.ExitStack() as stack:
        if home is None and not is_kept:
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="reaper-tui-demo-")))
        else:
            root = (home or default_home(options)).expanduser().absolute()
        try:
            root.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise ConfigurationError(
                f"The folder {root} cannot be made: {error.strerror}", "choose another --home"
            ) from None
        options = SandboxOptions(
            seed=options.seed,
            channels=options.channels,
            messages=options.messages,
            speed=options.speed,
            generation=options.generation,
            community=options.community,
            limits=options.limits,
            faults=options.faults,
            state=root / "sandbox.json",
        )
        sandbox = open_sandbox(options)
        try:
            await sandbox.start()
        except (SandboxError, OSError) as error:
            raise ConfigurationError(f"The sandbox cannot start: {error}") from None
        try:
            paths = default_paths(root)
            profile = paths.profile(PROFILE_NAME)
            save_settings(profile, _with_choices_of(profile, sandbox_profile(sandbox.facts(), options.speed)))
            yield paths, profile
        finally:
            await sandbox.stop()


def _with_choices_of(profile: Path, settings: Settings) -> Settings:
    if not profile.exists():
        return settings
    chosen = load_settings(profile, environment={})
    return msgspec.structs.replace(settings, copy=chosen.copy, speed=chosen.speed)


def default_home(options: SandboxOptions) -> Path:
    """Return where the app's demo with these options is kept between two starts."""
    name = f"{options.seed}-{options.channels}-{options.messages}-{options.speed:g}-{options.generation}"
    name += "" if options.community == "busy" else f"-{options.community}"
    name += "".join(f"-{limit}={number}" for limit, number in options.limits)
    return default_paths().data / "demo" / name


def forget_home(home: Path) -> None:
    """Remove a demo that is over, so that the next one starts afresh."""
    shutil.rmtree(home, ignore_errors=True)
