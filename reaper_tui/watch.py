"""Turns what reader and writer tell into the numbers and log lines of a run."""

from __future__ import annotations

from reaper_tui.engine.events import EventLog, Level
from reaper_tui.engine.progress import Progress, Wait
from reaper_tui.model.text import sanitise_line
from reaper_tui.reader.events import ReaderEvent
from reaper_tui.writer.events import WriterEvent

SHOWN_WAIT_SECONDS = 0.3
LOGGED_WAIT_SECONDS = 5.0


class Watch:
    """Listens to both sides for one clone."""

    def __init__(self, progress: Progress, log: EventLog) -> None:
        self._progress = progress
        self._log = log

    def reader(self, event: ReaderEvent) -> None:
        """Take note of what the reader tells."""
        if event.kind == "wait":
            self._wait(f"discord {event.what}", event.what, event.seconds, event.channel_id)
        elif event.kind == "retry":
            self._progress.retries += 1
            self._log.write(Level.WARNING, f"Discord: {event.what}; again in {event.seconds:.1f} s", event.channel_id)
        else:
            self._log.write(Level.INFO, event.what, event.channel_id)

    def writer(self, event: WriterEvent) -> None:
        """Take note of what the writer tells."""
        if event.kind == "request":
            self._progress.requests += 1
            if event.status == 429:
                self._progress.status_429 += 1
                self._log.write(Level.WARNING, f"Fluxer limits: {event.what}")
        elif event.kind == "wait":
            self._wait(event.key, event.what, event.seconds, event.channel_id)
        else:
            self._progress.retries += 1
            self._log.write(Level.WARNING, f"Fluxer: {event.what}; again in {event.seconds:.1f} s")

    def _wait(self, key: str, what: str, seconds: float, channel_id: int | None) -> None:
        now = self._progress.now()
        self._progress.limit_wait_seconds += seconds
        if seconds >= SHOWN_WAIT_SECONDS:
            self._progress.waits[key] = Wait(sanitise_line(what, 120), now + seconds, channel_id)
        if seconds >= LOGGED_WAIT_SECONDS:
            self._log.write(Level.INFO, f"waiting {seconds:.0f} s: {what}", channel_id)
        for old in [name for name, wait in self._progress.waits.items() if wait.until < now]:
            del self._progress.waits[old]
