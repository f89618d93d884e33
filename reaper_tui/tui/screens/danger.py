"""Taking away what a profile made on the target."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from reaper_tui.model.removal import Removable
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Session, problem_of
from reaper_tui.tui.figures import counted, text_bar
from reaper_tui.tui.glyphs import Sign, Tone
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.verdict import Verdict
from reaper_tui.tui.widgets.problem_panel import ProblemPanel
from reaper_tui.tui.widgets.removal_list import RemovalList
from reaper_tui.tui.widgets.sheet import Sheet

PULSE_SECONDS = 0.2
PLURALS = {"category": "categories", "companion": "companion channels"}
NOTHING = "✔ There is nothing to remove: this profile made nothing on the target that still stands."
WHAT = (
    "This deletes on the target what is listed, and with each channel everything that was written in it, also by "
    "others. What was there before stays. All messages stay in the journal: a later run makes everything anew."
)


class DangerScreen(ProfileRoom):
    """Lists what would be removed; removes only after the community's name was typed."""

    room: ClassVar[str] = "danger"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("danger")
    rows = getters.query_one(RemovalList)

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._items: Sequence[Removable] = ()
        self._is_stopped = False

    def body(self) -> ComposeResult:
        """Yield the warning, the list and the buttons."""
        yield Static("▲ Danger zone", id="route", classes="screen-title", markup=False)
        yield ProblemPanel()
        yield Sheet(id="warning")
        yield RemovalList(id="removables")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Back", id="back", variant="primary", compact=True)
            yield Button("Stop", id="stop", variant="warning", compact=True)
            yield Button("Remove…", id="remove", variant="error", compact=True)

    async def entered(self) -> None:
        """List what would go."""
        await self._session.recall()
        try:
            self._items = await self._session.workspace.removable()
        except Exception as error:
            self._session.problem = problem_of(error, self.program.backend.log_file)
            self.show_problem()
            return
        self.rows.show_items(self._items)
        self.query_one("#warning", Sheet).show(self._draw)
        self.set_interval(PULSE_SECONDS, self.pulse)
        self._show_buttons()
        self.rows.focus()

    def pulse(self) -> None:
        """Paint how far it is."""
        if self._session.is_running:
            self.query_one("#warning", Sheet).refresh(layout=True)
            self.rows.done = self._session.workspace.progress.structure_done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer what can be done now."""
        if action == "remove":
            return (bool(self._items) and not self._session.is_running) or None
        if action == "back":
            return not self._session.is_running or None
        return True

    @on(Button.Pressed, "#remove")
    def action_remove(self) -> None:
        """Ask for the community's name."""
        if not self._items or self._session.is_running:
            return
        name = self._community_name

        def refuse(text: str) -> str:
            return "" if sanitise_line(text, 100) == name else "that is not its name"

        self.program.push_screen(
            PromptScreen(
                f"Remove {counted(len(self._items), 'thing')} for good?",
                f"Type the community's name to go on: {name}",
                placeholder=name,
                yes="Remove",
                is_danger=True,
                refuse=refuse,
            ),
            self._answered,
        )

    @on(Button.Pressed, "#stop")
    def stop(self) -> None:
        """Stop after the present item."""
        self.program.action_stop()

    def work_ended(self) -> None:
        """Say what stays."""
        self._is_stopped = self._session.removal is None and self._session.problem is None
        self.show_problem()
        self._refill()

    def outcome(self) -> Verdict:
        """Return how the removal ended."""
        found, problem = self._session.removal, self._session.problem
        if problem is not None:
            return Verdict(Sign("✖", "failed", Tone.ERROR), f"Removing failed: {problem.cause}")
        if found is None:
            return Verdict(Sign("■", "stopped", Tone.WARNING), "Removing was stopped")
        if not found.is_complete:
            return Verdict(
                Sign("▲", "partly", Tone.WARNING), f"{counted(len(found.left), 'thing')} could not be removed"
            )
        return Verdict(
            Sign("✔", "removed", Tone.SUCCESS), f"Removed {counted(found.removed + found.was_gone, 'thing')}"
        )

    @property
    def _community_name(self) -> SafeText:
        summary = self._session.summary
        name = sanitise_line(summary.target.name, 100) if summary is not None else SafeText("")
        return name or sanitise_line(self._session.settings.fluxer.community_id, 100)

    def _answered(self, answer: str | None) -> None:
        if answer is not None and self._session.is_open and not self._session.is_running:
            self._is_stopped = False
            self.program.begin(self._session, self._session.remove(), self)
            self.call_later(self._show_buttons)

    def _refill(self) -> None:
        self._enter()

    def _draw(self, sheet: Sheet) -> Text:
        session = self._session
        if session.is_running:
            progress = session.workspace.progress
            done, total = progress.structure_done, progress.structure_total
            bar = text_bar(done, total, 40, sheet.tone(Tone.ERROR), sheet.tone(Tone.MUTED))
            head = Text.assemble("▶ ", bar, f" {done:,} of {total:,}\n")
            hold = f"‖ holding: {progress.hold}" if progress.hold else progress.note
            return head.append(f"{sanitise_line(hold, 200)}\nx or F8 stops after the present item.")
        found = session.removal
        text = Text()
        if found is not None:
            sign = self.outcome().sign
            text.append(f"{sign.glyph} {self.outcome().title}\n", style=sheet.tone(sign.tone))
            for line in found.left[:6]:
                text.append(f"▲ {sanitise_line(line, 200)}\n", style=sheet.tone(Tone.WARNING))
        elif self._is_stopped:
            text.append("■ Stopped. What is listed still stands; ^r goes on.\n", style=sheet.tone(Tone.WARNING))
        if not self._items:
            return text.append("" if found is not None else NOTHING)
        return text.append(WHAT)

    def _show_buttons(self) -> None:
        is_running = self._session.is_running
        self.query_one("#remove").display = bool(self._items) and not is_running
        self.query_one("#stop").display = is_running
        self.query_one("#back").display = not is_running
        counts = Counter(item.kind for item in self._items)
        words = [counted(count, kind, PLURALS.get(kind, "")) for kind, count in counts.items()]
        self.query_one("#totals", Static).update(f" {', '.join(words)}")
        self.query_one("#warning", Sheet).refresh(layout=True)
        self.refresh_bindings()
