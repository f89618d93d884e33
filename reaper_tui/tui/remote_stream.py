"""The stream of a service somewhere, as a source for the stream screen."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import replace

from reaper_tui.backend import Mirrored
from reaper_tui.model.errors import ServiceDown
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.text import SafeText, sanitise_line
from reaper_tui.profile.secrets import Secret
from reaper_tui.stream.client import Missing, Received, State, StreamClient
from reaper_tui.tui.figures import duration
from reaper_tui.tui.remote_message import RemoteMessage, fields_of
from reaper_tui.tui.stream_pages import StreamPages
from reaper_tui.tui.stream_source import END, Place

KEPT = 5000
KNOWN = 12_000
KINDS = ("create", "update", "delete", "reactions", "pins")
NAMING_SECONDS = 30.0
ERROR_NUMBER = re.compile(r"\[Errno -?\d+\] ")
GAPS = {
    "pruned": "messages are missing here: the service no longer holds them",
    "epoch": "messages may be missing here: the service began a new feed",
    "lost": "messages are missing here: the service lost them",
}


class RemoteStream:
    """Keeps what arrived last, in that order, and asks the service for what is older.

    `listen` must run for anything to arrive. A message is shown once: what happens to it later changes its row, and
    `take_changes` tells which.
    """

    def __init__(
        self,
        address: str,
        key: Secret | None = None,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.connected = asyncio.Event()
        self.state = State("lost", "connecting")
        self._retry_at = 0.0
        self._client = StreamClient(address, key=key, kinds=KINDS, sleep=sleep)
        self._pages = StreamPages(address, key)
        self._clock = clock
        self._channels: dict[int, SafeText] = {}
        self._unnamed = asyncio.Event()
        self._known: dict[int, RemoteMessage] = {}
        self._rows: deque[Mirrored] = deque()
        self._first = 0
        self._numbers: dict[Place, int] = {}
        self._anchor: int | None = None
        self._notices = 0
        self._loss: Mirrored | None = None
        self._changes: dict[int, Mirrored] = {}

    async def listen(self) -> None:
        """Take in what arrives, for ever; raises AccessDenied or Refused when the service will never answer."""
        naming = asyncio.create_task(self._keep_naming(), name="names of channels")
        try:
            async with aclosing(self._client.listen()) as items:
                async for item in items:
                    self._take(item)
        finally:
            naming.cancel()
            await asyncio.gather(naming, return_exceptions=True)
            await self._pages.close()

    def standing(self) -> str:
        """Return how the connection is, in a few words."""
        if self.state.name != "lost":
            return "live" if self.state.name == "live" else "catching up"
        if not self._retry_at:
            return "connecting…"
        wait = self._retry_at - self._clock()
        return f"cut, next try in {duration(wait)}" if wait >= 1 else "cut, trying again"

    def take_changes(self) -> dict[int, Mirrored]:
        """Return the rows that changed since this was last asked, by message id."""
        changes, self._changes = self._changes, {}
        return changes

    async def older(self, place: Place, limit: int) -> tuple[Mirrored, ...]:
        """Return rows before a place, oldest first: what was received, and before that what the service has."""
        is_end = place == END
        number = self._numbers.get(place)
        if number is None and not is_end:
            return tuple(await self._history(place[1], limit))[-limit:]
        if (len(self._rows) if number is None else number - self._first) >= limit:
            return self._received(number)[-limit:]
        history = await self._history(self._anchor, limit)
        return (*history, *self._received(number))[-limit:]

    async def newer(self, place: Place, limit: int) -> tuple[Mirrored, ...]:
        """Return rows that came behind a place, in the order they came."""
        number = self._numbers.get(place)
        start = 0 if number is None else number + 1 - self._first
        found = tuple(self._rows[index] for index in range(start, min(len(self._rows), start + limit)))
        if found and number is None and self._first:
            return (self._line("more arrived meanwhile than is kept here: f begins anew at the newest"), *found)
        return found

    async def details(self, item: Mirrored) -> tuple[tuple[SafeText, SafeText], ...]:
        """Return everything known of a message as (word, value)."""
        message = self._known.get(item.message_id)
        if message is not None:
            return message.details(item.channel)
        return tuple((SafeText(word), value) for word, value in (("author", item.author), ("text", item.text)) if value)

    def _received(self, number: int | None) -> tuple[Mirrored, ...]:
        count = len(self._rows) if number is None else max(0, number - self._first)
        return tuple(self._rows)[:count]

    async def _history(self, before: int | None, limit: int) -> list[Mirrored]:
        """Return at least so many rows from before an id; fewer when there are no more."""
        if not self._channels:
            await self._name_channels()
        found: list[RemoteMessage] = []
        has_more = True
        while has_more and len(found) < limit:
            try:
                page, has_more = await self._pages.older(before, limit)
            except ServiceDown as error:
                self._append(self._line(f"older messages cannot be had: {error}"))
                break
            before = page[0].message_id if page else before
            received = {row.message_id for row in self._rows}
            found = [message for message in (*page, *found) if message.message_id not in received]
        known = [self._known.get(message.message_id, message) for message in found]
        for message in known:
            self._know(message)
        return [message.shown(self._channels) for message in known]

    def _take(self, item: Received | Missing | State) -> None:
        if isinstance(item, Received):
            self._take_event(item)
        elif isinstance(item, Missing):
            self._append(self._line(GAPS.get(item.reason, f"messages are missing here: {item.reason}")))
        elif item.name == "lost":
            self._take_loss(item)
        else:
            if self._loss is not None:
                self._append(self._line("connected again"))
            self._loss, self._retry_at, self.state = None, 0.0, item
            self.connected.set()

    def _take_loss(self, state: State) -> None:
        self.state = state
        self._retry_at = self._clock() + state.retry_seconds
        reason = ERROR_NUMBER.sub("", state.note)
        line = self._line(f"cut, next try in {duration(max(1.0, state.retry_seconds))}: {reason}")
        if self._loss is None:
            self._append(line)
        else:
            line = replace(line, at=self._loss.at, message_id=self._loss.message_id)
            self._change(line)
        self._loss = line

    def _take_event(self, event: Received) -> None:
        body, known = bytes(event.body), self._known.get(event.message_id)
        if event.kind == "create" and known is None:
            message = RemoteMessage(event.message_id, event.channel_id, body)
            self._anchor = message.message_id if self._anchor is None else self._anchor
        elif event.kind == "update" and known is not None:
            message = known.edited(body)
        elif event.kind == "update" and fields_of(body).get("edited_timestamp", "unsaid") is not None:
            message = RemoteMessage(event.message_id, event.channel_id, body, "edited")
        elif event.kind in ("reactions", "pins"):
            if known is not None:
                self._known[event.message_id] = known.with_fields(body)
            return
        elif event.kind == "delete":
            kept = known.body if known is not None else b"null"
            message = RemoteMessage(event.message_id, event.channel_id, kept, "deleted")
        else:
            return
        if message.channel_id not in self._channels:
            self._unnamed.set()
        self._know(message)
        if known is None:
            self._append(message.shown(self._channels))
        else:
            self._change(message.shown(self._channels))

    def _know(self, message: RemoteMessage) -> None:
        self._known[message.message_id] = message
        while len(self._known) > KNOWN:
            first = next(iter(self._known))
            oldest = self._known.pop(first)
            if (unix_seconds(first), first) in self._numbers:
                self._known[first] = oldest

    def _append(self, row: Mirrored) -> None:
        self._numbers[row.at, row.message_id] = self._first + len(self._rows)
        self._rows.append(row)
        while len(self._rows) > KEPT:
            dropped = self._rows.popleft()
            self._first += 1
            self._numbers.pop((dropped.at, dropped.message_id), None)
            if self._anchor is not None:
                # What is let go here is older from now on, and the service is asked for it.
                self._anchor = max(self._anchor, dropped.message_id + 1)

    def _change(self, row: Mirrored) -> None:
        self._changes[row.message_id] = row
        number = self._numbers.get((row.at, row.message_id))
        if number is not None:
            self._rows[number - self._first] = row

    def _line(self, text: str) -> Mirrored:
        self._notices += 1
        nobody = SafeText("")
        return Mirrored(self._clock(), -self._notices, nobody, nobody, sanitise_line(text, 300), mark="notice")

    async def _keep_naming(self) -> None:
        while True:
            await self._unnamed.wait()
            await self._name_channels()
            await asyncio.sleep(NAMING_SECONDS)
            self._unnamed.clear()

    async def _name_channels(self) -> None:
        with contextlib.suppress(ServiceDown):
            found = await self._pages.channels()
            fresh = {channel_id for channel_id, name in found.items() if self._channels.get(channel_id) != name}
            self._channels |= found
            for message in self._known.values():
                if message.channel_id in fresh:
                    self._change(message.shown(self._channels))
