"""The mirrored messages, live and back to the first."""

from __future__ import annotations

from typing import ClassVar

from reaper_tui.tui.bridge import problem_of
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.screens.stream_room import LOOK_SECONDS, StreamRoom
from reaper_tui.tui.stream_source import StreamSource


class StreamScreen(StreamRoom, ProfileRoom):
    """Tails what a profile mirrors."""

    waiting: ClassVar[str] = "Reading the journal…"
    empty: ClassVar[str] = (
        "○ Nothing was mirrored yet.\n\nMessages appear here as they arrive on Fluxer. "
        "esc goes back; start a transfer there."
    )

    @property
    def source(self) -> StreamSource:
        """Return the profile's messages."""
        return self._session.workspace

    @property
    def is_readable(self) -> bool:
        """Return whether the profile is open."""
        return self._session.is_open

    @property
    def has_problem(self) -> bool:
        """Return whether a problem stands in place of the messages."""
        return self._session.problem is not None

    async def entered(self) -> None:
        """Show the newest messages, then follow."""
        self.view.focus()
        await self.begin()
        self.set_interval(LOOK_SECONDS, self.look)

    def fail(self, error: Exception) -> None:
        """Show why the journal cannot be read."""
        self._session.problem = problem_of(error, self.program.backend.log_file)
        self.show_problem()
