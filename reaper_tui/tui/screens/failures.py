"""What was not carried over, and why."""

from __future__ import annotations

from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.failure_groups import failure_lines, grouped
from reaper_tui.tui.figures import counted
from reaper_tui.tui.modals.details import DetailsScreen
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.widgets.failure_tree import FailureTree
from reaper_tui.tui.widgets.problem_panel import ProblemPanel

NOTHING = "✔ Nothing is missing: no message, file or item failed so far."
NEVER_RUN = "○ This profile was not run yet, so nothing can have failed.\n\nesc goes back; open the profile to begin."


class FailuresScreen(ProfileRoom):
    """Failures grouped by cause, with details and a way to try them again."""

    room: ClassVar[str] = "failures"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("failures")
    failure_tree = getters.query_one(FailureTree)

    def body(self) -> ComposeResult:
        """Yield the groups and what stands in for them."""
        yield Static("Not carried over", id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        yield Static("Reading the journal…", id="empty", classes="content page", markup=False)
        yield FailureTree(id="failures")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Details", id="open", compact=True)
            yield Button("Retry", id="retry", variant="primary", compact=True)
            yield Button("Back", id="back", compact=True)

    async def entered(self) -> None:
        """Show the groups."""
        summary = await self._session.recall()
        failures = summary.failures if summary is not None else []
        groups = grouped(failures)
        self.failure_tree.display = bool(groups)
        empty = self.query_one("#empty", Static)
        empty.display = not groups
        empty.update(NEVER_RUN if summary is None else NOTHING)
        self.query_one("#retry").display = self._session.can_retry
        self.query_one("#open").display = bool(groups)
        if summary is not None:
            route = f"{sanitise_line(summary.source.name, 60)} → {sanitise_line(summary.target.name, 60)}"
            self.query_one("#route", Static).update(f"Not carried over · {route}")
        if groups:
            self.failure_tree.show_groups(groups)
            causes = counted(len(groups), "cause")
            self.query_one("#totals", Static).update(f" {counted(len(failures), 'failure')}, {causes}")
            self.failure_tree.focus()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a retry only where there is something to retry."""
        has_rows = self.failure_tree.row_count() > 0
        if action == "retry":
            return self._session.can_retry
        return has_rows or None if action in ("open", "copy") else True

    @on(Button.Pressed, "#open")
    def action_open(self) -> None:
        """Open what is under the cursor."""
        self.failure_tree.open_here()

    @on(FailureTree.Opened)
    def show_details(self, event: FailureTree.Opened) -> None:
        """Show everything known of a failure."""
        guild_id = self._session.settings.discord.guild_id
        self.program.push_screen(DetailsScreen("Not carried over", failure_lines(event.failure, guild_id)))

    @on(Button.Pressed, "#retry")
    def action_retry(self) -> None:
        """Try what failed again."""
        self.program.start_retry()

    def action_copy(self) -> None:
        """Hand what is under the cursor to the clipboard."""
        if self.failure_tree.here is None:
            return
        group, failure = self.failure_tree.here
        rows = (failure,) if failure is not None else group.failures
        guild_id = self._session.settings.discord.guild_id
        text = "\n\n".join(
            "\n".join(f"{word}: {value}" for word, value in failure_lines(row, guild_id)) for row in rows
        )
        self.program.copy(text, counted(len(rows), "failure"))
