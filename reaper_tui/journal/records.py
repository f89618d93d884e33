"""Rows of the journal."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import msgspec


class MessageState(IntEnum):
    """The class a source message stands in."""

    PENDING = 0
    SENT = 1
    MERGED = 2
    SKIPPED = 3
    FAILED = 4
    UNCERTAIN = 5


class Container(msgspec.Struct, frozen=True):
    """A source channel or thread: where its capture and its delivery stand.

    `captured_at` is when its end was reached last, None as long as it never was.
    """

    id: int
    name: str
    kind: str
    parent_name: str
    lane_id: int
    sequence: int
    estimate: int
    is_captured: bool
    capture_cursor: int
    source: int
    frontier: int
    captured_at: float | None = None


class StoredMessage(msgspec.Struct, frozen=True):
    """A captured message; `composition` is kept once a message of several parts was begun.

    `is_gone` tells that the source deleted it, `reacted` which emojis the bot put below its post (JSON), and
    `has_parts` that posts of it were begun.
    """

    id: int
    container_id: int
    state: MessageState
    payload: bytes
    composition: bytes | None
    is_gone: bool = False
    reacted: str = ""
    has_parts: bool = True


class PartRecord(msgspec.Struct, frozen=True):
    """One post: without `target_id` it is in doubt; `fingerprint` is how it stands, `said` what was composed for it."""

    message_id: int
    number: int
    lane_id: int
    channel_id: int
    webhook_id: int
    nonce: str
    is_last: bool
    intended_at: float
    target_id: int | None
    fingerprint: str
    said: str = ""


class StandingPost(NamedTuple):
    """A confirmed post as verification compares it; a late one was sent again after what was written later."""

    target_id: int
    message_id: int
    number: int
    fingerprint: str
    container_id: int
    is_late: bool


class Mapping(msgspec.Struct, frozen=True):
    """Where one item of the structure stands on the target.

    `outcome` is intended, created, reused, failed, or excluded by the plan; `applied` is what was last written there.
    """

    kind: str
    source_id: int
    target_id: int | None
    name: str
    outcome: str
    reason: str = ""
    watermark: int = 0
    applied: str = ""


class LaneRecord(msgspec.Struct, frozen=True):
    """What was delivered last into a target channel."""

    id: int
    last_message_id: int
    last_container_id: int
