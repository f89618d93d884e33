"""Rows about what messages say and carry, without files and threads."""

from __future__ import annotations

import re
from typing import Any

from tests.fidelity.scene import FIRST_GENERAL, REPLY, Scene, one_of, text_of
from tests.fidelity.table import expect, feature

SECTION = "Messages"
NATIVE = "native"
VOICE = 1 << 13


def _answers(scene: Scene, name: str, words: str, answered: Any) -> str:
    """Return how a post says what it answers; `answered` is the post it should lead to, None where none stands."""
    post = scene.post(name, words)
    if post.type == REPLY and post.reference is not None:
        expect(answered is not None and post.reference.message_id == answered.id, post.reference)
        return NATIVE
    line = re.match(r"> -# ↪ (.+)\n", post.content)
    expect(line, post.content)
    assert line is not None
    if answered is not None and f"{scene.link(answered)})" in line[1]:
        return "quoted, with a link"
    expect("[jump]" not in line[1], line[1])
    return "said in words" if "deleted message" in line[1] else "quoted"


@feature(SECTION, "Text with Markdown")
def markdown(scene: Scene) -> str:
    expect(text_of(scene.post("general", "# Heading", FIRST_GENERAL).content) == scene.said("# Heading").content)
    return NATIVE


@feature(SECTION, "Texts of up to 4,000 characters")
def long_texts(scene: Scene) -> str:
    shown = [each.content for each in scene.posts("general", FIRST_GENERAL)]
    for mark in ("🍵", "one hundred and eleven up"):
        wanted = sum(each.content.count(mark) for each in scene.source.messages[_first_general(scene)])
        found = sum(text.count(mark) for text in shown)
        expect(wanted == found, f"{mark}: {found} of {wanted}")
    # The source's text of spoilers ends in a mark that opens nothing.
    closed = [text.removesuffix("\n||") for text in shown]
    expect(all(text.count("```") % 2 == 0 and text.count("||") % 2 == 0 for text in closed), "a block stays open")
    is_split = sum("🍵" in text for text in shown) > 1
    return one_of(is_split, {True: "in parts, blocks and spoilers closed in each", False: NATIVE})


def _first_general(scene: Scene) -> int:
    return next(each.id for each in scene.source.channels.values() if each.topic == FIRST_GENERAL)


@feature(SECTION, "Replies in the same channel")
def replies(scene: Scene) -> str:
    return _answers(scene, "links-and-replies", "answering the root", scene.post("links-and-replies", "the root of it"))


@feature(SECTION, "Replies to another channel")
def replies_elsewhere(scene: Scene) -> str:
    first = scene.post("general", "First!", FIRST_GENERAL)
    if scene.edits_posts:
        return _answers(scene, "links-and-replies", "answering another channel", first)
    # Whether the other channel was further by then is a matter of luck.
    line = scene.post("links-and-replies", "answering another channel").content.split("\n")[0]
    expect(line == "> -# ↪ **Tomasz**: First!" or line.endswith(f"{scene.link(first)})"), line)
    return "quoted, with a link where it stands already"


@feature(SECTION, "Replies to what comes later")
def replies_ahead(scene: Scene) -> str:
    later = next(each for each in scene.posts("links-and-replies") if text_of(each.content) == "what comes later")
    return _answers(scene, "links-and-replies", "answering what comes later", later)


@feature(SECTION, "Replies to deleted messages")
def replies_to_nothing(scene: Scene) -> str:
    return _answers(scene, "links-and-replies", "answering what was deleted", None)


@feature(SECTION, "Forwards")
def forwards(scene: Scene) -> str:
    posts = [each for each in scene.posts("links-and-replies") if "↪ Forwarded" in each.content]
    expect(len(posts) == 4 and "> ||spoiler||" in posts[0].content, posts)
    expect(len(posts[1].attachments) == 4 and posts[2].embeds[0]["title"] == "Harvest", posts)
    expect("> the bot cannot see this" in posts[3].content, posts[3])
    return "as a marked quote with files, embeds and origin"


