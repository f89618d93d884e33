"""An app that looks and listens as its user prefers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from textual.binding import Binding
from textual.filter import LineFilter, Monochrome, NoColor
from textual.theme import Theme

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.profile.preferences import Preferences, load_preferences, save_preferences
from reaper_tui.tui.bindings import key_name, sound_keymap
from reaper_tui.tui.compat import QuietCrash
from reaper_tui.tui.themes import PLAIN, THEMES, theme_of, word_of


class PreferredApp(QuietCrash):
    """Follows theme, colour, keys and animation as they are kept in a file, and keeps there what is changed."""

    def __init__(self, preferences_file: Path) -> None:
        super().__init__()
        self._preferences_file = preferences_file
        self.keymap: dict[str, str] = {}
        self.preferences, self._preference_problem = Preferences(), ""
        self._has_no_color_set = "NO_COLOR" in os.environ
        with self._noting_problem():
            self.preferences = load_preferences(preferences_file)
        self._apply_preferences()

    def begin_remembering(self) -> None:
        """Keep a theme that is chosen from now on, and tell what of the preferences cannot be followed."""
        self.theme_changed_signal.subscribe(self, self._remember_theme)
        if self._preference_problem:
            self.notify(self._preference_problem, title="Settings", severity="warning", timeout=20, markup=False)

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return what every line passes on its way to the terminal; without colour, what takes it away."""
        filters = [found for found in super().get_line_filters() if not isinstance(found, (Monochrome, NoColor))]
        if self.has_no_color:
            filters.append(NoColor() if self.native_ansi_color else Monochrome())
        return filters

    @property
    def has_no_color(self) -> bool:
        """Return whether everything is drawn without colour."""
        return self._has_no_color_set or self.preferences.theme == PLAIN

    def get_key_display(self, binding: Binding) -> str:
        """Return a key as it stands on the keyboard."""
        return binding.key_display or key_name(binding.key)

    def keep(self, **changes: Any) -> None:
        """Change preferences, act on them at once, and write them down."""
        preferences = msgspec.structs.replace(self.preferences, **changes)
        if preferences == self.preferences:
            return
        self.preferences = preferences
        self._apply_preferences()
        try:
            save_preferences(self._preferences_file, preferences)
        except ConfigurationError as error:
            self.notify(error.line(), title="Not remembered", severity="warning", markup=False)

    def _apply_preferences(self) -> None:
        preferences = self.preferences
        self.keymap, problems = sound_keymap(preferences.keys)
        if problems:
            self._preference_problem = f"Keys left as they are: {problems[0]}"
        self.set_keymap(self.keymap)
        is_other_look = self.no_color is not self.has_no_color
        self.no_color = self.has_no_color
        name = theme_of(preferences.theme, self.available_themes)
        if name is None:
            self._preference_problem = f"There is no theme “{preferences.theme}”: dark it is"
            name = THEMES["dark"]
        if "TEXTUAL_THEME" not in os.environ or preferences.theme != "dark":
            self.theme = name
        if "TEXTUAL_ANIMATIONS" not in os.environ:
            self.animation_level = "full" if preferences.animation else "none"
        if self.is_running:
            if is_other_look:
                self.refresh_css(animate=False)
            self.screen.refresh_bindings()

    def _remember_theme(self, theme: Theme) -> None:
        # The signal comes late: what was chosen meanwhile counts.
        is_stale = theme.name != self.theme
        if not is_stale and theme_of(self.preferences.theme, self.available_themes) != theme.name:
            self.keep(theme=word_of(theme.name))

    @contextlib.contextmanager
    def _noting_problem(self) -> Generator[None]:
        try:
            yield
        except ConfigurationError as error:
            self._preference_problem = error.line()
