"""Rows about roles, channels, emojis and the server itself."""

from __future__ import annotations

from typing import Any

from tests.fidelity.scene import CATEGORY, Scene, one_of
from tests.fidelity.table import expect, feature

SECTION = "Server"
KICK, BAN, VIEW, SEND, MANAGE_MESSAGES, CONNECT, MANAGE_THREADS = (1 << bit for bit in (1, 2, 10, 11, 13, 20, 34))
ONLY_DISCORD = {19: "View Server Insights", 31: "Use Application Commands", 42: "Use Soundboard", 50: "External Apps"}
NATIVE = "native"


@feature(SECTION, "Name, icon and banner")
def identity(scene: Scene) -> str:
    guild = scene.target.guild
    expect(guild.name == scene.source.name and guild.icon and guild.banner, guild)
    return NATIVE


@feature(SECTION, "Roles: name, colour, order, shown apart, mentionable")
def roles(scene: Scene) -> str:
    wanted = [each for each in scene.source.roles if each.id != scene.source.id and not each.is_managed_by]
    own = {scene.target.guild.id, *scene.target.members[scene.bot_id].roles}
    found = [each for each in scene.target.roles.values() if each.id not in own]
    wanted.sort(key=lambda each: each.position)
    found.sort(key=lambda each: each.position)
    shown = [[(each.name, each.color, each.is_hoisted, each.is_mentionable) for each in row] for row in (wanted, found)]
    expect(shown[0] == shown[1], shown[1])
    return NATIVE


@feature(SECTION, "Permissions of roles")
def permissions(scene: Scene) -> str:
    by_name = {each.name: each.permissions for each in scene.target.roles.values() if each.name != "mod"}
    mods = [each.permissions for each in scene.target.roles.values() if each.name == "mod" and each.is_hoisted]
    expect(mods and mods[0] & (KICK | BAN | MANAGE_MESSAGES) == KICK | BAN | MANAGE_MESSAGES, mods)
    far = next(each for each in scene.source.roles if each.name == "Bits that only Discord knows")
    expect(far.name in by_name, by_name)
    lost = [word for bit, word in ONLY_DISCORD.items() if far.permissions & ~by_name[far.name] & 1 << bit]
    expect(scene.names(*lost), lost)
    return "native; those Fluxer does not know are named" if lost else NATIVE


@feature(SECTION, "Permissions about threads")
def thread_permissions(scene: Scene) -> str:
    mods = [each for each in scene.target.roles.values() if each.name == "mod" and each.is_hoisted]
    expect(mods, "no such role")
    if mods[0].permissions & MANAGE_THREADS:
        return NATIVE
    expect(scene.names("Manage Threads"), "not told")
    return "left out, named"


@feature(SECTION, "Roles of bots and integrations")
def managed_roles(scene: Scene) -> str:
    expect([each.name for each in scene.target.roles.values()].count("reaper") == 1, "made anew")
    expect(scene.names("role reaper", "belongs to a bot"), "not told")
    return "left out, named"


@feature(SECTION, "Categories, and the order of channels")
def order(scene: Scene) -> str:
    def names(channels: dict[int, Any], *, is_own: bool) -> list[tuple[str, str]]:
        rows = sorted(channels.values(), key=lambda each: (each.position, each.id))
        parents = {each.id: each.name for each in rows}
        shown = [(each.name, parents.get(each.parent_id, "")) for each in rows if each.type in kinds]
        return [row for row in shown if row in wanted] if is_own else shown

    kinds = (0, CATEGORY, 5, 15, 16)
    wanted = [row for row in names(scene.source.channels, is_own=False) if row[0] != "vault"]
    found = names(scene.target.channels, is_own=True)
    expect(found == wanted, found)
    return NATIVE


@feature(SECTION, "Channels of the same name")
def same_names(scene: Scene) -> str:
    topics = {each.topic for each in scene.target.channels.values() if each.name == "general" and each.topic}
    expect(len(topics) == 3 and {"whats-up", "what's-up"} <= {each.name for each in scene.target.channels.values()})
    return "native, kept apart"


@feature(SECTION, "Text channels")
def text(scene: Scene) -> str:
    return one_of(scene.place("lobby").type, {0: NATIVE})


@feature(SECTION, "Announcement channels")
def announcement(scene: Scene) -> str:
    return one_of(scene.place("news").type, {5: NATIVE, 0: "a text channel"})


@feature(SECTION, "Voice channels with bitrate and limit of people")
def voice(scene: Scene) -> str:
    found = scene.place("Bridge")
    expect((found.bitrate, found.user_limit) == (96_000, 7), found)
    return one_of(found.type, {2: NATIVE})


@feature(SECTION, "Stage channels")
def stage(scene: Scene) -> str:
    return one_of(scene.place("Town Hall").type, {13: NATIVE, 2: "a voice channel"})


