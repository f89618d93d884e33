"""The doctor: looks at everything a clone needs, one check after another, and names the mend of what is amiss."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reaper_tui.engine.blindness import refuse_if_blind
from reaper_tui.engine.ports import Reader, Writer
from reaper_tui.engine.webhook_pool import WEBHOOK_NAME
from reaper_tui.model.check import Check, CheckState, Trouble
from reaper_tui.model.community import Community, Guild
from reaper_tui.model.errors import AccessDenied, CloneError, NotFound, ProfileHeld, ServiceDown
from reaper_tui.model.plan import Action, Plan
from reaper_tui.model.retrying import Retriable

LOW_DISK_BYTES = 2 << 30
NO_DISK_BYTES = 200 << 20
SKEW_SECONDS = 60.0
SMALLEST_TERMINAL = (80, 24)
SHOWN_NAMES = 5


class Account(Protocol):
    """Whose token it is."""

    @property
    def name(self) -> str: ...
    @property
    def warnings(self) -> Sequence[str]: ...


class Source(Reader, Protocol):
    """A reader that knows whose token it has."""

    async def identity(self) -> Account: ...


class Target(Writer, Protocol):
    """A writer that knows whose token it has."""

    async def identity(self) -> Account: ...


@dataclass
class Patient:
    """Both sides under examination, each None for want of a token; what was found is kept for the checks after it."""

    source: Source | None
    target: Target | None
    guild_id: int
    community_id: int
    make_plan: Callable[[Guild, Community], Plan]
    guild: Guild | None = None
    community: Community | None = None

    async def checks(self) -> AsyncIterator[Check]:
        """Yield one check after another; a thing out of order is a check, never an error."""
        async for check in self._source():
            yield check
        async for check in self._target():
            yield check
        if self.guild is None or self.community is None:
            yield skipped("fit", "whether all of it fits is not known without both sides")
            return
        try:
            plan = self.make_plan(self.guild, self.community)
        except CloneError as error:
            yield fault("plan", error)
            return
        yield fit_check(plan)

    async def _source(self) -> AsyncIterator[Check]:
        source, account = self.source, None
        try:
            account = await source.identity() if source is not None else None
        except CloneError as error:
            yield fault("discord token", error)
        if source is None or account is None:
            for name in ("discord server", "message content", "channels"):
                yield skipped(name, "not looked at without a token that works")
            return
        yield ok("discord token", f"belongs to {account.name}")
        try:
            self.guild = guild = await source.survey(self.guild_id)
        except CloneError as error:
            yield fault("discord server", error)
            for name in ("message content", "channels"):
                yield skipped(name, "not looked at without the server")
            return
        counts = f"{len(guild.channels)} channels and threads, {len(guild.roles)} roles, {len(guild.emojis)} emojis"
        yield ok("discord server", f"{guild.name}: {counts}")
        yield await content_check(source, guild)
        for check in channel_checks(guild):
            yield check

    async def _target(self) -> AsyncIterator[Check]:
        target, account = self.target, None
        try:
            account = await target.identity() if target is not None else None
        except CloneError as error:
            yield fault("fluxer token", error)
        if target is None or account is None:
            for name in ("community", "permissions", "roles", "webhooks", "generation"):
                yield skipped(name, "not looked at without a token that works")
            return
        persons = [warning for warning in account.warnings if "person" in warning]
        if persons:
            line, _, mend = persons[0].partition(" — ")
            yield Check("fluxer token", CheckState.FAULT, line, mend, Trouble.ACCESS)
        else:
            yield ok("fluxer token", f"belongs to {account.name}")
        try:
            self.community = community = await target.community(self.community_id)
        except CloneError as error:
            invited = [warning for warning in account.warnings if "in no community" in warning]
            yield fault("community", error, invited[0].partition(" — ")[2] if invited else "")
            for name in ("permissions", "roles", "webhooks", "generation"):
                yield skipped(name, "not looked at without the community")
            return
        yield ok("community", f"{community.name}: {len(community.channels)} channels, {len(community.roles)} roles")
        for check in (permission_check(community), role_check(community), webhook_check(community)):
            yield check
        yield await self._generation(target)

    async def _generation(self, target: Target) -> Check:
        try:
            can = await target.capabilities(self.community_id)
        except CloneError as error:
            return fault("generation", error)
        abilities = {
            "threads": can.has_threads,
            "forums": can.has_forums,
            "native replies": can.keeps_replies,
            "editing posts": can.edits_posts,
        }
        has = [name for name, is_there in abilities.items() if is_there]
        lacks = [name for name, is_there in abilities.items() if not is_there]
        if not has:
            return ok("generation", "a Fluxer server of early 2026: threads go inside their channel, order is arrival")
        more = f"; not {', '.join(lacks)}" if lacks else ""
        return ok("generation", f"a Fluxer server with {', '.join(has)}{more}")


async def content_check(reader: Reader, guild: Guild) -> Check:
    """Return whether the bot may read what people write."""
    name = "message content"
    if guild.can_read_content:
        return ok(name, "the bot may read what people write")
    open_to_it = [channel.id for channel in guild.containers() if not channel.cannot_read]
    try:
        await refuse_if_blind(reader, guild, dict.fromkeys(open_to_it, (0, False)))
    except CloneError as error:
        return fault(name, error)
    return note(
        name,
        "the application does not show the Message Content Intent, but what was read has its text",
        "switch it on in the Developer Portal, page Bot, if messages come without text",
    )


def channel_checks(guild: Guild) -> Iterator[Check]:
    """Yield what the bot cannot see or read."""
    hidden = len(guild.hidden_channel_ids)
    if hidden:
        what = "1 channel is hidden" if hidden == 1 else f"{hidden} channels are hidden"
        yield note("channels", f"{what} from the Discord bot and would stay behind", "give it View Channels there")
    closed = [channel for channel in guild.containers() if channel.cannot_read]
    if closed:
        names = some_names(f"#{channel.name}" for channel in closed)
        yield note("history", f"the Discord bot cannot read {names}", f"give it {closed[0].cannot_read} there")
    if not hidden and not closed:
        yield ok("channels", f"all {len(guild.containers())} channels and threads can be read")
    for line in guild.notes:
        what, _, mend = line.partition(" — ")
        yield note("discord server", what, mend)


def permission_check(community: Community) -> Check:
    """Return whether the bot holds what writing needs."""
    lacking = [line for line in community.notes if "lacks" in line]
    other = [line for line in community.notes if "lacks" not in line]
    for line in (*lacking, *other):
        what, _, mend = line.partition(" — ")
        return Check("permissions", CheckState.FAULT, what, mend, Trouble.ACCESS)
    return ok("permissions", "the Fluxer bot holds all it needs")


def role_check(community: Community) -> Check:
    """Return whether roles that stand already are out of the bot's reach."""
    height = community.bot_role_position
    if height is None:
        return ok("roles", "the Fluxer bot owns the community, or its own roles are not told")
    above = [role.name for role in community.roles if role.position > height and not role.is_managed]
    if above:
        return note(
            "roles",
            f"the bot's role stands below {some_names(above)}: roles of these names cannot be changed by it",
            "drag the bot's role to the top of the community's roles",
        )
    return ok("roles", "the bot's role stands above all others")


