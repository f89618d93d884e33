from __future__ import annotations

import platform
import subprocess
import sys

import pytest

HOLES = """
import sys
from pathlib import Path
from reaper_tui.allocator import give_back_freed_memory

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

if sys.argv[1] == "told":
    assert give_back_freed_memory()
# Freeing a mapping once makes the allocator keep the next ones of its size for itself.
large = bytearray(8_000_000)
del large
before = resident()
pages, kept = [], []
for _ in range(200):
    pages.append(bytearray(b"x" * 200_000))
    kept.append(bytearray(b"x" * 20_000))
del pages
print((resident() - before - 4_000_000) // 1_000_000)
"""


def held_after_freeing_40_megabytes(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", HOLES, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_freed_pages_leave_no_holes_between_what_stays() -> None:
    assert held_after_freeing_40_megabytes("untold") > 20
    assert held_after_freeing_40_megabytes("told") < 5
