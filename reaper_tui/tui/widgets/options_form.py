"""How things are copied: the settings worth changing before a start."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Checkbox, Input, Select, Static

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.profile.settings import Settings
from reaper_tui.time_window import parse_until
from reaper_tui.tui.widgets.tick import Tick

CHOICES: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "threads",
        "Threads",
        (
            ("the best the target can do", "auto"),
            ("as threads", "native"),
            ("inside their channel", "inline"),
            ("as channels", "channel"),
            ("leave them out", "skip"),
        ),
    ),
    (
        "reactions",
        "Reactions",
        (("as a line of text", "text"), ("by the bot, one of each", "native"), ("leave them out", "skip")),
    ),
    (
        "timestamps",
        "Times",
        (("once per run of an author", "grouped"), ("on every message", "every"), ("leave them out", "none")),
    ),
)
SWITCHES = (
    ("history", "Messages"),
    ("roles", "Roles"),
    ("permissions", "Channel permissions"),
    ("emojis", "Emojis"),
    ("stickers", "Stickers"),
    ("identity", "Name, icon, banner"),
    ("pins", "Pins"),
    ("anonymise", "Other names for people"),
    ("live", "Stay, and mirror what comes after"),
)


class OptionsForm(VerticalScroll, can_focus=False):
    """Switches and choices; tells the new settings after each change."""

    @dataclass
    class Changed(Message):
        """The user changed something."""

        settings: Settings

    @dataclass
    class UntilChanged(Message):
        """The user changed when the run is to stop; empty for never."""

        text: str

    def __init__(self, settings: Settings, until: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._settings = settings
        self._until = until

    def compose(self) -> ComposeResult:
        """Yield the form."""
        yield Static("What is copied", classes="form-title", markup=False)
        for name, label in SWITCHES:
            yield Tick(label, getattr(self._settings.copy, name), id=name, compact=True)
        yield Static("How", classes="form-title", markup=False)
        for name, label, choices in CHOICES:
            with Horizontal(classes="field"):
                yield Static(label, classes="label", markup=False)
                value = getattr(self._settings.copy, name)
                yield Select(choices, value=value, allow_blank=False, id=name, compact=True)
        with Horizontal(classes="field"):
            yield Static("Since", classes="label", markup=False)
            yield Input(self._settings.copy.since, id="since", compact=True, placeholder="2024-01-31; empty: all")
        with Horizontal(classes="field"):
            yield Static("Per minute", classes="label", markup=False)
            ceiling = self._settings.speed.max_messages_per_minute
            yield Input(str(ceiling or ""), id="rate", type="integer", compact=True, placeholder="as fast as allowed")

        with Horizontal(classes="field"):
            yield Static("Webhooks", classes="label", markup=False)
            webhooks = str(self._settings.speed.webhooks_per_channel)
            yield Input(webhooks, id="webhooks", compact=True, placeholder="auto, or 1 to 15 in a channel")
        with Horizontal(classes="field"):
            yield Static("Until", classes="label", markup=False)
            yield Input(self._until, id="until", compact=True, placeholder="07:30, 9h30m; empty: the end")
        yield Static(classes="problem", markup=False)

    @on(Checkbox.Changed)
    def switch(self, event: Checkbox.Changed) -> None:
        """Take a switch."""
        if event.checkbox.id:
            self._copy({event.checkbox.id: event.value})

    @on(Select.Changed)
    def choose(self, event: Select.Changed) -> None:
        """Take a choice."""
        if event.select.id and isinstance(event.value, str):
            self._copy({event.select.id: event.value})

    @on(Input.Changed, "#since")
    def limit_time(self, event: Input.Changed) -> None:
        """Take the date from which on messages are copied."""
        self._copy({"since": event.value.strip()})

    @on(Input.Changed, "#rate")
    def limit_rate(self, event: Input.Changed) -> None:
        """Take the ceiling of messages a minute."""
        ceiling = int(event.value) if event.value.isdigit() else 0
        if ceiling != self._settings.speed.max_messages_per_minute:
            speed = msgspec.structs.replace(self._settings.speed, max_messages_per_minute=ceiling)
            self._tell(msgspec.structs.replace(self._settings, speed=speed))

    @on(Input.Changed, "#webhooks")
    def limit_webhooks(self, event: Input.Changed) -> None:
        """Take how many webhooks a channel may have."""
        text = event.value.strip()
        webhooks = int(text) if text.isascii() and text.isdigit() and 1 <= int(text) <= 15 else "auto"
        if webhooks != self._settings.speed.webhooks_per_channel:
            speed = msgspec.structs.replace(self._settings.speed, webhooks_per_channel=webhooks)
            self._tell(msgspec.structs.replace(self._settings, speed=speed))

    @on(Input.Changed, "#until")
    def limit_run(self, event: Input.Changed) -> None:
        """Take when the run is to stop."""
        text = event.value.strip()
        problem = ""
        try:
            if text:
                parse_until(text, datetime.now().astimezone())
        except ConfigurationError:
            problem, text = "✖ Until: write it as 07:30 or 9h30m", ""
        told = self.query_one(".problem", Static)
        told.update(problem)
        if problem:
            self.call_after_refresh(told.scroll_visible, animate=False)
        self.post_message(self.UntilChanged(text))

    def _copy(self, changes: dict[str, Any]) -> None:
        copy = msgspec.structs.replace(self._settings.copy, **changes)
        if copy != self._settings.copy:
            self._tell(msgspec.structs.replace(self._settings, copy=copy))

    def _tell(self, settings: Settings) -> None:
        self._settings = settings
        self.post_message(self.Changed(settings))