def webhook_check(community: Community) -> Check:
    """Return whether webhooks can still be made where messages go."""
    limits = community.limits
    total = len(community.webhooks)
    full = [
        channel.name
        for channel in community.channels
        if sum(hook.channel_id == channel.id and hook.name != WEBHOOK_NAME for hook in community.webhooks)
        >= limits.webhooks_per_channel
    ]
    if total >= limits.webhooks_per_guild:
        return Check(
            "webhooks",
            CheckState.FAULT,
            f"the community has all of the {limits.webhooks_per_guild} webhooks it may have",
            "delete webhooks that are not needed",
            Trouble.ACCESS,
        )
    if full:
        names = some_names(f"#{name}" for name in full)
        return note(
            "webhooks",
            f"{names} has {limits.webhooks_per_channel} webhooks of others and would get no messages",
            "delete one there",
        )
    return ok("webhooks", f"{total} of {limits.webhooks_per_guild} are there, {limits.webhooks_per_channel} a channel")


def fit_check(plan: Plan) -> Check:
    """Return whether everything of the source has room on the target."""
    cannot = [item.name for item in plan.items if item.action is Action.CANNOT]
    left = len(plan.exclusions)
    if cannot:
        return note(
            "fit",
            f"no room for {some_names(cannot)}",
            "see all with reaper-tui plan, or exclude some",
        )
    if left:
        what = "1 thing stays" if left == 1 else f"{left} things stay"
        return note("fit", f"{what} behind by plan", "see which, and why, with reaper-tui plan")
    return ok("fit", f"all of it has room: {len(plan.items)} items, {len(plan.routes)} histories")


