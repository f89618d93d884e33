"""Permission bits: what of Discord's the target understands (equal bits mean equal things on both)."""

from __future__ import annotations

CARRIED = 15_772_633_886_359_551
THREADS = 1 << 34 | 1 << 35 | 1 << 36 | 1 << 38

ONLY_ON_DISCORD: dict[int, str] = {
    19: "View Server Insights",
    31: "Use Application Commands",
    32: "Request to Speak",
    33: "Manage Events",
    34: "Manage Threads",
    35: "Create Public Threads",
    36: "Create Private Threads",
    38: "Send Messages in Threads",
    39: "Use Activities",
    41: "View Creator Analytics",
    42: "Use Soundboard",
    44: "Create Events",
    45: "Use External Sounds",
    46: "Send Voice Messages",
    48: "Set Voice Channel Status",
    49: "Send Polls",
    50: "Use External Apps",
}


def carried(bits: int, *, has_threads: bool = False) -> int:
    """Return the bits that mean something on the target, those of threads where it has threads."""
    return bits & (CARRIED | THREADS if has_threads else CARRIED)


def left_behind(bits: int, *, has_threads: bool = False) -> tuple[str, ...]:
    """Return the names of the bits that only Discord knows."""
    lost = bits & ~THREADS if has_threads else bits
    return tuple(name for bit, name in ONLY_ON_DISCORD.items() if lost >> bit & 1)
