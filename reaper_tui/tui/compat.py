"""Where Textual's own behaviour has to be replaced; each workaround has a test."""

from __future__ import annotations

import logging
import sys
from typing import Any

from rich.segment import Segments
from rich.text import Text
from textual.app import App

logger = logging.getLogger(__name__)


class QuietCrash(App[Any]):
    """Ends on an unexpected error with one line: Textual's traceback would print local variables, tokens too."""

    crash_advice = ""

    def _fatal_error(self) -> None:
        error = sys.exc_info()[1]
        logger.critical("the app ended on an unexpected error", exc_info=error)
        kind = type(error).__name__ if error is not None else "error"
        line = Text(f"reaper-tui ended on an unexpected error ({kind}). {self.crash_advice}".strip())
        self._exit_renderables.append(Segments(self.console.render(line, self.console.options)))
        self._close_messages_no_wait()
