"""Discord's permission bits and what they add up to in a channel."""

from collections.abc import Iterable

from reaper_tui.sandbox.community.nouns import Channel, Role

KICK_MEMBERS = 1 << 1
BAN_MEMBERS = 1 << 2
ADMINISTRATOR = 1 << 3
MANAGE_CHANNELS = 1 << 4
ADD_REACTIONS = 1 << 6
VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
EMBED_LINKS = 1 << 14
ATTACH_FILES = 1 << 15
READ_MESSAGE_HISTORY = 1 << 16
MENTION_EVERYONE = 1 << 17
USE_EXTERNAL_EMOJIS = 1 << 18
CONNECT = 1 << 20
SPEAK = 1 << 21
CHANGE_NICKNAME = 1 << 26
MANAGE_ROLES = 1 << 28
MANAGE_WEBHOOKS = 1 << 29
MANAGE_THREADS = 1 << 34
CREATE_PUBLIC_THREADS = 1 << 35
SEND_MESSAGES_IN_THREADS = 1 << 38

TALK = (
    VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_MESSAGE_HISTORY
    | ADD_REACTIONS
    | USE_EXTERNAL_EMOJIS
    | CONNECT
    | SPEAK
    | CHANGE_NICKNAME
    | CREATE_PUBLIC_THREADS
    | SEND_MESSAGES_IN_THREADS
)
READER = VIEW_CHANNEL | READ_MESSAGE_HISTORY | CONNECT | MANAGE_THREADS
EVERYTHING = (1 << 53) - 1


def guild_permissions(roles: Iterable[Role], guild_id: int, member_roles: Iterable[int]) -> int:
    """Return what a member with `member_roles` may do before any overwrite."""
    held = set(member_roles) | {guild_id}
    permissions = 0
    for role in roles:
        if role.id in held:
            permissions |= role.permissions
    return EVERYTHING if permissions & ADMINISTRATOR else permissions


def channel_permissions(base: int, channel: Channel, guild_id: int, member_id: int, member_roles: Iterable[int]) -> int:
    """Return what a member with guild permissions `base` may do in `channel`."""
    if base & ADMINISTRATOR:
        return EVERYTHING
    held = set(member_roles)
    allow = deny = own_allow = own_deny = 0
    for overwrite in channel.overwrites:
        if overwrite.type == 0 and overwrite.id == guild_id:
            base = (base & ~overwrite.deny) | overwrite.allow
        elif overwrite.type == 0 and overwrite.id in held:
            allow |= overwrite.allow
            deny |= overwrite.deny
        elif overwrite.type == 1 and overwrite.id == member_id:
            own_allow, own_deny = overwrite.allow, overwrite.deny
    base = (base & ~deny) | allow
    base = (base & ~own_deny) | own_allow
    return base if base & VIEW_CHANNEL else 0
