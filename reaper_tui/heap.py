"""The garbage collector while messages pass: what stands at the start is not looked through again."""

from __future__ import annotations

import gc

# Each post leaves hundreds of objects that die by themselves: a look after every 700 took a thirtieth of the time.
FEW_LOOKS = (5000, 10, 85)
# As seldom at everything, but at no more than about 4,000 new objects before that, which a key would wait for.
SHORT_LOOKS = (1000, 3, 1250)


def settle(*, for_screen: bool = False) -> None:
    """Look through everything once, then never again at what stands now: modules and styles stay to the end.

    All of it takes up to 80 ms to look through, and while messages pass that fell due more than once a second. What
    came since takes up to 40 ms every 60,000 objects that stay, `for_screen` a few ms every 4,000 instead.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*(SHORT_LOOKS if for_screen else FEW_LOOKS))
