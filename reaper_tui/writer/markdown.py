"""Message markup: what points into the source is made to point into the target, and code stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reaper_tui.model.composition import Directory
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.writer.normalisation import one_line
from reaper_tui.writer.wording import written_date

_SPECIAL = re.compile(r"[\\*~|`\[\]<>]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|@(?=everyone|here)")
_EVERYBODY = re.compile(r"@(?=everyone|here)")
_TOUCHABLE = re.compile(r"<|@(?:everyone|here)|/channels/")
_NAVIGATION = {"home": "guide", "guide": "guide", "browse": "browse", "customize": "customize"}

# The order matters: whatever hides other tokens (escapes, code, addresses) is tried before what it may hide.
_BEFORE_LINKS = r"""
      \\[^0-9A-Za-z\s]
    | ```[\s\S]+?```
    | (?P<ticks>`+)(?!`)[\s\S]*?[^`](?P=ticks)(?!`)
    | <@!?(?P<user>[0-9]{1,20})>
    | <@&(?P<role>[0-9]{1,20})>
    | <\#(?P<channel>[0-9]{1,20})>
    | <(?P<animated>a?):(?P<emoji>[^\s:<>`]{1,64}):(?P<emoji_id>[0-9]{1,20})>
    | </(?P<command>[^:<>`\n]{1,120}):[0-9]{1,20}>
    | <id:(?P<navigation>home|guide|browse|customize|linked-roles)(?::[0-9]{1,20})?>
    | <t:(?P<moment>-?[0-9]{1,16})(?::[tTdDfFsSR])?>
"""
_AFTER_LINKS = r"""
    | https?://[^\s<>`]+
    | (?P<everybody>@(?:everyone|here))
"""


def escaped(text: str) -> str:
    """Return text, on one line, that shows as it is wherever markup is read."""
    return _SPECIAL.sub(r"\\\g<0>", one_line(text))


def at_name(name: str) -> str:
    """Return a readable mention of a name that addresses nobody."""
    shown = f"@{escaped(name)}"
    return f"\\{shown}" if _EVERYBODY.match(shown) else shown


def quoted(text: str) -> str:
    """Return text as a block quote."""
    return "\n".join(f"> {line}" for line in text.split("\n"))


class Markup:
    """Rewrites markup from one source guild to one target community."""

    def __init__(self, source_guild_id: int, community_id: int, link_base: str, source_hosts: tuple[str, ...]) -> None:
        self._base = f"{link_base.rstrip('/')}/channels/{community_id}"
        hosts = "|".join(re.escape(host) for host in source_hosts) or "(?!)"
        link = rf"""
    | https?://(?i:{hosts})/channels/{source_guild_id}/(?P<place>[0-9]{{1,20}})(?:/(?P<message>[0-9]{{1,20}}))?(?![\w/])
"""
        self._token = re.compile(_BEFORE_LINKS + link + _AFTER_LINKS, re.VERBOSE)

    def rewritten(self, text: str, mentions: Mapping[int, str], directory: Directory) -> str:
        """Return text whose mentions, emojis and links stand for the target; code and escapes are untouched."""
        if _TOUCHABLE.search(text) is None:
            return text

        def replaced(match: re.Match[str]) -> str:
            kind = match.lastgroup
            if kind is None or kind == "ticks":
                return match[0]
            return self._replacement(kind, match, mentions, directory)

        return self._token.sub(replaced, text)

    def linked_messages(self, text: str) -> Iterator[int]:
        """Return the source messages a text links to."""
        if "/channels/" in text:
            for match in self._token.finditer(text):
                if (found := optional_snowflake(match["message"])) is not None:
                    yield found

    def message_link(self, place: tuple[int, int]) -> str:
        """Return the address of a message on the target."""
        return f"{self._base}/{place[0]}/{place[1]}"

    def emoji(self, name: str, emoji_id: int | None, directory: Directory) -> str:
        """Return an emoji as the target shows it; a custom one that is not there becomes its name."""
        if emoji_id is None:
            return name
        known = directory.emoji(emoji_id)
        if known is None:
            return f":{name}:"
        target_id, target_name, is_animated = known
        return f"<{'a' if is_animated else ''}:{target_name}:{target_id}>"

    def channel(self, source_id: int, directory: Directory) -> str:
        """Return a channel as a mention where it is mapped, else as its name."""
        target = directory.channel(source_id)
        return f"<#{target}>" if target else f"#{escaped(directory.channel_name(source_id)) or 'unknown-channel'}"

    def _replacement(self, kind: str, match: re.Match[str], mentions: Mapping[int, str], directory: Directory) -> str:
        if kind == "user":
            return at_name(mentions.get(int(match["user"]), "") or "unknown-user")
        if kind == "role":
            role_id = int(match["role"])
            target = directory.role(role_id)
            return f"<@&{target}>" if target else at_name(directory.role_name(role_id) or "unknown-role")
        if kind == "channel":
            return self.channel(int(match["channel"]), directory)
        if kind == "emoji_id":
            return self.emoji(match["emoji"], int(match["emoji_id"]), directory)
        if kind == "command":
            return f"/{match['command']}"
        if kind == "navigation":
            return f"<id:{_NAVIGATION.get(match['navigation'], match['navigation'])}>"
        if kind == "moment":
            moment = int(match["moment"])
            return match[0] if moment > 0 else written_date(moment) or match[0]
        if kind == "everybody":
            return f"\\{match[0]}"
        return self._link(match, directory)

    def _link(self, match: re.Match[str], directory: Directory) -> str:
        if match["message"]:
            message_id = optional_snowflake(match["message"])
            place = directory.message(message_id) if message_id is not None else None
            return self.message_link(place) if place else match[0]
        target = directory.channel(int(match["place"]))
        return f"{self._base}/{target}" if target else match[0]
