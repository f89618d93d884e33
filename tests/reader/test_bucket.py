from __future__ import annotations

from types import SimpleNamespace

import pytest

from reaper_tui.reader.bucket import IDLE_SECONDS, Bucket


class TimedBucket(Bucket):
    """A bucket whose clock is set by hand."""

    now = 0.0


@pytest.mark.parametrize(
    ("idle", "expires", "outgoing", "is_inactive"),
    [
        (IDLE_SECONDS, 5.0, 0, True),
        (IDLE_SECONDS, None, 0, True),
        (IDLE_SECONDS - 1, 5.0, 0, False),
        (IDLE_SECONDS, 60.0, 0, False),
        (IDLE_SECONDS, 5.0, 1, False),
    ],
)
async def test_only_what_says_nothing_more_is_forgotten(
    idle: float, expires: float | None, outgoing: int, is_inactive: bool
) -> None:
    bucket = TimedBucket(None, lambda seconds: None)
    bucket._loop = SimpleNamespace(time=lambda: bucket.now)  # type: ignore[assignment]
    bucket._last_request, bucket.expires, bucket.outgoing = 0.0, expires, outgoing
    bucket.now = idle
    assert bucket.is_inactive() is is_inactive
