"""The target's rate limits by route, as its servers of 2026 keep them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class Allowance:
    """A bucket's size and the seconds in which an empty one fills; `words` name it to a person."""

    name: str
    burst: int
    window: float
    words: str
    counts_globally: bool = True


GLOBAL = Allowance("global", 50, 1.0, "overall limit")

_ROUTES: dict[str, Allowance] = {
    "GET /users/@me": Allowance("user:read", 40, 10, "account read limit"),
    "GET /users/@me/guilds": Allowance("guild:list", 40, 10, "community list limit"),
    "GET /gateway/bot": Allowance("gateway:bot_info", 60, 60, "gateway limit"),
    "GET /guilds/{}": Allowance("guild:read", 100, 10, "community read limit"),
    "PATCH /guilds/{}": Allowance("guild:update", 20, 10, "community change limit"),
    "PATCH /guilds/{}/text-channel-flexible-names": Allowance("guild:update", 20, 10, "community change limit"),
    "GET /guilds/{}/channels": Allowance("guild:channels:list", 60, 10, "channel list limit"),
    "POST /guilds/{}/channels": Allowance("guild:channel:create", 10, 60, "channel create limit"),
    "PATCH /guilds/{}/channels": Allowance("guild:channel:positions", 30, 10, "channel order limit"),
    "GET /guilds/{}/roles": Allowance("guild:role:list", 60, 10, "role list limit"),
    "POST /guilds/{}/roles": Allowance("guild:role:create", 10, 60, "role create limit"),
    "PATCH /guilds/{}/roles/{}": Allowance("guild:role:update", 20, 10, "role change limit"),
    "DELETE /guilds/{}/roles/{}": Allowance("guild:role:delete", 10, 60, "role delete limit"),
    "DELETE /guilds/{}/emojis/{}": Allowance("guild:emoji:delete", 20, 10, "emoji delete limit"),
    "DELETE /guilds/{}/stickers/{}": Allowance("guild:sticker:delete", 20, 10, "sticker delete limit"),
    "DELETE /webhooks/{}": Allowance("webhook:delete", 20, 10, "webhook delete limit"),
    "PATCH /guilds/{}/roles": Allowance("guild:role:positions", 20, 10, "role order limit"),
    "GET /guilds/{}/members/{}": Allowance("guild:members", 40, 10, "member read limit"),
    "GET /guilds/{}/emojis": Allowance("guild:emojis:list", 60, 10, "emoji list limit"),
    "POST /guilds/{}/emojis": Allowance("guild:emoji:create", 20, 10, "emoji create limit"),
    "POST /guilds/{}/emojis/bulk": Allowance("guild:emoji:bulk_create", 6, 60, "emoji create limit"),
    "PATCH /guilds/{}/emojis/{}": Allowance("guild:emoji:update", 20, 10, "emoji change limit"),
    "PATCH /guilds/{}/stickers/{}": Allowance("guild:sticker:update", 20, 10, "sticker change limit"),
    "GET /guilds/{}/stickers": Allowance("guild:sticker:list", 60, 10, "sticker list limit"),
    "POST /guilds/{}/stickers": Allowance("guild:sticker:create", 20, 10, "sticker create limit"),
    "POST /guilds/{}/stickers/bulk": Allowance("guild:sticker:bulk_create", 6, 60, "sticker create limit"),
    "GET /guilds/{}/webhooks": Allowance("webhook:list", 40, 10, "webhook list limit"),
    "GET /channels/{}": Allowance("channel:read", 100, 10, "channel read limit"),
    "PATCH /channels/{}": Allowance("channel:update", 20, 10, "channel change limit"),
    "DELETE /channels/{}": Allowance("channel:delete", 20, 10, "channel delete limit"),
    "GET /channels/{}/messages": Allowance("channel:messages:read", 100, 10, "message read limit"),
    "GET /channels/{}/messages/{}": Allowance("channel:message:read", 100, 10, "message read limit"),
    "POST /channels/{}/messages": Allowance("channel:message:create", 20, 10, "message limit"),
    "DELETE /channels/{}/messages/{}": Allowance("channel:message:delete", 20, 10, "message delete limit"),
    "GET /channels/{}/messages/pins": Allowance("channel:pins", 20, 10, "pin limit"),
    "PUT /channels/{}/pins/{}": Allowance("channel:pins", 20, 10, "pin limit"),
    "DELETE /channels/{}/pins/{}": Allowance("channel:pins", 20, 10, "pin limit"),
    "PUT /channels/{}/messages/{}/reactions/{}/@me": Allowance("channel:reactions", 30, 10, "reaction limit"),
    "DELETE /channels/{}/messages/{}/reactions/{}/@me": Allowance("channel:reactions", 30, 10, "reaction limit"),
    "GET /channels/{}/follower-stats": Allowance("channel:follower_stats", 10, 10, "follower limit"),
    "POST /channels/{}/threads": Allowance("channel:thread:create", 10, 10, "thread create limit"),
    "POST /channels/{}/messages/{}/threads": Allowance("channel:thread:create", 10, 10, "thread create limit"),
    "GET /guilds/{}/threads/active": Allowance("guild:threads:active", 5, 10, "thread list limit"),
    "GET /channels/{}/threads/archived/public": Allowance("channel:threads:archived:list", 20, 10, "thread list limit"),
    "GET /channels/{}/threads/archived/private": Allowance(
        "channel:threads:archived:list", 20, 10, "thread list limit"
    ),
    "GET /channels/{}/webhooks": Allowance("webhook:list", 40, 10, "webhook list limit"),
    "POST /channels/{}/webhooks": Allowance("webhook:create", 10, 60, "webhook create limit"),
    "POST /webhooks/{}/{}": Allowance("webhook:execute", 60, 60, "webhook limit", counts_globally=False),
    "GET /webhooks/{}/{}/messages/{}": Allowance(
        "webhook:message_get", 60, 60, "webhook read limit", counts_globally=False
    ),
    "PATCH /webhooks/{}/{}/messages/{}": Allowance(
        "webhook:message_edit", 30, 60, "webhook edit limit", counts_globally=False
    ),
}
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


@cache
def allowance_for(method: str, path: str) -> Allowance:
    """Return a route's allowance; a route nobody listed gets a cautious one of its own."""
    template = f"{method} {_PLACEHOLDER.sub('{}', path)}"
    return _ROUTES.get(template) or Allowance(template, 20, 10, "limit")


def bucket_key(allowance: Allowance, path: str, parameters: Mapping[str, int | str]) -> str:
    """Return the bucket's name with its major parameter: the first id of the path."""
    return f"{allowance.name}:{parameters.get(_major_parameter(path), '')}"


@cache
def _major_parameter(path: str) -> str:
    first = _PLACEHOLDER.search(path)
    return first.group()[1:-1] if first else ""
