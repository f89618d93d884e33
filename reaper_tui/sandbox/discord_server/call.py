"""One request to the REST API, taken apart."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from reaper_tui.sandbox.discord_server.errors import invalid_form, unknown
from reaper_tui.sandbox.discord_server.store import Store
from reaper_tui.sandbox.discord_server.wire_message import MessageWriter


class Call(msgspec.Struct, frozen=True):
    """What a handler may look at."""

    store: Store
    writer: MessageWriter
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    gateway: str

    def id(self, name: str, noun: str = "Channel") -> int:
        """Return an id from the path, or refuse as if nothing had it."""
        text = self.path[name]
        if not text.isdecimal():
            raise invalid_form(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
        identifier = int(text)
        if noun == "Guild" and identifier != self.store.community.id:
            raise unknown("Guild")
        return identifier

    def snowflake(self, name: str) -> int | None:
        """Return an id from the query."""
        text = self.query.get(name)
        if not text:
            return None
        if not text.isdecimal():
            raise invalid_form(name, "NUMBER_TYPE_COERCE", f'Value "{text}" is not snowflake.')
        return int(text)

    def limit(self, default: int, highest: int) -> int:
        """Return how many things the query asks for."""
        text = self.query.get("limit", str(default))
        if not text.isdecimal() or not 1 <= int(text) <= highest:
            raise invalid_form("limit", "NUMBER_TYPE_MAX", f"int value should be between 1 and {highest}.")
        return int(text)

    def flag(self, name: str) -> bool:
        """Tell whether a query value is set."""
        return self.query.get(name, "").lower() in ("true", "1")


Handler = Callable[[Call], Any]


class Route(msgspec.Struct, frozen=True):
    """A method and path with the bucket it counts in and what answers it."""

    method: str
    path: str
    bucket: str
    handler: Handler
