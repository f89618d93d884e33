"""The messages of a stream service somewhere, live and back to the first."""

from __future__ import annotations

from typing import ClassVar

from textual import on, work
from textual.widgets import Button

from reaper_tui.tui.bridge import Problem, problem_of
from reaper_tui.tui.modals.address import StreamAddress
from reaper_tui.tui.remote_stream import RemoteStream
from reaper_tui.tui.screens.stream_room import LOOK_SECONDS, StreamRoom
from reaper_tui.tui.stream_source import BEGINNING
from reaper_tui.tui.widgets.problem_panel import ProblemPanel


class WatchScreen(StreamRoom):
    """Tails a stream service by its address; leaving the screen ends the connection."""

    waiting: ClassVar[str] = "Connecting…"
    empty: ClassVar[str] = "○ No message yet.\n\nMessages appear here as the service sends them. esc goes back."

    def __init__(self, address: StreamAddress) -> None:
        super().__init__()
        self._address = address
        self._source = RemoteStream(address.address, address.key)
        self._problem: Problem | None = None

    @property
    def source(self) -> RemoteStream:
        """Return the service's messages."""
        return self._source

    @property
    def is_readable(self) -> bool:
        """Return whether nothing final was answered."""
        return self._problem is None

    @property
    def has_problem(self) -> bool:
        """Return whether a problem stands in place of the messages."""
        return self._problem is not None

    def heading(self) -> str:
        """Return where the messages come from, and how the connection is."""
        return f"Watching {self._address.place} · {self._source.standing()}"

    def on_mount(self) -> None:
        """Connect, and follow."""
        self.view.focus()
        self._open_stream()
        self.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Look for newer messages and for what became of those shown."""
        if self._problem is not None:
            return
        if not self._is_paused and (changes := self._source.take_changes()):
            self.view.amend(changes)
        super().look()
        self.tell()

    def fail(self, error: Exception) -> None:
        """Show why the service cannot be watched."""
        self._problem = problem_of(error, self.program.backend.log_file)
        self._show_problem()

    @on(Button.Pressed, "#try-again")
    def try_again(self) -> None:
        """Connect anew."""
        self._problem = None
        self._source = RemoteStream(self._address.address, self._address.key)
        self._newest = BEGINNING
        self._show_problem()
        self.view.show(())
        self.view.focus()
        self._open_stream()

    def _open_stream(self) -> None:
        self._show_problem()
        self.tell()
        self._listen(self._source)
        self._begin_when_connected(self._source)

    @work(group="listen", exclusive=True, exit_on_error=False, description="listen to the stream")
    async def _listen(self, source: RemoteStream) -> None:
        try:
            await source.listen()
        except Exception as error:
            self.fail(error)

    @work(group="begin", exclusive=True, exit_on_error=False, description="read the newest messages")
    async def _begin_when_connected(self, source: RemoteStream) -> None:
        await source.connected.wait()
        await self.begin()

    def _show_problem(self) -> None:
        panel = self.query_one(ProblemPanel)
        panel.display = self._problem is not None
        if self._problem is not None:
            self.query_one("#empty").display = self.view.display = False
            panel.show(self._problem)
            panel.query_one("#try-again", Button).focus()
