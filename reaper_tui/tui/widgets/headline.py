"""The top of the transfer screen: state, bar, figures, and what the run waits for."""

from __future__ import annotations

import math

from rich.style import Style
from rich.text import Text
from textual.widget import Widget

from reaper_tui.engine.control import RunState
from reaper_tui.engine.progress import ChannelState, LiveProgress, Phase, Snapshot
from reaper_tui.tui.figures import byte_size, counted, duration, elapsed, estimated, percent, roughly, text_bar
from reaper_tui.tui.glyphs import PHASE_WORDS, RUN_SIGNS, Tone
from reaper_tui.tui.widgets.tones import tone_style


class Headline(Widget):
    """Four lines drawn from one snapshot."""

    DEFAULT_CSS = "Headline { height: 4; width: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._snapshot: Snapshot | None = None
        self._drawn = Text()

    def show_snapshot(self, snapshot: Snapshot) -> None:
        """Show these numbers."""
        self._snapshot = snapshot
        if self._lines() != self._drawn:
            self.refresh()

    def render(self) -> Text:
        """Return the four lines."""
        self._drawn = self._lines()
        return self._drawn

    def _lines(self) -> Text:
        snapshot = self._snapshot
        if snapshot is None:
            return Text(" ◌ preparing")
        width = self.size.width
        lines = [self._state(snapshot, width), self._bar(snapshot, width), self._figures(snapshot, width)]
        lines.append(self._waits(snapshot))
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return Text("\n", no_wrap=True).join(lines)

    def _tone(self, tone: Tone) -> Style:
        return tone_style(self, tone)

    def _state(self, snapshot: Snapshot, width: int) -> Text:
        sign = RUN_SIGNS[snapshot.state]
        left = Text(f" {sign}", style=Style(bold=True) + self._tone(sign.tone))
        if snapshot.state in (RunState.RUNNING, RunState.PREPARING, RunState.PAUSED):
            left.append(f": {PHASE_WORDS[snapshot.phase]}", style=self._tone(Tone.MUTED))
        right = f"{elapsed(snapshot.elapsed_seconds)} "
        middle = Text(f"{snapshot.source_name} → {snapshot.target_name}", style="bold")
        room = width - left.cell_len - len(right) - 4
        middle.truncate(max(0, room), overflow="ellipsis")
        gap = " " * max(2, width - left.cell_len - middle.cell_len - len(right) - 2)
        return Text.assemble(left, gap, middle, "  ", (right, self._tone(Tone.MUTED)))

    def _bar(self, snapshot: Snapshot, width: int) -> Text:
        done, total = snapshot.settled, snapshot.expected
        if snapshot.phase is Phase.STRUCTURE:
            done, total = snapshot.structure_done, snapshot.structure_total
        share = percent(done, total)
        eta = f"about {roughly(snapshot.eta_seconds)} left" if snapshot.eta_seconds is not None else ""
        tail = f" {share:>3}%  {eta}".rstrip()
        bar_width = max(10, width - 2 - max(24, len(tail)))
        tone = Tone.SUCCESS if snapshot.state is RunState.DONE else Tone.ACCENT
        bar = text_bar(done, total, bar_width, self._tone(tone), self._tone(Tone.MUTED))
        return Text.assemble(" ", bar, (tail, "bold"))

    def _figures(self, snapshot: Snapshot, width: int) -> Text:
        if snapshot.phase is Phase.STRUCTURE:
            return Text(
                f" {snapshot.structure_done:,} of {snapshot.structure_total:,} roles, channels and emojis in place"
            )
        is_known = all(row.is_captured for row in snapshot.channels)
        done = sum(row.state is ChannelState.DONE for row in snapshot.channels)
        parts = [
            f"{snapshot.settled:,} of {estimated(snapshot.expected, is_known)} messages",
            f"{snapshot.rate_per_minute:,.0f}/min",
            f"{done} of {counted(len(snapshot.channels), 'channel')}",
            byte_size(snapshot.bytes_sent),
        ]
        lost = [
            (f"✖ {snapshot.failed:,} failed", Tone.ERROR) if snapshot.failed else None,
            (f"▲ {snapshot.uncertain:,} uncertain", Tone.WARNING) if snapshot.uncertain else None,
        ]
        text = Text(f" {' · '.join(parts)}")
        for remark in lost:
            if remark:
                text.append(f" · {remark[0]}", style=self._tone(remark[1]))
        if width >= 100:
            text.append(f" · {counted(snapshot.requests, 'request')}", style=self._tone(Tone.MUTED))
        return text

    def _waits(self, snapshot: Snapshot) -> Text:
        if snapshot.hold:
            return Text(f" ‖ holding: {snapshot.hold}", style=Style(bold=True) + self._tone(Tone.WARNING))
        if snapshot.state is RunState.PAUSED:
            return Text(" ‖ paused: p goes on, x stops", style=self._tone(Tone.WARNING))
        waits = sorted(snapshot.waits, key=lambda wait: -wait.until)
        if waits:
            seconds = max(1, math.ceil(waits[0].until - snapshot.now))
            more = f"  (+{len(waits) - 1} more)" if len(waits) > 1 else ""
            return Text(f" ◔ waiting {duration(seconds)}: {waits[0].what}{more}", style=self._tone(Tone.WARNING))
        if snapshot.live is not None and snapshot.live.since is not None:
            return self._live(snapshot.live)
        return Text(f" {snapshot.note}", style=self._tone(Tone.MUTED))

    def _live(self, live: LiveProgress) -> Text:
        if not live.is_connected:
            told = " ▲ live: connecting again; what is written meanwhile is read after"
            return Text(told, style=self._tone(Tone.WARNING))
        parts = [f"{live.mirrored:,} mirrored", f"{live.waiting:,} waiting"]
        if live.latency_p50 is not None:
            parts.append(f"{live.latency_p50:.1f} s from Discord to Fluxer")
        return Text.assemble((" ● live: connected", self._tone(Tone.SUCCESS)), f" · {' · '.join(parts)}")
