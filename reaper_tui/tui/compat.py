"""Where Textual's own behaviour has to be replaced; each workaround has a test."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from typing import IO, Any

from rich.segment import Segments
from rich.text import Text
from textual import screen
from textual.app import App
from textual.driver import Driver
from textual.geometry import Size
from textual.scroll_view import ScrollView

logger = logging.getLogger(__name__)
FRAMES_PER_SECOND = 120


class DeafFile:
    """A terminal that may go away: Textual's writer thread would die of that and the app wait for it forever."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def write(self, text: str) -> None:
        """Write while there is somebody to read."""
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)

    def flush(self) -> None:
        """Flush while there is somebody to read."""
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._file.fileno()


def write_to_terminal(app: App[Any], sequence: str) -> None:
    """Send a control sequence past the screen, such as a window title; nothing happens without a terminal."""
    driver: Driver | None = app._driver  # pyright: ignore[reportPrivateUsage]  # Textual has no door for this
    if driver is not None and not app.is_headless:
        driver.write(sequence)
        driver.flush()


def let_go_of_terminal(app: App[Any]) -> None:
    """Stop reading keys and drawing, for good: the terminal may be gone, the app goes on."""
    driver: Driver | None = app._driver  # pyright: ignore[reportPrivateUsage]  # `App.suspend` needs a terminal to end
    if driver is not None:
        with contextlib.suppress(OSError, ValueError):
            driver.suspend_application_mode()
        # Its writer is gone: what would still be drawn must not wait for it.
        driver.write = lambda data: None  # type: ignore[method-assign]


def paint_promptly() -> None:
    """Let screens be painted twice as often as Textual does: a key is often answered in two steps, a frame apart."""
    if "TEXTUAL_FPS" not in os.environ:
        screen.UPDATE_PERIOD = 1 / FRAMES_PER_SECOND  # pyright: ignore[reportConstantRedefinition]  # no other door


def set_virtual_size(view: ScrollView, size: Size) -> None:
    """Say how much there is to scroll; Textual would lay the whole screen out again for every row that arrives.

    The view must not take its height from its rows.
    """
    if view.virtual_size != size:
        view.set_reactive(ScrollView.virtual_size, size)  # pyright: ignore[reportArgumentType]  # typed loosely in Textual
        view._scroll_update(size)  # pyright: ignore[reportPrivateUsage]  # lays out only where a scrollbar comes or goes


class QuietCrash(App[Any]):
    """Ends on an unexpected error with one line: Textual's traceback would print local variables, tokens too."""

    crash_advice = ""

    def get_driver_class(self) -> type[Driver]:
        """Return the platform's driver, able to outlive its terminal."""
        platform_class = super().get_driver_class()
        if sys.platform == "win32":
            return platform_class
        from textual.drivers.linux_driver import LinuxDriver

        if platform_class is not LinuxDriver:
            return platform_class

        class LastingDriver(LinuxDriver):
            def __init__(self, *arguments: Any, **options: Any) -> None:
                super().__init__(*arguments, **options)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
                self._file: Any = DeafFile(self._file)

        return LastingDriver

    def _fatal_error(self) -> None:
        error = sys.exc_info()[1]
        logger.critical("the app ended on an unexpected error", exc_info=error)
        kind = type(error).__name__ if error is not None else "error"
        line = Text(f"reaper-tui ended on an unexpected error ({kind}). {self.crash_advice}".strip())
        self._exit_renderables.append(Segments(self.console.render(line, self.console.options)))
        self._close_messages_no_wait()
