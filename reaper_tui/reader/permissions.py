"""What the bot may do in a channel, worked out from roles and overwrites before anything is asked for."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from reaper_tui.model.community import Channel, ChannelKind, Overwrite, Role

ADMINISTRATOR = 1 << 3
VIEW_CHANNEL = 1 << 10
READ_MESSAGE_HISTORY = 1 << 16
CONNECT = 1 << 20
MANAGE_THREADS = 1 << 34
EVERYTHING = (1 << 63) - 1


def guild_permissions(guild_id: int, roles: Iterable[Role], held: Collection[int], is_owner: bool) -> int:
    """Return what a member with these roles may do before any overwrite."""
    granted = 0
    for role in roles:
        if role.id == guild_id or role.id in held:
            granted |= role.permissions
    return EVERYTHING if is_owner or granted & ADMINISTRATOR else granted


def channel_permissions(
    granted: int, overwrites: Iterable[Overwrite], guild_id: int, member_id: int, held: Collection[int]
) -> int:
    """Return what a member may do in a channel: @everyone's overwrite, then the roles', then the member's own."""
    if granted & ADMINISTRATOR:
        return EVERYTHING
    role_allow = role_deny = member_allow = member_deny = 0
    for overwrite in overwrites:
        if overwrite.is_member:
            if overwrite.subject_id == member_id:
                member_allow, member_deny = overwrite.allow, overwrite.deny
        elif overwrite.subject_id == guild_id:
            granted = granted & ~overwrite.deny | overwrite.allow
        elif overwrite.subject_id in held:
            role_allow |= overwrite.allow
            role_deny |= overwrite.deny
    granted = granted & ~role_deny | role_allow
    return granted & ~member_deny | member_allow


def missing_to_read(channel: Channel, granted: int) -> str:
    """Return which permission the bot lacks to read a channel's history, empty when it can."""
    if not granted & VIEW_CHANNEL:
        return "the bot lacks View Channel"
    if channel.kind in (ChannelKind.VOICE, ChannelKind.STAGE) and not granted & CONNECT:
        return "the bot lacks Connect"
    if channel.kind is not ChannelKind.CATEGORY and not granted & READ_MESSAGE_HISTORY:
        return "the bot lacks Read Message History"
    return ""
