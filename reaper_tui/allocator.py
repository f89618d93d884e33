"""The C library's allocator, told to give memory back: a run takes and frees whole pages of messages for days."""

from __future__ import annotations

import ctypes
import sys

# glibc's malloc.h
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8
# What is larger has a mapping of its own, which is gone when it is freed, and leaves no hole between what stays.
LARGE_BYTES = 128 * 1024
KEPT_FREE_BYTES = 1024 * 1024


def give_back_freed_memory() -> bool:
    """Keep freed memory from piling up in holes; return whether this system's allocator can be told so."""
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    wishes = ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, LARGE_BYTES), (_TRIM_THRESHOLD, KEPT_FREE_BYTES))
    return all(bool(mallopt(what, value)) for what, value in wishes)
