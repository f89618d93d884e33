"""The garbage collector while messages pass: what stands at the start is not looked through again."""

from __future__ import annotations

import gc

# Each post leaves hundreds of objects that die by themselves: a look after every 700 took a thirtieth of the time.
YOUNG = 5000
RARELY = 85


def settle() -> None:
    """Look through everything once, then never again at what stands now: modules and styles stay to the end.

    All of it takes up to 80 ms to look through, and while messages pass that fell due more than once a second; what
    comes later takes a few.
    """
    gc.collect()
    gc.freeze()
    _, middle, _ = gc.get_threshold()
    gc.set_threshold(YOUNG, middle, RARELY)