@feature(SECTION, "Polls")
def polls(scene: Scene) -> str:
    content = scene.post("every-kind", "Tea or coffee?").content
    expect(re.search(r"60%` 🍵 Tea · 3 votes\n.*40%` ☕ Coffee · 2 votes\n.*0%` Water · 0 votes", content), content)
    expect("final result" in scene.post("every-kind", "📊 **Which days?**").content)
    return "as text, with the votes"


@feature(SECTION, "Poll results")
def poll_results(scene: Scene) -> str:
    expect("Saturday (4 of 5 votes)" in scene.post("every-kind", "Poll closed: Which days?").content)
    return "as text"


@feature(SECTION, "Embeds of bots")
def embeds(scene: Scene) -> str:
    [embed] = next((each.embeds for each in scene.posts("every-kind") if _title(each) == "Harvest"), [{}])
    expect([field["value"] for field in embed.get("fields", ())] == ["300", "112"], embed)
    expect(embed["color"] == 15844367 and embed["timestamp"].startswith("2026-10-01T08:00:00"), embed)
    expect((embed["author"]["name"], embed["footer"]["text"]) == ("Foreman", "weighed twice"), embed)
    return NATIVE


@feature(SECTION, "Embeds of webhooks")
def webhook_embeds(scene: Scene) -> str:
    found = next((each.embeds for each in scene.posts("every-kind") if _title(each) == "From a webhook"), ())
    expect([embed["description"] for embed in found] == ["two of them", "the second"], found)
    return NATIVE


@feature(SECTION, "More embeds than a post takes")
def many_embeds(scene: Scene) -> str:
    posts = [each for each in scene.posts("every-kind") if _title(each).startswith("Sheet")]
    titles = [embed["title"] for each in posts for embed in each.embeds]
    expect(titles == [f"Sheet {number} of 11" for number in range(1, 12)], titles)
    return NATIVE if len(posts) == 1 else f"in {len(posts)} posts"


@feature(SECTION, "Pictures of embeds that Discord hosts")
def embed_pictures(scene: Scene) -> str:
    post = scene.post("every-kind", "An embed with a picture of our own")
    urls = [post.embeds[0][place]["url"] for place in ("image", "thumbnail") if place in post.embeds[0]]
    names = {f"attachment://{file.filename}" for file in post.attachments}
    expect(urls and set(urls) <= names, urls)
    return "native, sent along as files"


@feature(SECTION, "Link previews")
def previews(scene: Scene) -> str:
    words = ("example.invalid/article", "example.invalid/film", "invalid/view/gull")
    expect(not any(scene.post("every-kind", each).embeds for each in words), "doubled")
    return "left to Fluxer, which makes its own"


@feature(SECTION, "Suppressed link previews")
def suppressed(scene: Scene) -> str:
    return one_of(bool(scene.post("every-kind", "suppressed https").flags & 4), {True: NATIVE})


@feature(SECTION, "Buttons and menus")
def components(scene: Scene) -> str:
    content = scene.post("every-kind", "Pick one").content
    expect("[Yes] [Rules](https://example.invalid/rules)\n[Choose: One · Two]" in content, content)
    return "as text"


@feature(SECTION, "Messages made of components only")
def components_only(scene: Scene) -> str:
    content = scene.post("every-kind", "All in components").content
    expect("without any content\nbeside a picture" in content, content)
    return "as text"


@feature(SECTION, "Marker of edited messages")
def edited(scene: Scene) -> str:
    expect("-# (edited)" in scene.post("every-kind", "edited once").content)
    return "as text"


@feature(SECTION, "Answers to commands")
def commands(scene: Scene) -> str:
    expect("-# /dice by Tomasz\n" in scene.post("every-kind", "4 and 3").content)
    return "with a line that names command and person"


@feature(SECTION, "Joins, pin notices, invitations and such")
def notices(scene: Scene) -> str:
    expect(scene.names("skipped (member join)", "skipped (pin notice)", "skipped (invite reminder)"), "not told")
    own = [each for name in ("every-kind", "lobby", "news") for each in scene.posts(name) if not each.webhook_id]
    expect(not own, own)
    return "left out, counted by rule"


