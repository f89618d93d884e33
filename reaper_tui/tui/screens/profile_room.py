"""A screen that works with a profile held open."""

from __future__ import annotations

from textual import on, work
from textual.widgets import Button

from reaper_tui.tui.bridge import Session
from reaper_tui.tui.screens.work_room import WorkRoom
from reaper_tui.tui.widgets.problem_panel import ProblemPanel


class ProfileRoom(WorkRoom):
    """Waits until the profile is open, then is `entered`; a problem is shown in place of the content.

    The screen has a `ProblemPanel` beside what is marked with the class `content`.
    """

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.is_entered = False

    async def entered(self) -> None:
        """Fill the screen; the profile is open."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Wait for the profile."""
        self._enter()

    @work(group="enter", exclusive=True, exit_on_error=False, description="wait for the profile")
    async def _enter(self) -> None:
        if await self._session.opened():
            await self.entered()
            self.is_entered = True
        if self._session.problem is not None and not self._session.is_open:
            self.show_problem()
        self.refresh_bindings()

    def show_problem(self) -> None:
        """Show the session's problem in place of the content."""
        problem = self._session.problem
        panel = self.query_one(ProblemPanel)
        panel.display = problem is not None
        for part in self.query(".content"):
            part.display = problem is None
        if problem is not None:
            panel.show(problem)
            panel.query_one("#try-again", Button).focus()

    @on(Button.Pressed, "#try-again")
    def try_again(self) -> None:
        """Open the profile again."""
        if not self._session.is_open:
            self._session = self.program.hold(self._session.path)
        self._session.problem = None
        self.show_problem()
        self._enter()

    def work_ended(self) -> None:
        """Nothing is carried out on behalf of most screens."""
