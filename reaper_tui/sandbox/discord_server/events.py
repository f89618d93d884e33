"""Gateway events and the intents that let a client have them."""

from typing import Any

import msgspec

GUILDS = 1 << 0
GUILD_MEMBERS = 1 << 1
GUILD_PRESENCES = 1 << 8
GUILD_MESSAGES = 1 << 9
GUILD_MESSAGE_REACTIONS = 1 << 10
MESSAGE_CONTENT = 1 << 15
PRIVILEGED = GUILD_MEMBERS | GUILD_PRESENCES


class Event(msgspec.Struct, frozen=True):
    """Something that happened, as the gateway tells it."""

    name: str
    data: dict[str, Any]
    intents: int = GUILDS

    @property
    def is_message(self) -> bool:
        """Tell whether the event carries a whole message."""
        return self.name in ("MESSAGE_CREATE", "MESSAGE_UPDATE")


def without_content(message: dict[str, Any]) -> dict[str, Any]:
    """Return a message as a client without the message-content intent gets it."""
    bare: dict[str, Any] = message | {"content": "", "embeds": [], "attachments": [], "components": []}
    bare.pop("poll", None)
    return bare
