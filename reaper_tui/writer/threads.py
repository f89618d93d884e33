"""Threads of the target: started, closed, listed; and the tags of its forums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from reaper_tui.model.errors import AccessDenied, NotFound, OutcomeUnknown, Refused
from reaper_tui.model.forum import TargetThread
from reaper_tui.model.ids import optional_snowflake
from reaper_tui.model.text import cut_utf16
from reaper_tui.writer import wire
from reaper_tui.writer.client import Call, FluxerClient

ARCHIVE_MINUTES = (60, 1440, 4320, 10080)
PUBLIC_THREAD = 11
PINNED = 1 << 1
NAME_UNITS = 100
NAMELESS = "Thread"
_PAGE = 100
_LONGEST_WALK = 200


async def start_thread(
    client: FluxerClient,
    channel_id: int,
    name: str,
    *,
    message_id: int | None,
    is_private: bool,
    auto_archive_minutes: int | None,
) -> int:
    """Start a thread, from a message or on its own, and return its id; one that a message has already is returned."""
    body: dict[str, Any] = {"name": stored_thread_name(name)}
    if auto_archive_minutes:
        body["auto_archive_duration"] = min(ARCHIVE_MINUTES, key=lambda known: abs(known - auto_archive_minutes))
    path, ids = "/channels/{channel_id}/threads", {"channel_id": channel_id}
    if message_id is not None:
        path, ids = "/channels/{channel_id}/messages/{message_id}/threads", {**ids, "message_id": message_id}
    else:
        body["type"] = wire.PRIVATE_THREAD if is_private else PUBLIC_THREAD
    doing = "starting a thread"
    permission = "Create Private Threads" if is_private else "Create Public Threads"
    call = Call("POST", path, ids, json=body, doing=doing, permission=permission, channel_id=channel_id)
    try:
        raw = await client.perform(call)
    except Refused as refusal:
        # A thread has the id of the message it was started from.
        if refusal.code == "THREAD_ALREADY_CREATED_FOR_MESSAGE" and message_id is not None:
            return message_id
        raise
    thread_id = optional_snowflake(wire.mapping(raw).get("id"))
    if thread_id is None:
        raise OutcomeUnknown(f"Fluxer's answer has no id ({doing})")
    return thread_id


async def close_thread(client: FluxerClient, thread_id: int, *, is_archived: bool, is_locked: bool) -> None:
    """Archive and lock a thread, or open it again."""
    await _edit(client, thread_id, {"archived": is_archived, "locked": is_locked}, "closing a thread")


async def pin_thread(client: FluxerClient, thread_id: int) -> None:
    """Show a post first in its forum."""
    await _edit(client, thread_id, {"flags": PINNED}, "pinning a post")


async def channel_threads(client: FluxerClient, guild_id: int, channel_id: int) -> Sequence[TargetThread]:
    """Return the threads of a channel, active and archived; private ones as far as the bot may see them."""
    raw = await client.perform(
        Call("GET", "/guilds/{guild_id}/threads/active", {"guild_id": guild_id}, doing="listing the threads")
    )
    found = {thread.id: thread for thread in _listed(raw) if thread.parent_id == channel_id}
    for privacy in ("public", "private"):
        try:
            for thread in await _archived(client, channel_id, privacy):
                found.setdefault(thread.id, thread)
        except AccessDenied as denial:
            if denial.ends_run or privacy == "public":
                raise
        except (Refused, NotFound):
            # A channel that cannot hold threads of this privacy has none.
            continue
    return tuple(found.values())


async def forum_tags(client: FluxerClient, channel_id: int) -> Mapping[str, int]:
    """Return the ids of a forum's tags by name; of two with one name the first counts."""
    call = Call(
        "GET", "/channels/{channel_id}", {"channel_id": channel_id}, doing="reading a forum", channel_id=channel_id
    )
    tags: dict[str, int] = {}
    for tag in wire.objects(wire.mapping(await client.perform(call)).get("available_tags")):
        tag_id = optional_snowflake(tag.get("id"))
        if tag_id is not None:
            tags.setdefault(wire.text(tag.get("name")), tag_id)
    return tags


def stored_thread_name(name: str) -> str:
    """Return a name that a thread can have."""
    return cut_utf16(name.strip(), NAME_UNITS).strip() or NAMELESS


async def _archived(client: FluxerClient, channel_id: int, privacy: str) -> list[TargetThread]:
    found: dict[int, TargetThread] = {}
    before = ""
    for _ in range(_LONGEST_WALK):
        raw = await client.perform(
            Call(
                "GET",
                f"/channels/{{channel_id}}/threads/archived/{privacy}",
                {"channel_id": channel_id},
                query={"limit": str(_PAGE), **({"before": before} if before else {})},
                doing="listing the archived threads",
                permission="Read Message History” and “Manage Threads",
                channel_id=channel_id,
            )
        )
        known = len(found)
        found |= {thread.id: thread for thread in _listed(raw)}
        page = wire.mapping(raw)
        rows = wire.objects(page.get("threads"))
        earliest = wire.text(wire.mapping(rows[-1].get("thread_metadata")).get("archive_timestamp")) if rows else ""
        # Threads archived in the same moment may stand on both sides of a page's edge.
        next_before = _just_after(earliest)
        if next_before == before or len(found) == known:
            next_before = earliest
        if page.get("has_more") is not True or not next_before or next_before == before:
            break
        before = next_before
    return list(found.values())


def _just_after(moment: str) -> str:
    try:
        later = datetime.fromisoformat(moment) + timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return moment
    return later.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _listed(raw: object) -> Iterator[TargetThread]:
    for row in wire.objects(wire.mapping(raw).get("threads")):
        with suppress(ValueError):
            yield wire.thread_of(row)


async def _edit(client: FluxerClient, thread_id: int, changes: Mapping[str, Any], doing: str) -> None:
    await client.perform(
        Call(
            "PATCH",
            "/channels/{channel_id}",
            {"channel_id": thread_id},
            json=changes,
            doing=doing,
            permission="Manage Threads",
            channel_id=thread_id,
        )
    )
