"""Whom a message notifies."""

from __future__ import annotations

import re
from typing import NamedTuple

from .community import Community
from .entities import Message
from .message_input import AllowedMentions

_USER = re.compile(r"<@!?(\d+)>", re.ASCII)
_ROLE = re.compile(r"<@&(\d+)>", re.ASCII)
_CODE = re.compile(r"```[\s\S]*?```|``[\s\S]*?``|`[^`]*`")


class Mentions(NamedTuple):
    """Those notified."""

    users: tuple[int, ...]
    roles: tuple[int, ...]
    has_everyone: bool


def mentions_of(
    content: str, author_id: int, replied: Message | None, allowed: AllowedMentions | None, community: Community
) -> Mentions:
    """Who is notified by the content and the reply, within what the sender allows."""
    users = list(dict.fromkeys(map(int, _USER.findall(content))))
    roles = list(dict.fromkeys(map(int, _ROLE.findall(content))))
    plain = _CODE.sub("", content)
    has_everyone = "@everyone" in plain or "@here" in plain
    replied_id = replied.author_id if replied is not None and replied.webhook_id is None else None
    pings_reply = allowed is None or allowed.replied_user is not False
    if replied_id is not None and replied_id != author_id and pings_reply and replied_id not in users:
        users.append(replied_id)
    if allowed is not None:
        has_lists = allowed.users is not None or allowed.roles is not None
        parse = allowed.parse if allowed.parse is not None else [] if has_lists else ["users", "roles", "everyone"]
        listed_users = set(map(int, allowed.users or ()))
        listed_roles = set(map(int, allowed.roles or ()))
        kept_reply = replied_id if pings_reply else None
        if "users" not in parse:
            users = [id for id in users if id in listed_users or id == kept_reply]
        if "roles" not in parse:
            roles = [id for id in roles if id in listed_roles]
        has_everyone = has_everyone and "everyone" in parse
    known_users = tuple(id for id in users if id in community.members)
    known_roles = tuple(id for id in roles if id in community.roles)
    return Mentions(known_users, known_roles, has_everyone)
