"""The themes a user chooses from, by the words for them."""

from __future__ import annotations

from collections.abc import Iterable

THEMES: dict[str, str] = {
    "dark": "textual-dark",
    "light": "textual-light",
    "ansi": "ansi-dark",
    "ansi-light": "ansi-light",
    "plain": "textual-dark",
}
PLAIN = "plain"


def theme_of(word: str, known: Iterable[str]) -> str | None:
    """Return the theme a word stands for, None when there is none."""
    name = THEMES.get(word, word)
    return name if name in known else None


def word_of(theme: str, *, is_plain: bool = False) -> str:
    """Return the word for a theme."""
    if is_plain and theme == THEMES[PLAIN]:
        return PLAIN
    return next((word for word, name in THEMES.items() if name == theme and word != PLAIN), theme)
