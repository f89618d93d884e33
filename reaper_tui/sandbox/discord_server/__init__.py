"""A loopback Discord: REST v10, gateway and CDN for one generated community."""

from reaper_tui.sandbox.discord_server.changes import ChangeError
from reaper_tui.sandbox.discord_server.server import DiscordServer

__all__ = ["ChangeError", "DiscordServer"]
