"""The people, bots, webhooks and roles of the Tin Lighthouse."""

import hashlib
import random

from reaper_tui.sandbox.community import permissions as may
from reaper_tui.sandbox.community.nouns import Person, Role
from reaper_tui.sandbox.community.snowflake import snowflake

# username | display name | nick | roles | languages | talkativeness
_MEMBERS = """
oda.lind | Oda | Oda (keeper) | keeper | en de | 7
tomasz_k | Tomasz | | keeper | en de | 6
mirela | Mirela Voss | | mod artist | en de | 6
halvard | Halvard | hal | mod | en de | 5
yuki.no.inu | ゆき | | artist supporter | en ja | 5
sardinequeen | Sardine Queen 🐟 | | supporter tester | en es | 8
brasslamp | brasslamp | | tester coder | en tr | 6
noor_alhadi | نور | Noor | tester | en ar | 4
p1ckle | pickle | | tester | en fr | 7
devika.r | Devika | | coder supporter | en hi | 5
grumbly_otter | Grumbly Otter | | | en de | 6
kenji_m | 健二 | Kenji | composer | en ja | 3
marisol | Marisol | | supporter | en es | 4
ahmad.s | أحمد | | | en ar | 3
priya_k | प्रिया | Priya | | en hi | 3
elif.d | Elif | | | en tr | 3
luc_p | Luc | | composer | en fr | 3
lighthouse_larry | Larry | Larry (dad jokes) | supporter | en | 5
zofia.w | Zosia | | artist | en de | 4
fogbank | fogbank | | | en | 4
quietstorm77 | quiet storm | | tester | en | 3
jonas.bremen | Jonas | | tester | en de | 5
tidepool | tidepool 🪼 | | artist | en | 4
wrenches | Wren | Wren (she/they) | coder | en | 5
bela_bakes | Béla | | | en de | 3
sam_the_gull | Sam | definitely a gull | supporter | en | 6
moss.and.rust | moss & rust | | coder tester | en | 4
captain_null | Captain NULL | | coder | en | 5
haruka.t | はるか | | | en ja | 2
nightkeeper | nightkeeper | | | en | 4
old_ben | Ben | Old Ben | | en | 2
tiny_trombone | tiny trombone | | composer | en | 3
vesper | vesper ✨ | | artist supporter | en | 3
rohan.codes | Rohan | | coder | en hi | 2
greta.mp3 | Greta | | | en de | 2
"""
_FOUNDERS = 17
_BOTS = ("Foreman", "Tide Table", "Jukebox Gull")
_WEBHOOKS = ("Build Tower", "Shipping News")
# key | name | colour | hoisted | mentionable | permissions
_ROLES = """
reader | Reaper | 0x0 | | |
bots | Bots | 0x607d8b | yes | |
supporter | Supporters | 0xf47fff | | |
booster | Supporters | 0xff73fa | | |
tester | Playtesters | 0x2ecc71 | | yes |
composer | Composers | 0x9b59b6 | | |
artist | Pixel Artists | 0xe67e22 | yes | yes |
coder | Tinkerers | 0x3498db | | yes |
mod | Harbour Watch | 0xe74c3c | yes | yes | watch
keeper | Lighthouse Keepers | 0xf1c40f | yes | | all
"""


def digest(seed: int, *words: object) -> str:
    """Return 32 hexadecimal digits that depend on nothing but the arguments."""
    return hashlib.md5(repr((seed, *words)).encode(), usedforsecurity=False).hexdigest()


def gather_roles(seed: int, guild_id: int, opened_ms: int) -> dict[str, Role]:
    """Return the roles by key, `everyone` first, lowest first."""
    roles = {"everyone": Role(id=guild_id, name="@everyone", position=0, permissions=may.TALK)}
    grants = {"": 0, "watch": may.MANAGE_MESSAGES | may.KICK_MEMBERS | may.BAN_MEMBERS | may.MANAGE_THREADS}
    grants["all"] = may.ADMINISTRATOR
    for position, line in enumerate(_ROLES.strip().splitlines(), start=1):
        key, name, color, hoisted, mentionable, grant = (cell.strip() for cell in line.split("|"))
        roles[key] = Role(
            id=snowflake(opened_ms + position * 61_000, seed % 1000 * 16 + position),
            name=name,
            position=position,
            color=int(color, 16),
            permissions=may.READER if key == "reader" else grants[grant],
            is_hoisted=bool(hoisted),
            is_mentionable=bool(mentionable),
        )
    return roles


def gather_people(seed: int, roles: dict[str, Role], opened_ms: int, closing_ms: int) -> dict[int, Person]:
    """Return the members, bots and webhooks by id; the first one owns the guild."""
    rng = random.Random(f"people/{seed}")
    people: list[Person] = []
    lines = _MEMBERS.strip().splitlines()
    for index, line in enumerate(lines):
        username, display_name, nick, role_keys, languages, weight = (cell.strip() for cell in line.split("|"))
        made_ms = opened_ms - rng.randrange(30, 2500) * 86_400_000 - rng.randrange(86_400_000)
        later = max(0, index - _FOUNDERS) / (len(lines) - _FOUNDERS)
        joined_ms = opened_ms + int((closing_ms - opened_ms) * 0.85 * later**1.3)
        joined_ms += index * 600_000 + rng.randrange(600_000)
        people.append(
            Person(
                id=snowflake(made_ms, index),
                username=username,
                display_name=display_name or None,
                nick=nick or None,
                avatar=None if index % 9 == 8 else ("a_" if index % 11 == 5 else "") + digest(seed, "avatar", username),
                roles=tuple(roles[key].id for key in role_keys.split()),
                joined_ms=joined_ms,
                languages=tuple(languages.split()),
                talkativeness=float(weight) * rng.uniform(0.6, 1.5),
            )
        )
    people.append(
        Person(
            id=snowflake(opened_ms - 400 * 86_400_000, 900),
            username=f"deleted_user_{digest(seed, 'gone')[:12]}",
            display_name=None,
            has_left=True,
            joined_ms=opened_ms + 86_400_000,
            talkativeness=0.8,
        )
    )
    for index, name in enumerate(_BOTS):
        people.append(
            Person(
                id=snowflake(opened_ms - (index + 90) * 86_400_000, 910 + index),
                username=name,
                display_name=None,
                avatar=digest(seed, "avatar", name),
                roles=(roles["bots"].id,),
                joined_ms=opened_ms + 7_200_000 * (index + 1),
                is_bot=True,
            )
        )
    for index, name in enumerate(_WEBHOOKS):
        people.append(
            Person(
                id=snowflake(opened_ms + (index + 3) * 86_400_000, 920 + index),
                username=name,
                display_name=None,
                avatar=digest(seed, "avatar", name) if index == 0 else None,
                is_bot=True,
                is_webhook=True,
            )
        )
    return {person.id: person for person in people}
