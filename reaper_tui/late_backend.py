"""The program behind the app, brought in once it is needed: the first screen stands before it is there."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import TYPE_CHECKING

from reaper_tui.backend import Identity
from reaper_tui.model.check import Check
from reaper_tui.profile.secrets import Secret
from reaper_tui.profile.settings import Settings
from reaper_tui.profile_shelf import ProfileShelf

if TYPE_CHECKING:
    from reaper_tui.wiring import ProgramBackend
    from reaper_tui.workspace import OpenWorkspace


class LateBackend(ProfileShelf):
    """Fulfils `backend.Backend`; the libraries of both sides are imported beside the event loop."""

    async def check_discord(self, token: Secret, api_base: str) -> Identity:
        """Return whom a Discord token belongs to."""
        return await (await self._program()).check_discord(token, api_base)

    async def check_fluxer(self, token: Secret, instance: str) -> Identity:
        """Return whom a Fluxer token belongs to."""
        return await (await self._program()).check_fluxer(token, instance)

    async def examine(self, settings: Settings) -> AsyncGenerator[Check]:
        """Yield what a run with settings that are no profile yet would need."""
        async for check in (await self._program()).examine(settings):
            yield check

    @contextlib.asynccontextmanager
    async def open(self, path: Path) -> AsyncGenerator[OpenWorkspace]:
        """Open a profile."""
        async with (await self._program()).open(path) as workspace:
            yield workspace

    async def _program(self) -> ProgramBackend:
        wiring = await asyncio.to_thread(importlib.import_module, "reaper_tui.wiring")
        return wiring.ProgramBackend(self.paths)
