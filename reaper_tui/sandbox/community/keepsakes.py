"""Custom emojis and stickers of the guild."""

from reaper_tui.sandbox.community.nouns import Emoji, Sticker
from reaper_tui.sandbox.community.snowflake import snowflake

_EMOJIS = """
lamp gullstare tinheart keeperwave foghorn sardine blobtea ok OK teacup bugsquash thisisfine_gull wavecrash soup
rustbucket pixelcat gg sneaky_crab lantern_hug compass_spin what_the_hull
"""
_ANIMATED = ("partygull", "spinlamp", "lampflicker", "crabrave", "typing_gull", "heartbeam")
# name | description | tags | format
_STICKERS = """
Ahoy Gull | A gull lifts its cap | wave | 1
Lamp Lit | The lamp goes on | bulb | 2
Soup Time | A very full bowl | stew | 1
Storm Warning | Clouds roll in | cloud_lightning | 3
Tin Hug | Two keepers hug | people_hugging | 2
"""


def forge_emojis(opened_ms: int) -> list[Emoji]:
    """Return the static emojis, then the animated ones."""
    return [
        Emoji(snowflake(opened_ms + 3_600_000 * (index + 5), 5000 + index), name, is_animated=name in _ANIMATED)
        for index, name in enumerate([*_EMOJIS.split(), *_ANIMATED])
    ]


def print_stickers(opened_ms: int) -> list[Sticker]:
    """Return the guild's stickers: png, apng and lottie."""
    stickers: list[Sticker] = []
    for index, line in enumerate(_STICKERS.strip().splitlines()):
        name, description, tags, kind = (cell.strip() for cell in line.split("|"))
        stickers.append(
            Sticker(snowflake(opened_ms + 7_200_000 * (index + 9), 5100), name, description, tags, int(kind))
        )
    return stickers
