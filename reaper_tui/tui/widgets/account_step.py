"""One side of the wizard: how to make the bot, its token, and the places it is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table
from rich.text import Text
from textual import getters, on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Button, Input, OptionList, Static
from textual.widgets.option_list import Option

from reaper_tui.backend import Identity
from reaper_tui.model.errors import CloneError
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.profile.secrets import resolve_secret
from reaper_tui.tui.bridge import Problem
from reaper_tui.tui.invites import bot_id_in, invite_link


class AccountStep(VerticalScroll, can_focus=False):
    """Asks for a token and a place; who checks the token answers with `show_identity` or `show_problem`."""

    @dataclass
    class CheckRequested(Message):
        """The user wants the token tried."""

        step: AccountStep

    @dataclass
    class PlaceChosen(Message):
        """The user chose a place."""

        step: AccountStep

    token = getters.query_one(".token", Input)
    address_input = getters.query_one(".address", Input)
    status = getters.query_one(".status", Static)
    invite = getters.query_one(".invite", Static)
    question = getters.query_one(".question", Static)
    places = getters.query_one(".places", OptionList)

    def __init__(self, side: str, how: Sequence[str], question: str, address: str, *, shows_address: bool) -> None:
        super().__init__(id=side)
        self.side = side
        self._how = how
        self._question = question
        self._default_address = address
        self._shows_address = shows_address
        self._identity: Identity | None = None
        self._link = ""
        self.place_id = ""
        self.place_name = SafeText("")

    def compose(self) -> ComposeResult:
        """Yield the form."""
        yield Static(numbered(self._how), classes="how", markup=False)
        with Horizontal(classes="field"):
            yield Static("Instance", classes="label", markup=False)
            yield Input(self._default_address, classes="address", compact=True, select_on_focus=False)
        with Horizontal(classes="field"):
            yield Static("Bot token", classes="label", markup=False)
            yield Input(
                classes="token",
                password=True,
                compact=True,
                placeholder="paste it and press ⏎; or env:NAME, file:PATH",
            )
            yield Button("Check", classes="check", variant="primary", compact=True)
        yield Static(classes="status", markup=False)
        yield Static(self._question, classes="question", markup=False)
        yield OptionList(classes="places", markup=False, compact=True)
        with Horizontal(classes="invite-row"):
            yield Static(classes="invite", markup=False)
            yield Button("Copy link", classes="copy", compact=True)

    def on_mount(self) -> None:
        """Hide what is not known yet."""
        self.address_input.parent.display = self._shows_address  # type: ignore[union-attr]
        self._show_invite()
        self._show_places(())

    @property
    def token_reference(self) -> str:
        """Return what was entered: a token or where it is kept."""
        return self.token.value.strip()

    @property
    def address(self) -> str:
        """Return the address to talk to."""
        return self.address_input.value.strip().rstrip("/") or self._default_address

    def stand_ready(self) -> None:
        """Focus what is to be filled in next."""
        (self.places if self._identity and self._identity.places else self.token).focus()

    def show_problem(self, problem: Problem) -> None:
        """Say why the token does not do."""
        self._identity = None
        self._say(f"✖ {problem.line()}", "-error")
        self._show_places(())
        self._stand_ready_again()

    def show_identity(self, identity: Identity) -> None:
        """Say whose token it is and list its places."""
        self._identity = identity
        noun = "server" if self.side == "discord" else "community"
        plural = "servers" if self.side == "discord" else "communities"
        count = len(identity.places)
        lines = [f"✔ This is {sanitise_line(identity.name, 60)}, in {count} {noun if count == 1 else plural}."]
        lines += [f"▲ {sanitise_line(warning, 300)}" for warning in identity.warnings]
        if not identity.places:
            lines.append(f"▲ The bot is in no {noun} yet: open the link below to invite it, then check again.")
        self._say("\n".join(lines), "-warning" if len(lines) > 1 else "-success")
        self._show_invite()
        self._show_places(identity.places)
        self._stand_ready_again()

    def _stand_ready_again(self) -> None:
        # An answer may come late: who writes elsewhere by then is left there.
        here = self.screen.focused
        if here is None or here.has_class("token") or here.has_class("check"):
            self.stand_ready()

    @on(Input.Changed, ".token,.address")
    def forget_identity(self) -> None:
        """A changed token is an unchecked one."""
        self._identity = None
        self._say("", "")
        self._show_invite()
        self._show_places(())

    @on(Input.Submitted)
    @on(Button.Pressed, ".check")
    def request_check(self) -> None:
        """Ask for the token to be tried."""
        self._say("◌ Checking… esc goes back", "")
        self.post_message(self.CheckRequested(self))

    @on(Button.Pressed, ".copy")
    def copy_invite(self) -> None:
        """Hand the invite link to the clipboard."""
        if not self._link:
            self.notify(
                "The link stands there once the token is checked: it carries the bot's id.", title="No link yet"
            )
            return
        self.app.copy_to_clipboard(self._link)  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
        self.notify("If your terminal forbids that, select the link with shift and the mouse.", title="Link copied")

    @on(OptionList.OptionSelected)
    def choose_place(self, event: OptionList.OptionSelected) -> None:
        """Take a place."""
        if self._identity is None:
            return
        self.place_id, name = self._identity.places[event.option_index]
        self.place_name = sanitise_line(name, 80)
        self.post_message(self.PlaceChosen(self))

    def _say(self, text: str, state: str) -> None:
        self.status.update(text)
        self.status.set_classes(f"status {state}".strip())

    def _show_places(self, places: tuple[tuple[str, str], ...]) -> None:
        self.places.clear_options()
        self.places.add_options([Option(Text(sanitise_line(name, 80) or place)) for place, name in places])
        self.places.display = self.question.display = bool(places)
        if places:
            self.places.highlighted = 0

    def _show_invite(self) -> None:
        bot_id = self._identity.bot_id if self._identity else ""
        if not bot_id and self.side == "discord":
            try:
                bot_id = bot_id_in(resolve_secret(self.token_reference, "Discord").reveal())
            except CloneError:
                bot_id = ""
        bot_id = sanitise_line(bot_id, 20)
        self._link = invite_link(self.side, bot_id, sanitise_line(self.address, 100)) if bot_id else ""
        told = self._link or "stands here once the token is checked"
        self.invite.update(Text(f"Link to invite the bot: {told}", overflow="fold"))
        self.query_one(".copy", Button).disabled = not self._link


def numbered(lines: Sequence[str]) -> Table:
    """Return lines with a number before each, hanging."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=2, style="bold")
    table.add_column(ratio=1)
    for number, line in enumerate(lines, 1):
        table.add_row(f"{number}.", Text(line))
    return table
