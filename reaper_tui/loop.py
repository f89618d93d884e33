"""The event loop a run or the app works on: the fastest there is on this system."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run_fast(work: Coroutine[Any, Any, T]) -> T:
    """Run a program's work to its end as `asyncio.run` does."""
    with asyncio.Runner(loop_factory=_fastest_loop()) as runner:
        return runner.run(work)


def _fastest_loop() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop if _starts_tasks_eagerly() else None


def _starts_tasks_eagerly() -> bool:
    """Return whether uvloop can start tasks at once, as Textual asks for.

    It hands on an `eager_start` from Python 3.13 on, which the first releases of 3.13 refuse.
    """
    if sys.version_info < (3, 13):
        return True
    return "eager_start" in inspect.signature(asyncio.eager_task_factory).parameters
