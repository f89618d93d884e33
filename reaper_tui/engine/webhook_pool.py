"""The webhooks of one target channel: taken in turn, and made only when they pay."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterable

from reaper_tui.engine.estimate import pays_for_another
from reaper_tui.engine.outage import Outage
from reaper_tui.engine.ports import Writer
from reaper_tui.model.community import Webhook
from reaper_tui.model.errors import AccessDenied, OutcomeUnknown, Refused

WEBHOOK_NAME = "reaper-tui"
REMEMBERED_AUTHORS = 256


class WebhookPool:
    """Chooses the webhook for each send in a channel."""

    def __init__(
        self,
        writer: Writer,
        outage: Outage,
        channel_id: int,
        present: Iterable[Webhook],
        *,
        setting: int | str,
        ceiling: int,
    ) -> None:
        self._writer = writer
        self._outage = outage
        self._channel_id = channel_id
        known = [webhook for webhook in present if webhook.channel_id == channel_id]
        self._webhooks = [webhook for webhook in known if webhook.name == WEBHOOK_NAME and webhook.token]
        self._ceiling = max(1, ceiling - (len(known) - len(self._webhooks)))
        self._setting = setting
        self._by_author: OrderedDict[str, int] = OrderedDict()
        self._backlogs: list[Callable[[], int]] = []
        self._turn = 0
        self._adding = asyncio.Lock()

    @property
    def webhooks(self) -> tuple[Webhook, ...]:
        """Return the webhooks at hand."""
        return tuple(self._webhooks)

    @property
    def left(self) -> int:
        """Return how many messages are still to come, as far as is known."""
        return sum(count() for count in self._backlogs)

    def serves(self, backlog: Callable[[], int]) -> None:
        """Take somebody on who posts through this pool; `backlog` says how many messages are still to come."""
        self._backlogs.append(backlog)

    async def next(self, author: str) -> Webhook:
        """Return the webhook for an author's message."""
        if not self._webhooks:
            async with self._adding:
                if not self._webhooks:
                    await self._add()
        preferred = self._by_author.get(author)
        if preferred is not None:
            for webhook in self._webhooks:
                if webhook.id == preferred and self._writer.send_delay(webhook) <= 0:
                    return webhook
        delays = [(self._writer.send_delay(webhook), webhook) for webhook in self._webhooks]
        shortest = min(delay for delay, _ in delays)
        if shortest > 0 and not self._adding.locked() and self._pays_for_another():
            async with self._adding:
                if await self._add():
                    return self._remember(author, self._webhooks[-1])
        free = [webhook for delay, webhook in delays if delay <= shortest]
        self._turn += 1
        return self._remember(author, free[self._turn % len(free)])

    def _pays_for_another(self) -> bool:
        return pays_for_another(self.left, len(self._webhooks), self._setting, self._ceiling)

    def forget(self, webhook: Webhook) -> None:
        """Drop a webhook that is gone; another is made when one is needed."""
        self._webhooks = [kept for kept in self._webhooks if kept.id != webhook.id]

    def _remember(self, author: str, webhook: Webhook) -> Webhook:
        self._by_author[author] = webhook.id
        self._by_author.move_to_end(author)
        if len(self._by_author) > REMEMBERED_AUTHORS:
            self._by_author.popitem(last=False)
        return webhook

    async def _add(self) -> bool:
        try:
            webhook = await self._outage.through(
                "Fluxer", lambda: self._writer.create_webhook(self._channel_id, WEBHOOK_NAME)
            )
        except OutcomeUnknown as error:
            await self._outage.pause("Fluxer", error)
            listed = await self._outage.through("Fluxer", lambda: self._writer.webhooks(self._channel_id))
            known = {kept.id for kept in self._webhooks}
            found = [hook for hook in listed if hook.name == WEBHOOK_NAME and hook.id not in known and hook.token]
            self._webhooks += found
            return bool(found) or await self._add()
        except Refused as error:
            if self._webhooks:
                self._ceiling = len(self._webhooks)
                return False
            raise AccessDenied(
                f"No webhook can be made in this channel: {error}",
                "delete webhooks that are not needed there and run again",
                ends_run=False,
            ) from None
        self._webhooks.append(webhook)
        return True
