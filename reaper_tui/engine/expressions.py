"""Emojis and stickers: made fifty at a time, each at most once."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

from reaper_tui.engine.events import Level
from reaper_tui.engine.standing import TARGET, Standing, raise_if_fatal
from reaper_tui.model.community import Community, Emoji, Guild, Sticker
from reaper_tui.model.errors import AccessDenied, OutcomeUnknown, Refused
from reaper_tui.model.names import emoji_name, sticker_name
from reaper_tui.model.plan import Action, PlanItem

BULK = 50
NO_IMAGE = "its image is unavailable"


@dataclass(frozen=True)
class _Ready:
    item: PlanItem
    name: str
    image: bytes


Create = Callable[[list[_Ready]], Coroutine[Any, Any, Sequence[tuple[int, str]]]]


async def build_emojis(standing: Standing, guild: Guild, items: Sequence[PlanItem]) -> None:
    """Make or adopt every emoji of a plan."""
    emojis = {emoji.id: emoji for emoji in guild.emojis}
    community_id = standing.community.id

    async def create(rows: list[_Ready]) -> Sequence[tuple[int, str]]:
        return await standing.writer.create_emojis(community_id, [(row.name, row.image) for row in rows])

    limit = standing.community.limits.emoji_bytes
    await _build(standing, "emoji", items, emojis, limit, emoji_name, create, lambda community: community.emojis)


async def build_stickers(standing: Standing, guild: Guild, items: Sequence[PlanItem]) -> None:
    """Make or adopt every sticker of a plan."""
    stickers = {sticker.id: sticker for sticker in guild.stickers}
    community_id = standing.community.id

    async def create(rows: list[_Ready]) -> Sequence[tuple[int, str]]:
        sources = [stickers[row.item.source_id] for row in rows]
        return await standing.writer.create_stickers(
            community_id,
            [(row.name, source.description, source.tags, row.image) for row, source in zip(rows, sources, strict=True)],
        )

    limit = standing.community.limits.sticker_bytes
    await _build(
        standing, "sticker", items, stickers, limit, sticker_name, create, lambda community: community.stickers
    )


async def _build(
    standing: Standing,
    kind: str,
    items: Sequence[PlanItem],
    sources: dict[int, Emoji] | dict[int, Sticker],
    limit: int,
    target_name: Callable[[str], str],
    create: Create,
    listing: Callable[[Community], Sequence[Emoji] | Sequence[Sticker]],
) -> None:
    missing: list[PlanItem] = []
    for item in items:
        if item.action is Action.CREATE:
            missing.append(item)
            continue
        known = standing.find(kind, item.source_id)
        target_id = await standing.settle_known(kind, item, target_name(item.name))
        if target_id is not None and known is not None and known.name != target_name(item.name):
            await _rename(standing, kind, item.source_id, target_id, target_name(item.name), sources)
        standing.step()
    for start in range(0, len(missing), BULK):
        await standing.control.boundary()
        ready: list[_Ready] = []
        for item in missing[start : start + BULK]:
            name = target_name(item.name)
            source = sources[item.source_id]
            is_lottie = isinstance(source, Sticker) and source.format == "lottie"
            image = await standing.image(source.url, limit, f"{kind} {item.name}", is_lottie=is_lottie)
            if image is not None:
                ready.append(_Ready(item, name, image))
            else:
                await standing.record(kind, item.source_id, None, name, "failed", reason=NO_IMAGE)
                standing.step()
        await _create(standing, kind, ready, create, listing)


async def _rename(
    standing: Standing,
    kind: str,
    source_id: int,
    target_id: int,
    name: str,
    sources: dict[int, Emoji] | dict[int, Sticker],
) -> None:
    """Give what stands the name its source has now."""
    community_id, source = standing.community.id, sources[source_id]

    async def rename() -> None:
        if isinstance(source, Sticker):
            await standing.writer.edit_sticker(community_id, target_id, name, source.description, source.tags)
        else:
            await standing.writer.rename_emoji(community_id, target_id, name)

    if await standing.attempt(f"The new name of {kind} {name}", rename):
        record = standing.find(kind, source_id)
        await standing.record(kind, source_id, target_id, name, record.outcome if record else "reused")


async def _create(
    standing: Standing,
    kind: str,
    rows: list[_Ready],
    create: Create,
    listing: Callable[[Community], Sequence[Emoji] | Sequence[Sticker]],
) -> None:
    while rows := await _without_adopted(standing, kind, rows, listing):
        await standing.record_all([standing.intent(kind, row.item.source_id, row.name) for row in rows])
        try:
            outcomes = await standing.call(lambda rows=rows: create(rows))
        except OutcomeUnknown as error:
            await standing.outage.pause(TARGET, error)
            continue
        except (Refused, AccessDenied) as error:
            raise_if_fatal(error)
            outcomes = [(0, str(error))] * len(rows)
        for row, (target_id, reason) in zip(rows, outcomes, strict=True):
            if target_id:
                await standing.record(kind, row.item.source_id, target_id, row.name, "created")
            else:
                await standing.record(kind, row.item.source_id, None, row.name, "failed", reason=reason)
                standing.log.write(Level.WARNING, f"{kind} {row.item.name} was refused: {reason}")
            standing.step()
        return


async def _without_adopted(
    standing: Standing,
    kind: str,
    rows: list[_Ready],
    listing: Callable[[Community], Sequence[Emoji] | Sequence[Sticker]],
) -> list[_Ready]:
    def is_intended(row: _Ready) -> bool:
        record = standing.find(kind, row.item.source_id)
        return record is not None and record.outcome == "intended"

    def found(row: _Ready) -> int | None:
        named = (thing.id for thing in listing(standing.community) if thing.name == row.name)
        return standing.adoptable(kind, row.item.source_id, named)

    intended = [row for row in rows if is_intended(row)]
    if not intended:
        return rows
    # A bulk request is carried out as a whole: once all of it is there, nothing more will come.
    await standing.look(lambda: True if all(found(row) for row in intended) else None)
    for row in intended:
        if (target_id := found(row)) is not None:
            await standing.record(kind, row.item.source_id, target_id, row.name, "created")
            standing.step()
    return [row for row in rows if standing.target(kind, row.item.source_id) is None]
