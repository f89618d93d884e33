"""Verify: the target is read back, channel by channel, and held against the journal."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import NamedTuple

from reaper_tui.engine.control import RunControl
from reaper_tui.engine.estimate import READ_BACK_AT_ONCE
from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.fingerprint import fingerprint
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Writer
from reaper_tui.engine.progress import Progress
from reaper_tui.engine.together import together
from reaper_tui.journal import mends, queries
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import StandingPost
from reaper_tui.model.errors import AccessDenied, NotFound, Refused
from reaper_tui.model.outgoing import TargetMessage
from reaper_tui.model.summary import Verification

PAGE = 100
COUNTS = ("checked", "missing", "extra", "changed", "out_of_order", "unreadable", "mendable")
DETAILS = 200
NEWEST = 1 << 62
# What people and webhooks write; joins, pins and the like are the target's own notices.
POSTED_KINDS = frozenset({0, 19})


class Verifier:
    """Compares both sides in one pass over each channel, holding a page of each; a few channels side by side."""

    def __init__(
        self,
        writer: Writer,
        journal: Journal,
        control: RunControl,
        progress: Progress,
        log: EventLog,
        outage: Outage,
        *,
        edits_posts: bool,
    ) -> None:
        """`edits_posts` tells whether the target lets a post be changed back."""
        self._writer = writer
        self._journal = journal
        self._control = control
        self._progress = progress
        self._log = log
        self._outage = outage
        self._edits_posts = edits_posts

    async def run(self, channels: Mapping[int, str]) -> Verification:
        """Return what differs; `channels` are target channel ids with a name to call them by."""
        found = {channel_id: Verification() for channel_id in channels}
        sizes = await self._journal.read(queries.post_counts)
        # The largest first: it would be read alone in the end.
        queue = deque(sorted(channels.items(), key=lambda channel: sizes.get(channel[0], 0), reverse=True))

        async def work() -> None:
            while queue:
                channel_id, name = queue.popleft()
                await self._control.boundary()
                self._progress.note = f"reading back #{name} ({len(channels) - len(queue)} of {len(channels)})"
                await self._look_at(channel_id, name, found[channel_id])

        try:
            await together(work() for _ in range(min(READ_BACK_AT_ONCE, len(queue))))
        finally:
            self._progress.note = ""
        result = _summed(found.values())
        level = Level.SUCCESS if result.is_clean else Level.WARNING
        self._log.write(
            level,
            f"verified {result.checked} messages: {result.missing} missing, {result.extra} extra, "
            f"{result.changed} changed, {result.out_of_order} out of order"
            + (f"; retry can set {result.mendable} of these right" if result.mendable else ""),
        )
        return result

    async def _look_at(self, channel_id: int, name: str, result: Verification) -> None:
        newest = await self._journal.read(lambda raw: queries.newest_target_id(raw, channel_id))
        fact = f"verified {channel_id}"
        try:
            await self._channel(channel_id, name, result)
        except (AccessDenied, NotFound, Refused) as error:
            if isinstance(error, AccessDenied) and error.ends_run:
                raise
            # Age restriction shuts the bot out after the run that set it; what it verified then still counts.
            before = await self._journal.read(lambda raw: queries.fact(raw, fact))
            if isinstance(error, AccessDenied) and before == str(newest):
                _note(result, f"#{name} was verified before and has nothing new; it can no longer be read back")
                return
            result.unreadable += 1
            _note(result, f"#{name} cannot be read back: {error.line()}")
        else:
            await self._journal.remember({fact: str(newest)})

    async def _channel(self, channel_id: int, name: str, result: Verification) -> None:
        first = await self._journal.read(lambda raw: queries.oldest_target_id(raw, channel_id))
        if first is None:
            return
        expected = self._expected(channel_id)
        wanted = await anext(expected, None)
        later: dict[int, int] = {}
        changed: list[_Changed] = []
        missing: list[StandingPost] = []
        late = 0
        ours = await self._journal.read(lambda raw: queries.webhook_ids(raw, channel_id))
        replaced = await self._journal.read(lambda raw: mends.leftovers_in(raw, channel_id))
        async for found in self._found(channel_id, first, ours):
            while wanted is not None and wanted.target_id > found.id:
                missing.append(wanted)
                wanted = await anext(expected, None)
            if wanted is None or wanted.target_id < found.id:
                result.extra += 1
                if found.id in replaced:
                    result.mendable += 1
                    _note(result, f"#{name}: a replaced post is not deleted yet (message {replaced[found.id]})")
                else:
                    _note(result, f"#{name}: a post by {found.username} ({found.id}) is not from this clone")
                continue
            if (now := fingerprint(found)) != wanted.fingerprint:
                changed.append(_Changed(now, wanted))
            if wanted.number == 0:
                result.checked += 1
                late += wanted.is_late
                if not wanted.is_late:
                    if later.get(wanted.container_id, NEWEST) < wanted.message_id:
                        result.out_of_order += 1
                        _note(result, f"#{name}: message {wanted.message_id} stands before an earlier one")
                    later[wanted.container_id] = wanted.message_id
            wanted = await anext(expected, None)
        while wanted is not None:
            missing.append(wanted)
            wanted = await anext(expected, None)
        for post in missing:
            result.missing += 1
            result.mendable += 1
            _note(result, f"#{name}: the post for message {post.message_id} is missing; retry sends it again")
        findings = [(post.message_id, post.target_id, mends.Finding.MISSING) for post in missing]
        alone = _tell_changed(changed, name, result, can_be_mended=self._edits_posts)
        findings += [(post.message_id, post.target_id, mends.Finding.CHANGED) for post in alone]
        await self._journal.write(lambda raw: mends.note_findings(raw, channel_id, findings))
        if late:
            were = "1 message was" if late == 1 else f"{late} messages were"
            _note(result, f"#{name}: {were} carried over later by retry, behind what was written after")

    async def _expected(self, channel_id: int) -> AsyncIterator[StandingPost]:
        before = NEWEST
        while True:
            rows = await self._journal.read(
                lambda raw, before=before: queries.posts_before(raw, channel_id, before, PAGE)
            )
            for row in rows:
                yield row
            if len(rows) < PAGE:
                return
            before = rows[-1].target_id

    async def _found(self, channel_id: int, first: int, ours: set[int]) -> AsyncIterator[TargetMessage]:
        """Yield the posts since the clone began, and of what stood there before only its own webhooks'."""
        before: int | None = None
        while True:
            await self._control.boundary()
            page = await self._outage.through(
                "Fluxer", lambda before=before: self._writer.history(channel_id, before, PAGE)
            )
            for message in page:
                if message.kind in POSTED_KINDS and (message.id >= first or message.webhook_id in ours):
                    yield message
            is_past = bool(page) and page[0].id < first and not any(message.webhook_id in ours for message in page)
            if len(page) < PAGE or is_past:
                return
            before = page[-1].id