@feature(SECTION, "Boosts, stages, AutoMod and other notices")
def told_notices(scene: Scene) -> str:
    for words in ("boosted the server", "opened the stage **Fireside**", "AutoMod flagged", "bought a role"):
        expect(any(words in each.content for each in scene.posts("every-kind")), words)
    return "as text"


@feature(SECTION, "Kinds of messages that are not known yet")
def unknown_kinds(scene: Scene) -> str:
    expect(scene.post("every-kind", "a kind from the future").type == 0)
    return "as text"


@feature(SECTION, "Pins")
def pins(scene: Scene) -> str:
    posts = [each for each in scene.posts("general", FIRST_GENERAL) if each.pinned_at]
    order = [text_of(each.content) for each in sorted(posts, key=lambda each: each.pinned_at)]
    source = scene.source.messages[_first_general(scene)]
    wanted = [each.content for each in sorted(source, key=lambda each: each.pinned_ms) if each.pinned_ms]
    expect(order == wanted, order)
    expect(not any(each.type == 6 for each in scene.posts("general", FIRST_GENERAL)), "with notices")
    return "native, in order, without notices"


@feature(SECTION, "Reactions")
def reactions(scene: Scene) -> str:
    post = scene.post("every-kind", "many faces")
    if post.reactions:
        return NATIVE
    tea = next(each.id for each in scene.target.emojis.values() if each.name == "tea")
    common = "🍵 5 · ❤️ 2 · 👩‍🚀 1 · 1️⃣ 1 · 🇪🇺 2"
    line = f"-# {common} · <:tea:{tea}> 3 · {_spin(scene)} 2 · :farspin: 1"
    expect(post.content.endswith(line), post.content)
    return "as a line with the counts"


@feature(SECTION, 'Reactions with `reactions = "native"`')
def native_reactions(scene: Scene) -> str:
    expect(scene.native_reactions is not None, "no such clone")
    posts = [each for each in scene.native_reactions.messages.values() if "Good morning" in each.content]
    expect(posts, "no such message")
    found = {(each.name, len(each.users)) for each in posts[0].reactions}
    expect(found == {("👋", 1), ("ok", 1), ("OK", 1), ("spin", 1)}, found)
    return "native, one of each; emojis of other servers left out"


@feature(SECTION, "Mentions of people")
def mentions(scene: Scene) -> str:
    post = scene.post("lobby", "Good morning")
    expect("Good morning @Oda," in post.content and not (post.mentions or post.mention_roles), post)
    return "as the name, without a ping"


@feature(SECTION, "Mentions of roles and channels")
def role_mentions(scene: Scene) -> str:
    post = scene.post("lobby", "Good morning")
    role = next(each.id for each in scene.target.roles.values() if each.name == "Villagers")
    channel = scene.place("general", FIRST_GENERAL).id
    expect(f"<@&{role}> and <#{channel}>!" in post.content and not post.mention_roles, post)
    return "native, without a ping"


@feature(SECTION, "@everyone and @here")
def everyone(scene: Scene) -> str:
    post = scene.post("lobby", "nobody should be woken")
    expect("@everyone" in post.content and not (post.mentions_everyone or post.mentions), post)
    return "as text, without a ping"


@feature(SECTION, "The server's own emojis in text")
def own_emojis(scene: Scene) -> str:
    ids = {each.name: each.id for each in scene.target.emojis.values()}
    post = scene.post("lobby", "Good morning")
    expect(f"<:ok:{ids.get('ok')}> <:OK:{ids.get('OK')}> {_spin(scene)} 🎉" in post.content, post.content)
    return NATIVE


@feature(SECTION, "Emojis of other servers in text")
def foreign_emojis(scene: Scene) -> str:
    expect(scene.post("lobby", "nobody should be woken").content.endswith(" :far:"))
    return "as the name"


def _spin(scene: Scene) -> str:
    return next((f"<a:spin:{each.id}>" for each in scene.target.emojis.values() if each.name == "spin"), "missing")


def _title(post: Any) -> str:
    return post.embeds[0].get("title", "") if post.embeds else ""
