"""The pages of a plan: what is built, what is warned of, and where messages go."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from reaper_tui.model.plan import Action, ItemKind, Placement, Plan, PlanItem, Route
from reaper_tui.model.text import sanitise_line
from reaper_tui.tui.figures import counted, estimated, roughly
from reaper_tui.tui.glyphs import ACTION_SIGNS, Sign, Tone, kind_sign
from reaper_tui.tui.widgets.sheet import Sheet

KIND_WORDS = {
    ItemKind.IDENTITY: "name, icon, banner",
    ItemKind.ROLE: "roles",
    ItemKind.CATEGORY: "categories",
    ItemKind.CHANNEL: "channels",
    ItemKind.EMOJI: "emojis",
    ItemKind.STICKER: "stickers",
}
WARNING = Sign("▲", "note", Tone.WARNING)
STAYS = Sign("–", "stays", Tone.MUTED)
NO_BREAK = "\N{NO-BREAK SPACE}"


def plan_page(plan: Plan, sheet: Sheet) -> RenderableType:
    """Return counts, warnings, what stays behind, and the items by name."""
    parts: list[RenderableType] = [_figures(plan, sheet), Text(), _counts(plan, sheet)]
    if plan.warnings:
        lines = [("", sanitise_line(warning, 300)) for warning in plan.warnings]
        parts += [Text(), sheet.heading("Worth knowing", WARNING), sheet.bullets(lines, WARNING)]
    cannot = [item for item in plan.items if item.action is Action.CANNOT]
    if cannot:
        sign = ACTION_SIGNS[Action.CANNOT]
        lines = [(item_name(item), sanitise_line(item.reason, 200)) for item in cannot]
        parts += [Text(), sheet.heading("Cannot be made", sign), sheet.bullets(lines, sign)]
    if plan.exclusions:
        lines = [(sanitise_line(found.name, 80), sanitise_line(found.reason, 600)) for found in plan.exclusions]
        parts += [Text(), sheet.heading("Stays behind", WARNING), sheet.bullets(lines, STAYS)]
    return Group(*parts)


def routes_page(plan: Plan, sheet: Sheet) -> RenderableType:
    """Return where the messages of each channel and thread go."""
    lanes = {route.lane_id: route.name for route in plan.routes if route.placement is Placement.OWN}
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column(ratio=3, no_wrap=True, overflow="ellipsis")
    table.add_column(width=9, justify="right")
    for route in plan.routes:
        name = Text.assemble((f"{kind_sign(route.kind).glyph} ", sheet.tone(Tone.MUTED)), sanitise_line(route.name, 80))
        goes = sheet.muted(f"→ {placement_words(route, lanes)}")
        table.add_row(name, goes, estimated(route.estimate, route.is_exact))
    if not plan.routes:
        return sheet.muted("No messages are copied: history is switched off, or nothing chosen can hold any.")
    return Group(sheet.heading("Where messages go"), table)


def placement_words(route: Route, lanes: dict[int, str]) -> str:
    """Return where a container's messages go, in words."""
    lane = sanitise_line(lanes.get(route.lane_id) or route.parent_name, 80)
    if route.placement is Placement.OWN:
        return "a channel of its own"
    if route.placement is Placement.INLINE:
        return f"inside #{lane}"
    return f"a companion channel of #{lane}"


def _figures(plan: Plan, sheet: Sheet) -> RenderableType:
    is_exact = all(route.is_exact for route in plan.routes)
    there = f", {plan.settled:,} dealt with already" if plan.settled else ""
    text = Text.assemble(
        (f"{estimated(plan.messages, is_exact)} messages", "bold"),
        f" from {counted(len(plan.routes), 'channel')}{there} · {counted(plan.calls, 'request')} to Fluxer · ",
        (f"about {roughly(plan.seconds)}".replace(" ", NO_BREAK), "bold"),
    )
    begins = "It goes on where the last run ended; nothing" if plan.settled else "Nothing"
    return Group(text, sheet.muted(f"{begins} is written before you start."))


def _counts(plan: Plan, sheet: Sheet) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    for _ in Action:
        table.add_column(justify="right", no_wrap=True)
    header = [Text(str(ACTION_SIGNS[action]), style=sheet.tone(ACTION_SIGNS[action].tone)) for action in Action]
    table.add_row(Text(), *header)
    for kind in ItemKind:
        counts = [plan.count(kind, action) for action in Action]
        if any(counts):
            cells = [Text(f"{count:,}") if count else sheet.muted("·") for count in counts]
            table.add_row(Text(KIND_WORDS[kind]), *cells)
    return table


def item_name(item: PlanItem) -> str:
    """Return an item's name as it is written in chat."""
    name = sanitise_line(item.name, 80)
    if item.kind is ItemKind.CHANNEL:
        return f"#{name}" + (f" ({item.target_kind})" if item.target_kind not in ("", "text") else "")
    return f":{name}:" if item.kind is ItemKind.EMOJI else name
