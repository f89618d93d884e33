"""The heading under which another container's messages go on in a target channel."""

from __future__ import annotations

from reaper_tui.journal.records import Container

LATE = "↪ Carried over later"


def section_of(container: Container | None) -> str:
    """Return what to call a container where its messages follow those of another one."""
    if container is None:
        return ""
    if container.kind not in ("thread", "post"):
        return f"↩ Back in #{container.name}"
    return f"🧵 Thread: {container.name}" if container.kind == "thread" else f"🗨 Post: {container.name}"


def late_section(container: Container, lane_id: int) -> str:
    """Return the heading of a message that stands behind what was written after it."""
    is_thread = container.kind in ("thread", "post") and container.id != lane_id
    return f"{LATE} · {section_of(container)}" if is_thread else LATE
