"""Which stream to watch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from textual import getters, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static

from reaper_tui.model.errors import ConfigurationError
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.profile.secrets import Secret


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """A stream service: its WebSocket address, and the key it wants, if any."""

    address: str
    key: Secret | None = None

    @property
    def place(self) -> str:
        """Return host and port."""
        return urlsplit(self.address).netloc


def parse_address(text: str, key: str) -> StreamAddress:
    """Return what a user wrote; raise ConfigurationError naming what is wrong with it."""
    # What listens takes a while to load, and most never need it.
    from reaper_tui.stream.client import stream_address

    mend = "write it as ws://host:port/ws"
    if not text:
        raise ConfigurationError("There is no address", mend)
    try:
        if any(not character.isprintable() or character.isspace() for character in text):
            raise ValueError
        parts = urlsplit(stream_address(text))
        (parts.hostname or "").encode("idna")
    except (ConfigurationError, ValueError):
        raise ConfigurationError(f"“{_without_key(text)}” is no address of a stream", mend) from None
    if "@" in parts.netloc:
        raise ConfigurationError("A name or key does not belong into an address", "write the key into the field below")
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError("The key has characters no key has", "copy it again, whole and alone")
    return StreamAddress(parts.geturl(), Secret(key) if key else None)


def _without_key(text: str) -> SafeText:
    return sanitise_line(text.rpartition("@")[2].partition("?")[0], 80)


class AddressScreen(ModalScreen[StreamAddress | None]):
    """Asks for an address and a key, which is never shown. Esc changes nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]
    address = getters.query_one("#address", Input)
    key = getters.query_one("#key", Input)

    def __init__(self, address: str) -> None:
        super().__init__()
        self._address = address

    def compose(self) -> ComposeResult:
        """Yield both fields and the answers."""
        with Vertical(classes="dialog"):
            yield Static("Watch an address", classes="dialog-title", markup=False)
            yield Static(
                "Where a stream service listens (reaper-tui serve), and its API key if it wants one.", markup=False
            )
            yield Input(
                self._address, placeholder="ws://127.0.0.1:8000/ws", id="address", compact=True, classes="dialog-field"
            )
            yield Input(placeholder="API key", id="key", password=True, compact=True, classes="dialog-field")
            yield Static(classes="problem", markup=False)
            with Horizontal(classes="dialog-buttons"):
                yield Button("Cancel (esc)", id="no")
                yield Button("Watch (⏎)", id="yes", variant="primary")

    def on_mount(self) -> None:
        """Stand in the first field."""
        self.address.focus()

    @on(Input.Changed)
    def clear_problem(self) -> None:
        """A new text is not yet a wrong one."""
        self.query_one(".problem", Static).update("")

    @on(Input.Submitted)
    @on(Button.Pressed, "#yes")
    def answer(self) -> None:
        """Take the address, or say why not."""
        try:
            found = parse_address(self.address.value.strip(), self.key.value.strip())
        except ConfigurationError as error:
            self.query_one(".problem", Static).update(f"✖ {error.line()}")
            self.address.focus()
        else:
            self.dismiss(found)

    @on(Button.Pressed, "#no")
    def cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
