"""A plan as JSON and in words."""

from __future__ import annotations

from typing import Any

import msgspec

from reaper_tui.model.plan import Action, Plan


def plan_document(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON, ids as strings."""
    document: dict[str, Any] = msgspec.to_builtins(plan)
    for item in document["items"]:
        for key in ("source_id", "target_id", "parent_id"):
            item[key] = None if item[key] is None else str(item[key])
    for route in document["routes"]:
        route["container_id"], route["lane_id"] = str(route["container_id"]), str(route["lane_id"])
    for exclusion in document["exclusions"]:
        exclusion["source_id"] = None if exclusion["source_id"] is None else str(exclusion["source_id"])
    document["messages"] = plan.messages
    return document


def plan_lines(plan: Plan) -> list[str]:
    """Return a plan in words."""
    lines = [f"{plan.source_name} → {plan.target_name}"]
    kinds = dict.fromkeys(item.kind for item in plan.items)
    for kind in kinds:
        counts = [f"{plan.count(kind, action)} {action}" for action in Action if plan.count(kind, action)]
        lines.append(f"  {kind}: {', '.join(counts)}")
    exactly = "" if all(route.is_exact for route in plan.routes) else "about "
    there = f", {plan.settled:,} of them dealt with already" if plan.settled else ""
    lines.append(f"  messages: {exactly}{plan.messages:,} from {len(plan.routes)} channels and threads{there}")
    lines.append(f"  requests: about {plan.calls:,}; time: about {duration(plan.seconds)}")
    lines += [f"  stays behind: {exclusion.name} — {exclusion.reason}" for exclusion in plan.exclusions]
    lines += [f"  note: {warning}" for warning in plan.warnings]
    return lines


def duration(seconds: float) -> str:
    """Return a length of time in words."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
