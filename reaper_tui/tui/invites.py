"""Links that bring a bot into a community with the right permissions."""

from __future__ import annotations

import base64
import binascii

DISCORD_PERMISSIONS = 17180984320
FLUXER_PERMISSIONS = 8
FLUXER_HOSTED = {"https://fluxer.app": "https://web.fluxer.app"}


def bot_id_in(token: str) -> str:
    """Return the bot's id that a Discord token begins with, empty when there is none."""
    head = token.strip().partition(".")[0]
    try:
        text = base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)).decode("ascii")
    except (ValueError, binascii.Error):
        return ""
    return text if text.isdigit() and 15 <= len(text) <= 20 else ""


def invite_link(side: str, bot_id: str, instance: str) -> str:
    """Return where to invite the bot; without an id, what to put in its place."""
    client = bot_id or "APPLICATION_ID"
    if side == "discord":
        base, permissions = "https://discord.com", DISCORD_PERMISSIONS
    else:
        base, permissions = FLUXER_HOSTED.get(instance.rstrip("/"), instance.rstrip("/")), FLUXER_PERMISSIONS
    return f"{base}/oauth2/authorize?client_id={client}&scope=bot&permissions={permissions}"
