"""What a run will do, decided before it touches the target."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Action(StrEnum):
    """What becomes of one item."""

    CREATE = "create"
    REUSE = "reuse"
    CHANGE = "change"
    CANNOT = "cannot"


class ItemKind(StrEnum):
    """What kind of thing an item is; `identity` is the community's name, icon and banner."""

    ROLE = "role"
    CATEGORY = "category"
    CHANNEL = "channel"
    EMOJI = "emoji"
    STICKER = "sticker"
    IDENTITY = "identity"


class PlanItem(msgspec.Struct, frozen=True):
    """One role, channel, emoji or sticker and what becomes of it; `target_kind` is the target's channel type."""

    kind: ItemKind
    source_id: int
    name: str
    action: Action
    target_id: int | None = None
    reason: str = ""
    parent_id: int | None = None
    target_kind: str = ""


class Placement(StrEnum):
    """Where a container's messages go."""

    OWN = "own"
    INLINE = "inline"
    COMPANION = "companion"
    NATIVE = "native"


class Route(msgspec.Struct, frozen=True):
    """A container's way: its messages go to the target channel mapped from `lane_id`, in the order of the lane.

    A native one goes to a thread of its own below the channel mapped from `parent_id`. `settled` of the estimated
    messages were dealt with by earlier runs.
    """

    container_id: int
    name: str
    kind: str
    lane_id: int
    placement: Placement
    estimate: int
    is_exact: bool = False
    parent_name: str = ""
    settled: int = 0
    parent_id: int | None = None


class Exclusion(msgspec.Struct, frozen=True):
    """Something that stays behind, by name and with the reason."""

    name: str
    reason: str
    source_id: int | None = None


class Plan(msgspec.Struct, frozen=True):
    """Everything a run will do; `seconds` is the estimated time, `calls` the requests to the target."""

    source_name: str
    target_name: str
    items: tuple[PlanItem, ...]
    routes: tuple[Route, ...]
    exclusions: tuple[Exclusion, ...]
    warnings: tuple[str, ...]
    calls: int
    seconds: float

    @property
    def messages(self) -> int:
        """Return the estimated number of messages."""
        return sum(route.estimate for route in self.routes)

    @property
    def settled(self) -> int:
        """Return how many messages earlier runs dealt with."""
        return sum(route.settled for route in self.routes)

    def count(self, kind: ItemKind, action: Action) -> int:
        """Return how many items of a kind meet an action."""
        return sum(item.kind is kind and item.action is action for item in self.items)
