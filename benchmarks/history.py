"""Both sides as anybody can read them: every message of the source, every post on the target, over public REST."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx

TEXT_TYPES = frozenset({0, 2, 5, 13})
FORUM_TYPES = frozenset({15, 16})
WRITTEN_BY_PEOPLE = frozenset({0, 19, 20, 23})
PLACEHOLDER = "-# ⚠ This message could not be carried over"
_TIME = re.compile(r"^-# <t:(\d+)(?::\w)?>$", re.MULTILINE)
_EPOCH_MS = 1_420_070_400_000
_ATTEMPTS = 8


@dataclass(frozen=True)
class Side:
    """How to reach one server as its bot."""

    api_base: str
    token: str
    guild_id: str


@dataclass(frozen=True)
class SourceMessage:
    """A message of the source: where, when, and what of it must be found again."""

    id: int
    container: str
    second: int
    content: str
    files: int
    must_arrive: bool
    is_voice: bool = False


@dataclass
class Post:
    """A post of the target with the posts that continue it."""

    id: int
    channel: str
    second: int | None
    author: str
    texts: list[str] = field(default_factory=list[str])
    files: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    bodies: list[str] = field(default_factory=list[str])

    @property
    def is_placeholder(self) -> bool:
        """Whether it stands for a message that was refused."""
        return self.texts[0].startswith(PLACEHOLDER)


def second_of(identifier: int) -> int:
    """When an id was made, in seconds since 1970."""
    return ((identifier >> 22) + _EPOCH_MS) // 1000


def read_source(side: Side) -> list[SourceMessage]:
    """Every message the bot can read, by container, oldest first."""
    found: list[SourceMessage] = []
    with _client(side) as client:
        channels: list[dict[str, Any]] = _get(client, f"/guilds/{side.guild_id}/channels") or []
        types = {channel["id"]: channel["type"] for channel in channels}
        places = [channel["id"] for channel in channels if channel["type"] in TEXT_TYPES]
        threads = (_get(client, f"/guilds/{side.guild_id}/threads/active") or {}).get("threads", [])
        parents = {thread["id"]: thread["parent_id"] for thread in threads}
        for channel in channels:
            if channel["type"] in TEXT_TYPES | FORUM_TYPES:
                for thread in _archived(client, channel["id"]):
                    parents[thread["id"]] = channel["id"]
        for place in [*places, *sorted(parents, key=int)]:
            is_voice = types.get(parents.get(place, place)) in (2, 13)
            found += [_source_message(row, place, is_voice) for row in _pages_up(client, place)]
    return found


def read_target(side: Side) -> dict[str, list[Post]]:
    """Every post of a webhook by channel, oldest first; a post without a time continues the one before it."""
    found: dict[str, list[Post]] = {}
    with _client(side) as client:
        channels: list[dict[str, Any]] = _get(client, f"/guilds/{side.guild_id}/channels") or []
        places = [channel["id"] for channel in channels if channel["type"] != 4]
        active = _get(client, f"/guilds/{side.guild_id}/threads/active")
        places += [thread["id"] for thread in (active or {}).get("threads", [])]
        for channel in channels:
            if active is not None and channel["type"] in TEXT_TYPES | FORUM_TYPES:
                places += [thread["id"] for thread in _archived(client, channel["id"])]
        for place in dict.fromkeys(places):
            posts = found[place] = []
            for row in _pages_down(client, place):
                if row.get("webhook_id"):
                    _add(posts, row, place)
    return found


def _add(posts: list[Post], row: dict[str, Any], channel: str) -> None:
    text: str = row["content"]
    marked = _TIME.search("\n".join(text.split("\n")[:3]))
    if marked or text.startswith(PLACEHOLDER) or not posts:
        second = int(marked[1]) if marked else None
        posts.append(Post(int(row["id"]), channel, second, row["author"]["username"]))
    posts[-1].texts.append(text)
    posts[-1].files.append(tuple(file["filename"] for file in row["attachments"]))
    posts[-1].bodies.append(f"{text}\0{posts[-1].files[-1]}\0{[embed.get('title') for embed in row['embeds']]}")


def _source_message(row: dict[str, Any], container: str, is_voice: bool) -> SourceMessage:
    shown = ("content", "attachments", "embeds", "sticker_items", "poll", "message_snapshots", "components")
    return SourceMessage(
        id=int(row["id"]),
        container=container,
        second=second_of(int(row["id"])),
        content=row["content"] if row["type"] in WRITTEN_BY_PEOPLE else "",
        files=len(row["attachments"]),
        must_arrive=row["type"] in WRITTEN_BY_PEOPLE and any(row.get(key) for key in shown),
        is_voice=is_voice,
    )


def _archived(client: httpx.Client, channel: str) -> Iterator[dict[str, Any]]:
    for kind in ("public", "private"):
        before: dict[str, str] = {}
        while page := _get(client, f"/channels/{channel}/threads/archived/{kind}", {"limit": "100", **before}):
            yield from page["threads"]
            if not page.get("has_more") or not page["threads"]:
                break
            before = {"before": page["threads"][-1]["thread_metadata"]["archive_timestamp"]}


def _pages_up(client: httpx.Client, place: str) -> Iterator[dict[str, Any]]:
    after = "0"
    while page := _get(client, f"/channels/{place}/messages", {"limit": "100", "after": after}):
        rows = sorted(page, key=lambda row: int(row["id"]))
        yield from rows
        after = rows[-1]["id"]


def _pages_down(client: httpx.Client, place: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    before: dict[str, str] = {}
    while page := _get(client, f"/channels/{place}/messages", {"limit": "100", **before}):
        rows += page
        before = {"before": page[-1]["id"]}
    rows.reverse()
    return rows


def _client(side: Side) -> httpx.Client:
    return httpx.Client(base_url=side.api_base, headers={"Authorization": f"Bot {side.token}"}, timeout=60)


def _get(client: httpx.Client, path: str, query: dict[str, str] | None = None) -> Any:
    """The JSON of an answer; None for what the bot may not see, or what the server does not have."""
    failures = 0
    while True:
        reply = client.get(path, params=query)
        if reply.status_code == 429:
            time.sleep(float(reply.json().get("retry_after", 1)))
        elif reply.status_code >= 500 and failures < _ATTEMPTS:
            failures += 1
            time.sleep(1)
        elif reply.status_code in (400, 403, 404):
            return None
        else:
            reply.raise_for_status()
            return reply.json()