def disk_check(free: int, directory: str) -> Check:
    """Return whether the disk has room for the journal and files on their way; `free` in bytes."""
    room = f"{free / 1e9:.1f} GB free under {directory}"
    if free < NO_DISK_BYTES:
        return Check("disk", CheckState.FAULT, room, "free some space: at least 2 GB are well", Trouble.USAGE)
    if free < LOW_DISK_BYTES:
        return note("disk", room, "free some space: at least 2 GB are well")
    return ok("disk", room)


def clock_check(skews: dict[str, float]) -> Check:
    """Return whether this machine's clock goes with the servers'; skews in seconds, positive when theirs is ahead."""
    if not skews:
        return skipped("clock", "no server told the time")
    worst = max(skews, key=lambda side: abs(skews[side]))
    if abs(skews[worst]) > SKEW_SECONDS:
        way = "ahead of" if skews[worst] > 0 else "behind"
        line = f"{worst}'s clock is {abs(skews[worst]):,.0f} s {way} this machine's"
        return note("clock", line, "set this machine's clock by the network (NTP)")
    return ok("clock", f"this machine's clock is right by {abs(skews[worst]):.0f} s")


def terminal_check(size: tuple[int, int] | None, encoding: str, kind: str) -> Check:
    """Return whether the app can be shown; `size` is columns and rows, None without a terminal."""
    if size is None:
        return ok("terminal", "none here; run, plan and the others need none, the app does")
    if size[0] < SMALLEST_TERMINAL[0] or size[1] < SMALLEST_TERMINAL[1]:
        return note("terminal", f"{size[0]}×{size[1]} is small for the app", "make the window at least 80×24")
    if "utf" not in encoding.lower():
        return note("terminal", f"its encoding is {encoding}", "set a UTF-8 locale, such as LANG=C.UTF-8")
    if kind in ("", "dumb"):
        return note("terminal", "TERM names no terminal that can be drawn on", "set TERM, such as xterm-256color")
    return ok("terminal", f"{size[0]}×{size[1]}, {kind}, {encoding}")


def retry_check(retriable: Retriable) -> Check:
    """Return whether earlier runs left something to try again."""
    if retriable.is_empty:
        return ok("earlier runs", "left nothing to try again")
    counts = (
        (retriable.failed, "failed"),
        (retriable.uncertain, "uncertain"),
        (retriable.missing, "missing on the target"),
        (retriable.with_files, "without some of their files"),
    )
    words = ", ".join(f"{count:,} {what}" for count, what in counts if count)
    return note("earlier runs", f"left messages behind: {words or 'replaced posts'}", "try them with reaper-tui retry")


def some_names(names: Iterable[str]) -> str:
    """Return the first few names, and how many more there are."""
    listed = list(names)
    more = f" and {len(listed) - SHOWN_NAMES} more" if len(listed) > SHOWN_NAMES else ""
    return ", ".join(listed[:SHOWN_NAMES]) + more


def ok(name: str, line: str) -> Check:
    """Return a check that found all well."""
    return Check(name, CheckState.OK, line)


def note(name: str, line: str, mend: str) -> Check:
    """Return a check that found something worth knowing, which stops nothing."""
    return Check(name, CheckState.NOTE, line, mend)


def skipped(name: str, line: str) -> Check:
    """Return a check that could not be made."""
    return Check(name, CheckState.SKIPPED, line)


def fault(name: str, error: CloneError, mend: str = "") -> Check:
    """Return the check that an error stands for."""
    trouble = Trouble.USAGE
    if isinstance(error, AccessDenied):
        trouble = Trouble.ACCESS
    elif isinstance(error, ServiceDown):
        trouble = Trouble.UNAVAILABLE
    elif isinstance(error, ProfileHeld):
        trouble = Trouble.HELD
    elif isinstance(error, NotFound):
        trouble = Trouble.ACCESS
    return Check(name, CheckState.FAULT, str(error), mend or error.mend, trouble)
