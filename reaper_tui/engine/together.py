"""Work side by side that stops side by side: a stop lets every piece reach its own boundary."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

from reaper_tui.engine.control import StopRequested

Piece = Coroutine[Any, Any, None]
Beginning = Callable[[], Piece]


async def together(pieces: Iterable[Piece]) -> None:
    """Run all pieces to their ends; raise StopRequested if one stopped.

    Any other error, or cancelling the caller, cancels the rest, waits for them, and passes on.
    """
    await _to_their_ends({asyncio.create_task(piece) for piece in pieces}, None)


async def begun_in_turn(pieces: AsyncIterator[Beginning]) -> None:
    """Run pieces as `together` does, each from when it comes."""
    await _to_their_ends(set(), asyncio.create_task(_next(pieces)), pieces)


async def _next(pieces: AsyncIterator[Beginning]) -> Beginning | None:
    return await anext(pieces, None)


async def _to_their_ends(
    running: set[asyncio.Task[None]],
    coming: asyncio.Task[Beginning | None] | None,
    pieces: AsyncIterator[Beginning] | None = None,
) -> None:
    stop: StopRequested | None = None
    try:
        while coming is not None or running:
            waiting: set[asyncio.Task[Any]] = {*running, *(() if coming is None else (coming,))}
            ended, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if coming in ended:
                begin, coming = coming.result(), None
                if begin is not None and pieces is not None:
                    running.add(asyncio.create_task(begin()))
                    coming = asyncio.create_task(_next(pieces))
            for task in ended & running:
                running.discard(task)
                error = task.exception()
                if isinstance(error, StopRequested):
                    stop = stop or error
                elif error is not None:
                    raise error
    except BaseException:
        rest = [*running, *(() if coming is None else (coming,))]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
        raise
    if stop is not None:
        raise stop
