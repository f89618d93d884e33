"""How the app looks and behaves."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any, ClassVar

import msgspec
from textual import getters, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widgets import Button, Static

from reaper_tui.profile.settings import SpeedSettings
from reaper_tui.tui.bindings import bindings_of, key_text, remappable
from reaper_tui.tui.command_table import ROOM_TITLES
from reaper_tui.tui.modals.key_capture import KeyCaptureScreen
from reaper_tui.tui.modals.prompt import PromptScreen
from reaper_tui.tui.screens.room import Room
from reaper_tui.tui.themes import PLAIN, THEMES
from reaper_tui.tui.widgets.settings_list import SettingRow, SettingsList

SWITCHES = {"bell": "Bell", "toast": "Notice on the screen", "title": "Window title"}


class SettingsScreen(Room):
    """Theme, what happens at the end of a run, speed, and the keys; every change is kept at once."""

    room: ClassVar[str] = "settings"
    BINDINGS: ClassVar[list[BindingType]] = bindings_of("settings")
    rows = getters.query_one(SettingsList)

    def body(self) -> ComposeResult:
        """Yield the list."""
        yield Static("Settings", classes="screen-title", markup=False)
        yield SettingsList(id="settings")
        with Horizontal(classes="bar"):
            yield Static(id="totals", markup=False)
            yield Button("Change", id="change", variant="primary", compact=True)
            yield Button("Reset", id="reset", compact=True)
            yield Button("Back", id="back", compact=True)

    def on_mount(self) -> None:
        """Show what is set."""
        self._show()
        self.rows.focus()

    @on(SettingsList.Asked)
    @on(Button.Pressed, "#change")
    def action_change(self) -> None:
        """Change what is under the cursor."""
        section, _, name = self.rows.here.partition(":")
        preferences = self.program.preferences
        if section == "theme":
            words = [*THEMES, *([] if preferences.theme in THEMES else [preferences.theme])]
            self._keep(theme=words[(words.index(preferences.theme) + 1) % len(words)])
        elif section == "switch":
            self._keep(**{name: not getattr(preferences, name)})
        elif section == "notice":
            self._notice(**{name: not getattr(preferences.notifications, name)})
        elif section == "command":
            self._ask_command()
        elif section == "speed":
            self._ask_speed(name)
        elif section == "key":
            self._ask_key(name)

    @on(Button.Pressed, "#reset")
    def action_reset(self) -> None:
        """Give what is under the cursor its default back."""
        section, _, name = self.rows.here.partition(":")
        keys = self.program.preferences.keys
        if section == "key" and name in keys:
            self._keep(keys={other: value for other, value in keys.items() if other != name})
        elif section == "theme":
            self._keep(theme="dark")
        elif section == "command":
            self._notice(command=[])
        elif section == "speed":
            self._keep_speed(**{name: getattr(SpeedSettings(), name)})

    def _keep(self, **changes: Any) -> None:
        self.program.keep(**changes)
        self._show()

    def _notice(self, **changes: Any) -> None:
        self._keep(notifications=msgspec.structs.replace(self.program.preferences.notifications, **changes))

    @property
    def _speed(self) -> SpeedSettings:
        session = self.program.session
        return session.settings.speed if session is not None and session.is_open else self.program.preferences.speed

    def _keep_speed(self, **changes: Any) -> None:
        session = self.program.session
        speed = msgspec.structs.replace(self._speed, **changes)
        if session is not None and session.is_open:
            session.settings = msgspec.structs.replace(session.settings, speed=speed)
            self.program.keep_choices(session)
        else:
            self.program.keep(speed=speed)
        self._show()

    def _ask(self, screen: PromptScreen, take: Callable[[str], None]) -> None:
        def answered(text: str | None) -> None:
            if text is not None:
                take(text)

        self.program.push_screen(screen, answered)

    def _ask_command(self) -> None:
        def refuse(text: str) -> str:
            try:
                shlex.split(text)
            except ValueError:
                return "a quotation mark is not closed"
            return ""

        self._ask(
            PromptScreen(
                "A command at the end of each run",
                "A program with its arguments; no shell reads it. {profile} {state} {sent} {failed} {pending} are "
                "filled in. Empty: none.",
                value=shlex.join(self.program.preferences.notifications.command),
                placeholder="notify-send reaper-tui '{profile}: {state}'",
                refuse=refuse,
            ),
            lambda text: self._notice(command=shlex.split(text)),
        )

    def _ask_speed(self, name: str) -> None:
        is_rate = name == "max_messages_per_minute"
        value = getattr(self._speed, name)

        def refuse(text: str) -> str:
            if not text or (text == "auto" and not is_rate):
                return ""
            if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= (100_000 if is_rate else 15):
                return "write a number, or nothing" if is_rate else "write auto, or a number from 1 to 15"
            return ""

        def take(text: str) -> None:
            default = 0 if is_rate else "auto"
            self._keep_speed(**{name: int(text) if text.isdigit() else default})

        self._ask(
            PromptScreen(
                "At most so many messages a minute" if is_rate else "Webhooks in a channel",
                "Empty: as fast as Fluxer allows."
                if is_rate
                else "More webhooks make one channel faster. auto: as many as its backlog deserves.",
                value=str(value or ""),
                refuse=refuse,
            ),
            take,
        )

    def _ask_key(self, name: str) -> None:
        command = next(found for found in remappable() if found.id == name)

        def answered(key: str | None) -> None:
            if key is not None:
                self._keep(keys={**self.program.preferences.keys, name: key})

        self.program.push_screen(KeyCaptureScreen(command, self.program.keymap), answered)

    def _show(self) -> None:
        preferences = self.program.preferences
        notices = preferences.notifications
        session = self.program.session
        whose = session.path.stem if session is not None and session.is_open else "new profiles"
        speed = self._speed
        rate = speed.max_messages_per_minute
        looks = "no colour, everything by glyph and word" if preferences.theme == PLAIN else ""
        rows = [
            SettingRow("", "Look", is_heading=True),
            SettingRow("theme", "Theme", preferences.theme, looks or "⏎ goes on to the next"),
            SettingRow("switch:animation", "Animation", _on(preferences.animation)),
            SettingRow("", "When a run ends", is_heading=True),
            *(SettingRow(f"notice:{key}", name, _on(getattr(notices, key))) for key, name in SWITCHES.items()),
            SettingRow("command", "Command", shlex.join(notices.command) or "none"),
            SettingRow("", "When the terminal goes away", is_heading=True),
            SettingRow(
                "switch:keeps_running", "A run goes on without it", _on(preferences.keeps_running), "else it stops"
            ),
            SettingRow("", f"Speed of {whose}", is_heading=True),
            SettingRow("speed:max_messages_per_minute", "Messages a minute", str(rate or "as fast as allowed")),
            SettingRow("speed:webhooks_per_channel", "Webhooks in a channel", str(speed.webhooks_per_channel)),
            SettingRow("", "Keys", is_heading=True),
            *(
                SettingRow(
                    f"key:{command.id}",
                    f"{ROOM_TITLES.get(command.room, command.room)}: {command.label}",
                    key_text(command, self.program.keymap),
                    "changed" if command.id in self.program.keymap else "",
                    is_own=command.id in self.program.keymap,
                )
                for command in remappable()
            ),
        ]
        self.rows.show_rows(tuple(rows))
        self.query_one("#totals", Static).update(" Kept at once")


def _on(is_on: bool) -> str:
    return "✔ on" if is_on else "○ off"
