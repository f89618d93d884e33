"""Setting up a profile: one bot on each side, a place on each side, a name."""

from __future__ import annotations

import re
from typing import ClassVar

import msgspec
from textual import getters, on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
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
from reaper_tui.tui.widgets.findings import Findings

STEPS = ("discord", "fluxer", "name")
SAVE, SAVE_ANYWAY = "Save and choose channels (⏎)", "Save anyway (⏎)"
DISCORD_HOW = (
    "Make the bot that reads: discord.com/developers/applications → New Application → Bot → Reset Token.",
    "On that page switch on Message Content Intent.",
    "Paste the token below and press ⏎.",
    "Invite the bot with the link, press ⏎ again and choose the server. The link asks for View Channels, Read Message "
    "History, Connect (text in voice channels) and Manage Threads (closed threads); nothing that writes.",
)
FLUXER_HOW = (
    "Make the bot that builds: on Fluxer, User Settings → Applications → Create → copy the bot token.",
    "Paste the token below and press ⏎.",
    "Invite the bot with the link, press ⏎ again and choose the community. It needs Administrator (8) until the clone "
    "is done; remove it afterwards.",
)


class WizardScreen(Room):
    """Three steps: Discord, Fluxer, a name with what a run would need; each token is tried, none is ever shown."""

    room: ClassVar[str] = "wizard"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("wizard")
    AUTO_FOCUS: ClassVar[str | None] = "#discord .token"
    step: reactive[str] = reactive("discord", init=False)

    discord = getters.query_one("#discord", AccountStep)
    fluxer = getters.query_one("#fluxer", AccountStep)
    name_input = getters.query_one("#profile-name", Input)
    findings = getters.query_one(Findings)

    def __init__(self) -> None:
        super().__init__()
        self._saves_then = False

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
        with Vertical(id="name"):
            yield Static(id="profile-recap", markup=False)
            with Horizontal(classes="field"):
                yield Static("Call it", classes="label", markup=False)
                yield Input(id="profile-name", placeholder="letters, digits, - and _", max_length=60, compact=True)
            yield Static(id="profile-error", classes="problem", markup=False)
            yield Static("What a run needs", classes="question", markup=False)
            with VerticalScroll(id="checks"):
                yield Findings(id="findings", waiting="looking at both sides and this machine; nothing is written")
            with Horizontal(classes="bar"):
                yield Static(id="checks-verdict", markup=False)
                yield Button(SAVE, id="save", variant="primary", compact=True)
                yield Button("Check again", id="look-again", compact=True)
                yield Button("Back", classes="back", compact=True)

    def watch_step(self, step: str) -> None:
        """Show one step and say which it is."""
        number = STEPS.index(step) + 1
        titles = {
            "discord": "Where from: Discord",
            "fluxer": "Where to: Fluxer",
            "name": "A name, and a look round",
        }
        self.query_one("#wizard-title", Static).update(f"Step {number} of {len(STEPS)} · {titles[step]}")
        for name in STEPS:
            self.query_one(f"#{name}").display = name == step
        self.refresh_bindings()
        if step == "name":
            self._show_recap()
            self.name_input.focus()
            self._examine()
        else:
            self.workers.cancel_group(self, "examine")  # pyright: ignore[reportUnknownMemberType]  # untyped in Textual
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

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer links where there are bots to invite, and looking again where something was looked at."""
        if action == "copy_link":
            return self.step != "name"
        return self.step == "name" if action == "look_again" else True

    @on(Button.Pressed, "#look-again")
    def action_look_again(self) -> None:
        """Look again at what a run needs."""
        if not self.findings.is_looking:
            self._examine()

    @work(group="examine", exclusive=True, exit_on_error=False, description="look at what a run needs")
    async def _examine(self) -> None:
        self._saves_then = False
        self._tell("", "", SAVE)
        try:
            await self.findings.take(self.program.backend.examine(with_environment(self._settings())))
        except Exception as error:
            self._tell(f"✖ {problem_of(error, self.program.backend.log_file).line()}", "", SAVE)
            return
        if not self.findings.faults:
            self._tell("", self.findings.verdict, SAVE)
            if self._saves_then:
                self._write()
            return
        told = "✖ A run would stop at this: mend it and check again, or save as it is."
        self._tell(told, self.findings.verdict, SAVE_ANYWAY)

    @on(Input.Submitted, "#profile-name")
    @on(Button.Pressed, "#save")
    def save(self) -> None:
        """Write the profile and open it, once all was looked at; asked again, at once."""
        if self._is_sound(self.name_input.value.strip()):
            if self.findings.is_looking and not self._saves_then:
                self._saves_then = True
                self._tell("◌ Saved as soon as all is looked at; ⏎ again saves now.", "", SAVE)
            else:
                self._write()

    def _tell(self, error: str, verdict: str, save: str) -> None:
        self.query_one("#profile-error", Static).update(error)
        self.query_one("#checks-verdict", Static).update(f" {verdict}")
        self.query_one("#save", Button).label = save

    def _is_sound(self, name: str) -> bool:
        is_sound = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name) is not None
        if not is_sound:
            told = "✖ Use letters, digits, - and _; begin with a letter or digit."
            self.query_one("#profile-error", Static).update(told)
        return is_sound

    def _write(self) -> None:
        error = self.query_one("#profile-error", Static)
        name = self.name_input.value.strip()
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
            f"{self.discord.place_name} → {self.fluxer.place_name}. "
            "Only you can read the file; tokens given as env:, file: or keyring: stay outside it."
        )
        if not self.name_input.value:
            words = re.sub(r"[^A-Za-z0-9]+", "-", self.discord.place_name).strip("-").lower()
            self.name_input.value = words[:40] or "clone"