@feature(SECTION, "Text of voice and stage channels")
def chat(scene: Scene) -> str:
    has_own = any("text in a voice channel" in post.content for post in scene.posts("Bridge"))
    if has_own:
        return NATIVE
    beside = scene.post("Bridge-chat", "text in a voice channel")
    expect(scene.place("Bridge-chat").parent_id == scene.place("Bridge").parent_id, beside)
    return "in a text channel beside it"


@feature(SECTION, "Forums with their tags")
def forum(scene: Scene) -> str:
    found = scene.place("ideas")
    if found.type == 15:
        wanted = [(tag.name, tag.is_moderated, bool(tag.emoji_id)) for tag in scene.source_channel("ideas").tags]
        expect([(tag.name, tag.is_moderated, bool(tag.emoji_id)) for tag in found.tags] == wanted, found.tags)
    return one_of(found.type, {15: NATIVE, 0: "a text channel"})


@feature(SECTION, "Media channels")
def media(scene: Scene) -> str:
    return one_of(scene.place("gallery").type, {16: NATIVE, 15: "a forum", 0: "a text channel"})


@feature(SECTION, "Topics")
def topic(scene: Scene) -> str:
    expect(scene.place("lobby").topic == scene.source_channel("lobby").topic)
    return NATIVE


@feature(SECTION, "Slow mode")
def slow_mode(scene: Scene) -> str:
    return one_of(scene.place("files").rate_limit_per_user, {30: NATIVE})


@feature(SECTION, "Age restriction")
def age_restriction(scene: Scene) -> str:
    return one_of(scene.place("cellar").is_nsfw, {True: NATIVE})


@feature(SECTION, "Private channels and categories")
def private(scene: Scene) -> str:
    for hidden in ("guests", "cellar", "Back office"):
        bodies = [body for body in scene.made if body["name"] == hidden]
        expect(len(bodies) == 1, hidden)
        rows = {row["id"]: int(row["deny"]) for row in bodies[0]["permission_overwrites"]}
        expect(rows.get(str(scene.target.guild.id), 0) & VIEW, f"{hidden} was open")
    expect(any(each.deny & VIEW for each in scene.category("Back office").overwrites), "open now")
    return "native, closed from the first moment"


@feature(SECTION, "Overwrites of roles and @everyone")
def role_overwrites(scene: Scene) -> str:
    rows = {each.id: each for each in scene.place("news").overwrites}
    everyone = rows.pop(scene.target.guild.id, None)
    allowed = {scene.target.roles[each.id].name for each in rows.values() if each.allow & SEND and not each.type}
    expect(everyone and everyone.deny & SEND and allowed == {"mod"}, scene.place("news").overwrites)
    return NATIVE


@feature(SECTION, "Overwrites of members who are on Fluxer (`copy.members`)")
def member_overwrites(scene: Scene) -> str:
    known = {each.id for each in scene.target.users.values() if each.username == "tomasz_k"}
    found = [each for each in scene.place("guests").overwrites if each.type == 1 and each.id in known]
    expect(found and found[0].allow & (VIEW | MANAGE_MESSAGES) == VIEW | MANAGE_MESSAGES, found)
    return NATIVE


@feature(SECTION, "Overwrites of other members")
def other_overwrites(scene: Scene) -> str:
    expect(sum(each.type == 1 for each in scene.place("guests").overwrites) == 1, scene.place("guests"))
    expect(scene.names("what 2 people may do in single channels", "copy.members"), "not told")
    return "left out, named"


@feature(SECTION, "Channels the bot may not see")
def hidden_channels(scene: Scene) -> str:
    expect("vault" not in {each.name for each in scene.target.channels.values()})
    expect(scene.names("1 hidden channel", "may not view it"), "not told")
    return "left out, named"


def _emoji(scene: Scene, *, is_animated: bool) -> str:
    wanted = sorted(each.name for each in scene.source.emojis if each.is_animated == is_animated)
    found = sorted(each.name for each in scene.target.emojis.values() if each.is_animated == is_animated)
    expect(found == wanted, found)
    return NATIVE


@feature(SECTION, "Emojis")
def emojis(scene: Scene) -> str:
    return _emoji(scene, is_animated=False)


@feature(SECTION, "Animated emojis")
def animated_emojis(scene: Scene) -> str:
    return _emoji(scene, is_animated=True)


def _sticker(scene: Scene, name: str, *, moves: bool) -> str:
    found = [each for each in scene.target.stickers.values() if each.name == name]
    expect(len(found) == 1 and found[0].is_animated == moves, found)
    return NATIVE


@feature(SECTION, "Stickers: PNG")
def png_stickers(scene: Scene) -> str:
    return _sticker(scene, "Wave", moves=False)


@feature(SECTION, "Stickers: APNG")
def apng_stickers(scene: Scene) -> str:
    return _sticker(scene, "Dance", moves=True)


@feature(SECTION, "Stickers: GIF")
def gif_stickers(scene: Scene) -> str:
    return _sticker(scene, "Blink", moves=True)


@feature(SECTION, "Stickers: Lottie")
def lottie_stickers(scene: Scene) -> str:
    return f"{_sticker(scene, 'Fall', moves=True)}, drawn as a moving picture"
