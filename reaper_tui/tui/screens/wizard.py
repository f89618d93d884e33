"""Setting up a profile: one bot on each side, a place on each side, a name."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.reactive import reactive
from textual.widgets import Button, Input, Static

from reaper_tui.backend import Identity
from reaper_tui.model.errors import CloneError
from reaper_tui.model.text import sanitise_line
from reaper_tui.profile.secrets import resolve_secret
from reaper_tui.profile.settings import DiscordSettings, FluxerSettings, Settings, with_environment
from reaper_tui.tui.bindings import bindings_of
from reaper_tui.tui.bridge import Problem, problem_of
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.widgets.account_step import AccountStep

STEPS = ("discord", "fluxer", "name")
DISCORD_HOW = (
    "Make the bot that reads: discord.com/developers/applications → New Application → Bot → Reset Token. "
    "On that page switch on Message Content Intent. The link asks for View Channels, Read Message History, Connect "
    "(text in voice channels) and Manage Threads (closed threads); nothing that writes."
)
FLUXER_HOW = (
    "Make the bot that builds: on Fluxer, User Settings → Applications → Create → copy the bot token. "
    "It needs Administrator (8) in the community until the clone is done; remove it afterwards."
)


class WizardScreen(Room):
    """Three steps: Discord, Fluxer, a name; each token is tried before going on and never shown."""

    room: ClassVar[str] = "wizard"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("wizard")
    AUTO_FOCUS: ClassVar[str | None] = "#discord .token"
    step: reactive[str] = reactive("discord", init=False)

    discord = getters.query_one("#discord", AccountStep)
    fluxer = getters.query_one("#fluxer", AccountStep)
    name_input = getters.query_one("#profile-name", Input)

    def body(self) -> ComposeResult:
        """Yield the three steps."""
        defaults = with_environment(Settings())
        yield Static(id="wizard-title", classes="screen-title", markup=False)
        yield AccountStep(
            "discord", DISCORD_HOW, "Which server is to be copied?", defaults.discord.api_base, shows_address=False
        )
        yield AccountStep(
            "fluxer", FLUXER_HOW, "Which community is to be filled?", defaults.fluxer.instance, shows_address=True
        )
        with VerticalScroll(id="name"):
            yield Static("What shall this profile be called?", classes="question", markup=False)
            yield Input(id="profile-name", placeholder="letters, digits, - and _", max_length=60)
            yield Static(id="profile-recap", markup=False)
            yield Static(id="profile-error", classes="problem", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Save and choose channels", id="save", variant="primary")
                yield Button("Back", classes="back")

    def watch_step(self, step: str) -> None:
        """Show one step and say which it is."""
        number = STEPS.index(step) + 1
        titles = {"discord": "Where from: Discord", "fluxer": "Where to: Fluxer", "name": "A name for it"}
        self.query_one("#wizard-title", Static).update(f"Step {number} of {len(STEPS)} · {titles[step]}")
        for name in STEPS:
            self.query_one(f"#{name}").display = name == step
        if step == "name":
            self._show_recap()
            self.name_input.focus()
        else:
            self.query_one(f"#{step}", AccountStep).stand_ready()

    def on_mount(self) -> None:
        """Begin with the first step."""
        self.watch_step(self.step)

    @on(AccountStep.CheckRequested)
    def check_token(self, event: AccountStep.CheckRequested) -> None:
        """Try a token."""
        self._check(event.step)

    @work(group="check", exclusive=True, exit_on_error=False, description="try a token")
    async def _check(self, step: AccountStep) -> None:
        side, what = step.side, step.side.capitalize()
        asked = (step.token_reference, step.address)
        try:
            secret = resolve_secret(step.token_reference, what)
            if side == "discord":
                identity: Identity = await self.program.backend.check_discord(secret, step.address)
            else:
                identity = await self.program.backend.check_fluxer(secret, step.address)
        except Exception as error:
            if asked == (step.token_reference, step.address):
                step.show_problem(problem_of(error, self.program.backend.log_file))
            return
        if asked == (step.token_reference, step.address):
            step.show_identity(identity)

    @on(AccountStep.PlaceChosen)
    def go_on(self, event: AccountStep.PlaceChosen) -> None:
        """Go to the next step."""
        self.step = STEPS[STEPS.index(event.step.side) + 1]

    @on(Button.Pressed, ".back")
    def action_back(self) -> None:
        """Go back a step, from the first to the profiles."""
        place = STEPS.index(self.step)
        if place == 0:
            self.program.pop_screen()
        else:
            self.step = STEPS[place - 1]

    def action_copy_link(self) -> None:
        """Copy the invite link of this step."""
        if self.step != "name":
            self.query_one(f"#{self.step}", AccountStep).copy_invite()

    @on(Input.Submitted, "#profile-name")
    @on(Button.Pressed, "#save")
    def save(self) -> None:
        """Write the profile and open it."""
        error = self.query_one("#profile-error", Static)
        name = self.name_input.value.strip()
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
            error.update("✖ Use letters, digits, - and _; begin with a letter or digit.")
            return
        try:
            if any(entry.name == name for entry in self.program.backend.profiles()):
                error.update(f"✖ There is a profile “{name}” already: choose another name.")
                return
            path = self.program.backend.save_profile(name, self._settings())
        except (CloneError, OSError) as caught:
            shown = Problem(sanitise_line(f"The profile cannot be written: {caught}", 300), sanitise_line("", 1))
            is_named = isinstance(caught, CloneError)
            error.update(f"✖ {(problem_of(caught, self.program.backend.log_file) if is_named else shown).line()}")
            return
        self.program.pop_screen()
        self.program.open_profile(path)

    def _settings(self) -> Settings:
        source = DiscordSettings(token=self.discord.token_reference, guild_id=self.discord.place_id)
        target = FluxerSettings(
            token=self.fluxer.token_reference, community_id=self.fluxer.place_id, instance=self.fluxer.address
        )
        speed = msgspec.structs.replace(self.program.preferences.speed)
        return msgspec.structs.replace(Settings(), discord=source, fluxer=target, speed=speed)

    def _show_recap(self) -> None:
        self.query_one("#profile-recap", Static).update(
            f"{self.discord.place_name} → {self.fluxer.place_name}\n"
            "Only you can read the file. Tokens given as env:, file: or keyring: stay outside it."
        )
        if not self.name_input.value:
            words = re.sub(r"[^A-Za-z0-9]+", "-", self.discord.place_name).strip("-").lower()
            self.name_input.value = words[:40] or "clone"
