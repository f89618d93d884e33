"""Work side by side that stops side by side: a stop lets every piece reach its own boundary."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any

from reaper_tui.engine.control import StopRequested


async def together(pieces: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Run all pieces to their ends; raise StopRequested if one stopped.

    Any other error, or cancelling the caller, cancels the rest, waits for them, and passes on.
    """
    tasks = [asyncio.create_task(piece) for piece in pieces]
    waiting = set(tasks)
    try:
        while waiting:
            ended, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in ended:
                error = task.exception()
                if error is not None and not isinstance(error, StopRequested):
                    raise error
    except BaseException:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    for task in tasks:
        if (error := task.exception()) is not None:
            raise error
