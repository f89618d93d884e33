"""Pictures made anew: vector animations drawn, and those that are too large made smaller, in a process of their own.

The libraries that do it read what strangers made; should one of them crash, it takes nothing else along.
"""

from __future__ import annotations

import asyncio
import importlib.util
import sys
from contextlib import suppress

from reaper_tui.model.errors import FileUnavailable

SECONDS = 90.0
NOT_FITTING = 3
CANNOT_DRAW = "a vector animation that cannot be drawn here"

# Found out at import, because looking for a module reads the disk, which would hold up the loop.
_HAS_PILLOW = bool(sys.executable) and importlib.util.find_spec("PIL") is not None
_HAS_RLOTTIE = importlib.util.find_spec("rlottie_python") is not None


def can_shrink() -> bool:
    """Return whether pictures can be made smaller here."""
    return _HAS_PILLOW


def can_draw_lottie() -> bool:
    """Return whether vector animations can be drawn here."""
    return _HAS_PILLOW and _HAS_RLOTTIE


class Drawer:
    """Draws one picture at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()

    async def lottie(self, animation: bytes, limit: int) -> bytes:
        """Return a vector animation as an animated WebP of at most so many bytes; raise FileUnavailable."""
        if not can_draw_lottie():
            raise FileUnavailable(CANNOT_DRAW)
        return await self._made("lottie", animation, limit, CANNOT_DRAW)

    async def smaller(self, picture: bytes, limit: int) -> bytes:
        """Return a picture as a WebP of at most so many bytes, animated when it was; raise FileUnavailable."""
        if not can_shrink():
            raise FileUnavailable("too large")
        return await self._made("smaller", picture, limit, "too large")

    async def _made(self, how: str, data: bytes, limit: int, failure: str) -> bytes:
        async with self._turn:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "reaper_tui.media.drawing_process",
                how,
                str(limit),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
            try:
                async with asyncio.timeout(SECONDS):
                    made, _ = await process.communicate(data)
            except TimeoutError:
                raise FileUnavailable(failure) from None
            finally:
                if process.returncode is None:
                    with suppress(ProcessLookupError):
                        process.kill()
                    await process.wait()
        if process.returncode == NOT_FITTING:
            raise FileUnavailable("too large")
        if process.returncode != 0 or not made:
            raise FileUnavailable(failure)
        return made
