"""The plan, before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import Key
from textual.widgets import Button, Static

from reaper_tui.model.text import sanitise_line
from reaper_tui.plan_report import plan_document, plan_lines
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Problem, Session
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.widgets.options_form import OptionsForm
from reaper_tui.tui.widgets.pane_bar import PaneBar
from reaper_tui.tui.widgets.plan_sheets import plan_page, routes_page
from reaper_tui.tui.widgets.plan_tree import PlanTree
from reaper_tui.tui.widgets.problem_panel import ProblemPanel
from reaper_tui.tui.widgets.sheet import Sheet

PANES = (("1", "plan", "Plan"), ("2", "items", "Items"), ("3", "routes", "Routes"), ("4", "options", "Options"))


class ReviewScreen(Room):
    """Says what a start would do; only the start button or `s` starts."""

    room: ClassVar[str] = "review"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("review")
    AUTO_FOCUS: ClassVar[str | None] = "#start"
    pane_bar = getters.query_one(PaneBar)

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def body(self) -> ComposeResult:
        """Yield plan, routes, options, and the start button."""
        yield Static(id="route", classes="screen-title", markup=False)
        yield PaneBar(PANES, "plan")
        yield ProblemPanel(id="problem")
        with Horizontal(id="panes"):
            with VerticalScroll(id="plan"):
                yield Sheet(id="plan-sheet")
            with VerticalScroll(id="routes"):
                yield Sheet(id="routes-sheet")
            yield PlanTree(id="items")
            yield OptionsForm(self._session.settings, self._session.until, id="options")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Dry run", id="dry-run", compact=True)
            yield Button("Back", id="back", compact=True)
            yield Button("Start transfer", id="start", variant="success", compact=True)

    def on_mount(self) -> None:
        """Plan."""
        self.set_class(True, "-show-plan")
        self.make_plan()

    @on(Button.Pressed, "#try-again")
    def make_plan(self) -> None:
        """Show what would be done with the present settings."""
        plan = self._session.make_plan()
        self.query_one("#problem").display = plan is None
        self.query_one("#start", Button).disabled = plan is None
        if plan is None:
            assert self._session.problem is not None
            self.query_one(ProblemPanel).show(self._session.problem)
            for sheet_id in ("#plan-sheet", "#routes-sheet"):
                self.query_one(sheet_id, Sheet).show(
                    lambda sheet: sheet.muted("There is no plan until that is mended.")
                )
            self.refresh_bindings()
            return
        route = f"{sanitise_line(plan.source_name, 60)} → {sanitise_line(plan.target_name, 60)}"
        self.query_one("#route", Static).update(route)
        self.query_one("#plan-sheet", Sheet).show(lambda sheet: plan_page(plan, sheet))
        self.query_one("#routes-sheet", Sheet).show(lambda sheet: routes_page(plan, sheet))
        self.query_one(PlanTree).show_plan(plan)
        self.query_one("#start", Button).label = "Go on" if plan.settled else "Start transfer"
        remarks = [f"▲ {len(plan.warnings)} worth knowing"] if plan.warnings else []
        remarks += [f"– {len(plan.exclusions)} stay behind"] if plan.exclusions else []
        self.query_one("#totals", Static).update(" " + " · ".join(remarks))
        self.refresh_bindings()

    @on(OptionsForm.Changed)
    def take_options(self, event: OptionsForm.Changed) -> None:
        """Plan anew with other settings."""
        self._session.settings = event.settings
        self.make_plan()

    @on(OptionsForm.UntilChanged)
    def take_until(self, event: OptionsForm.UntilChanged) -> None:
        """Take when the run is to stop."""
        self._session.until = event.text

    @on(Button.Pressed, "#dry-run")
    def action_dry_run(self) -> None:
        """Ask where to write the plan."""
        if self._session.plan is None:
            return
        path = self._session.path.with_name(f"{self._session.path.stem}-plan.txt")
        self.program.push_screen(
            PromptScreen(
                "Write the plan to a file",
                "Nothing is written to Fluxer. A name that ends in .json is written as JSON, any other in words.",
                value=str(path),
                yes="Write",
                refuse=lambda text: "" if text else "name a file",
            ),
            self._write_plan,
        )

    def _write_plan(self, answer: str | None) -> None:
        plan = self._session.plan
        if answer is None or plan is None:
            return
        path = Path(answer).expanduser()
        is_json = path.suffix == ".json"
        text = json.dumps(plan_document(plan), ensure_ascii=False, indent=1) if is_json else "\n".join(plan_lines(plan))
        try:
            path.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            self.program.show_problem("Not written", Problem.of_file(path, error))
            return
        self.say(sanitise_line(str(path), 300), title="Plan written")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a start only when there is a plan."""
        return None if action in ("start", "dry_run") and self._session.plan is None else True

    def on_key(self, event: Key) -> None:
        """Scroll the plan or the routes while a button holds the focus."""
        pane = next((name for name in ("plan", "routes") if self.has_class(f"-show-{name}")), None)
        if pane is None or not isinstance(self.focused, Button):
            return
        sheet = self.query_one(f"#{pane}", VerticalScroll)
        scrolls = {
            "up": sheet.scroll_up,
            "down": sheet.scroll_down,
            "pageup": sheet.scroll_page_up,
            "pagedown": sheet.scroll_page_down,
            "home": sheet.scroll_home,
            "end": sheet.scroll_end,
        }
        if scroll := scrolls.get(event.key):
            event.stop()
            scroll()

    def action_show(self, name: str) -> None:
        """Show one pane and stand in it."""
        for _, pane, _ in PANES:
            self.set_class(pane == name, f"-show-{pane}")
        self.pane_bar.shown = name
        first = self.query_one("#history") if name == "options" else self.query_one(f"#{name}")
        first.focus()

    @on(Button.Pressed, "#start")
    def action_start(self) -> None:
        """Begin."""
        if self._session.plan is not None:
            self.program.start_transfer()