class _Changed(NamedTuple):
    """A post that is not as it was sent: what it is now, and what it was."""

    now: str
    post: StandingPost


def _tell_changed(
    changed: list[_Changed], name: str, result: Verification, *, can_be_mended: bool
) -> list[StandingPost]:
    """Count and return posts that were changed; two that stand in each other's place are out of order."""
    places = {(now, post.fingerprint): post.message_id for now, post in changed}
    alone: list[StandingPost] = []
    for now, post in changed:
        other = places.get((post.fingerprint, now))
        if other is None:
            result.changed += 1
            result.mendable += can_be_mended
            alone.append(post)
            mend = "retry changes it back where it can" if can_be_mended else "this target lets nobody change it back"
            _note(result, f"#{name}: the post for message {post.message_id} was changed; {mend}")
        elif other <= post.message_id:
            result.out_of_order += 1
            _note(result, f"#{name}: the posts for messages {other} and {post.message_id} stand in each other's place")
    return alone


def _summed(parts: Iterable[Verification]) -> Verification:
    total = Verification()
    for part in parts:
        for name in COUNTS:
            setattr(total, name, getattr(total, name) + getattr(part, name))
        total.details += part.details[: DETAILS - len(total.details)]
    return total


def _note(result: Verification, line: str) -> None:
    if len(result.details) < DETAILS:
        result.details.append(line)
