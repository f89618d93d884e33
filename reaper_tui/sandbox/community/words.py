"""Fills the slots of a written line."""

import random
from collections.abc import Callable, Iterable

from reaper_tui.sandbox.community.script import Part
from reaper_tui.sandbox.community.world import World

_BANKS = {
    "food": "lentil soup|cardamom buns|a very sad sandwich|ramen|dal, day two|pierogi|fish fingers|khachapuri",
    "city": "Bremen|Gdańsk|Tromsø|Lisbon|Osaka|Pune|Amman|Montréal|Porto|Leith|Izmir|Aarhus",
    "game": "Hollow Knight|Outer Wilds|Stardew|Return of the Obra Dinn|Celeste|Dredge|Factorio|Spelunky",
    "animal": "cat|crow|very round pigeon|heron|seal|hedgehog|crab with ambitions|moth|fox",
    "weather": "fog|sideways rain|sun, suspicious|first frost|a proper storm|drizzle",
    "lamp": "the Fresnel lens|the brass lamp|the backup lamp|the kerosene lamp|the lamp in level 3",
    "island": "Skerry Nine|Gannet Rock|Widow's Tooth|Little Sorrow|the Soup Islands",
    "time": "18:30|20:00|21 UTC|after dinner|in ten minutes|Saturday, 19:00",
}
_CHOICES = {name: bank.split("|") for name, bank in _BANKS.items()}


def fill(
    rng: random.Random, world: World, parts: Iterable[Part], speaker: Callable[[str], int], kept: dict[str, str]
) -> str:
    """Return the text of `parts`; `speaker` tells who plays a part, `kept` holds words that come again."""
    return "".join(part if isinstance(part, str) else _word(rng, world, *part, speaker, kept) for part in parts)


def _word(
    rng: random.Random, world: World, name: str, argument: str, speaker: Callable[[str], int], kept: dict[str, str]
) -> str:
    if name in _CHOICES:
        return kept.setdefault(name + argument, rng.choice(_CHOICES[name])) if argument else rng.choice(_CHOICES[name])
    match name:
        case "one" if argument:
            return rng.choice(argument.split("|"))
        case "n" if argument:
            low, _, high = argument.partition("-")
            return str(rng.randint(int(low), int(high)))
        case "emoji":
            return rng.choice(world.emojis).markup
        case "e":
            return world.emoji_by_name[argument].markup
        case "at" if argument:
            return f"<@{speaker(argument)}>"
        case "role":
            return f"<@&{world.role_id(argument)}>"
        case "ch":
            channel_id = world.channel_by_theme.get(argument)
            return f"<#{channel_id}>" if channel_id else f"#{argument}"
        case "link":
            if not world.quotable:
                return "(scroll up a bit)"
            channel_id, message = rng.choice(world.quotable)
            return f"https://discord.com/channels/{world.guild_id}/{channel_id}/{message.id}"
        case "stamp":
            moment = world.closes_ms // 1000 - rng.randrange(86_400 * 90)
            return f"<t:{moment}:{argument or 'f'}>"
        case _:
            return "{" + name + (":" + argument if argument else "") + "}"
