"""How close sending comes to what the target's buckets allow, and how often they refuse.

    python benchmarks/pacing.py

The yardstick is arithmetic: a webhook's bucket lets 60 posts through at once and one a second after that (times
`--speed`), so W webhooks may have posted W * (60 + seconds * speed) by any moment. The servers run in another process.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

import click
from figures import Figure, show
from programs import sandbox

from reaper_tui.engine.control import RunControl
from reaper_tui.engine.events import EventLog
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.progress import Progress
from reaper_tui.engine.webhook_pool import WebhookPool
from reaper_tui.model.outgoing import Part
from reaper_tui.profile.secrets import Secret
from reaper_tui.profile.settings import Settings, load_settings
from reaper_tui.writer.events import WriterEvent
from reaper_tui.writer.writer import FluxerWriter

BURST = 60


class Sent:
    """What one measurement saw."""

    def __init__(self) -> None:
        self.requests = 0
        self.refused = 0

    def note(self, event: WriterEvent) -> None:
        """Count a request."""
        if event.kind == "request" and event.what == "sending a message":
            self.requests += 1
            self.refused += event.status == 429


async def measure(settings: Settings, channels: int, webhooks: int, seconds: float) -> tuple[float, float, float]:
    """Post for so long; return achieved ÷ allowed, the share of 429s, and posts a second after the burst."""
    sent = Sent()
    speed = settings.fluxer.limits_scale
    writer = FluxerWriter(
        Secret(settings.fluxer.token),
        instance=settings.fluxer.instance,
        api_base=settings.fluxer.api_base,
        limits_scale=speed,
        notify=sent.note,
        clock=time.monotonic,
        sleep=asyncio.sleep,
    )
    community_id = int(settings.fluxer.community_id)
    try:
        await writer.community(community_id)
        places = [
            await writer.create_channel(
                community_id, "text", f"pacing-{channels}-{webhooks}-{number}",
                parent_id=None, topic="", overwrites=(), bitrate=0, user_limit=0,
            )
            for number in range(channels)
        ]  # fmt: skip
        control = RunControl()
        outage = Outage(control, Progress(time.time), EventLog(time.time), now=time.time, scale=speed)
        pools: list[WebhookPool] = []
        for place in places:
            made = [await writer.create_webhook(place, "reaper-tui") for _ in range(webhooks)]
            pools.append(WebhookPool(writer, outage, place, made, setting=webhooks, ceiling=webhooks))
            pools[-1].serves(lambda: 10_000)
        began = time.monotonic()
        counts = [[0, 0] for _ in places]

        async def post(number: int) -> None:
            burst = BURST * webhooks
            while time.monotonic() - began < seconds:
                webhook = await pools[number].next(str(counts[number][0]))
                await writer.send(webhook, Part(f"{counts[number][0]}", "Ada"), (), f"{number}-{counts[number][0]}")
                counts[number][0] += 1
                counts[number][1] += counts[number][0] > burst

        await asyncio.gather(*(post(number) for number in range(channels)))
        took = time.monotonic() - began
        for number, place in enumerate(places):
            newest = await writer.history(place, None, 100)
            order = [int(message.content) for message in newest]
            if order != sorted(order, reverse=True) or order[0] != counts[number][0] - 1:
                raise SystemExit("pacing: posts are out of order")
    finally:
        await writer.close()
    total = sum(count for count, _ in counts)
    allowed = channels * webhooks * (BURST + took * speed)
    late = sum(count for _, count in counts)
    return total / allowed, sent.refused / max(1, sent.requests), late / took


@click.command()
@click.option("--seconds", default=12.0, show_default=True, help="How long each measurement posts.")
@click.option("--speed", default=10.0, show_default=True, help="How many times faster the buckets refill.")
def main(seconds: float, speed: float) -> None:
    """Print achieved ÷ allowed and the share of refusals for 1, 8 and 40 channels, and for webhooks side by side."""
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory() as home:
        profile = Path(home) / "pacing.toml"
        for channels, factor in ((1, 1.0), (8, 1.0), (40, 0.5)):
            options = ("--messages", "0", "--channels", "1", "--speed", str(speed * factor))
            with sandbox(Path(home), profile, *options):
                ratio, refused, _ = asyncio.run(measure(load_settings(profile), channels, 1, seconds))
            profile.with_suffix(".json").unlink(missing_ok=True)
            name = f"{channels} channel{'s' * (channels > 1)}"
            target = 0.97 if channels == 8 else None
            figures.append(Figure("pacing", f"achieved ÷ allowed, {name}", round(ratio, 4), "", "the buckets", target))
            share = round(100 * refused, 3)
            figures.append(Figure("pacing", f"refused, {name}", share, "%", "all posts", 0.5, at_most=True))
        rates: dict[int, float] = {}
        for webhooks in (1, 4, 8):
            with sandbox(Path(home), profile, "--messages", "0", "--channels", "1", "--speed", str(speed)):
                longer = max(seconds, 2 * BURST / speed)
                _, refused, rates[webhooks] = asyncio.run(measure(load_settings(profile), 1, webhooks, longer))
            profile.with_suffix(".json").unlink(missing_ok=True)
        for webhooks, target in ((4, 3.8), (8, 7.0)):
            ratio = round(rates[webhooks] / rates[1], 2)
            name = f"one channel, {webhooks} webhooks in strict order"
            figures.append(Figure("pacing", name, ratio, "×", "one webhook", target))
    raise SystemExit(show(figures))


if __name__ == "__main__":
    main()
