from __future__ import annotations

from typing import Any

import msgspec
import pytest

from reaper_tui.model.community import Limits
from reaper_tui.model.composition import Degrade, Flow
from reaper_tui.model.ids import unix_seconds
from reaper_tui.model.message import (
    Attachment,
    Author,
    Message,
    Poll,
    PollAnswer,
    Quote,
    Reaction,
    Reference,
    Snapshot,
    StickerItem,
)
from reaper_tui.model.outgoing import Composition
from reaper_tui.model.text import utf16_length
from reaper_tui.writer.compose import MessageComposer, author_key
from reaper_tui.writer.webhooks import said_reply

MIB = 2**20
ADA = Author(id=5, name="Ada", avatar_url="https://cdn.example/a.png")
FIRST = 1 << 60
MINUTE = 60_000 << 22


class Places:
    def channel(self, source_id: int) -> int | None:
        return {10: 910, 11: 911}.get(source_id)

    def channel_name(self, source_id: int) -> str:
        return f"channel-{source_id}"

    def role(self, source_id: int) -> int | None:
        return None

    def role_name(self, source_id: int) -> str:
        return "Mods"

    def emoji(self, source_id: int) -> tuple[int, str, bool] | None:
        return {30: (930, "ok", False)}.get(source_id)

    def message(self, source_id: int) -> tuple[int, int] | None:
        return {40: (910, 940), 41: (911, 941)}.get(source_id)


def composer(**changes: Any) -> MessageComposer:
    settings: dict[str, Any] = {"timestamps": "none", **changes}
    return MessageComposer(
        limits=Limits(), source_guild_id=1, community_id=2, link_base="https://fluxer.example", **settings
    )


def message(content: str = "", **fields: Any) -> Message:
    return msgspec.structs.replace(Message(id=FIRST, channel_id=10, kind=0, author=ADA, content=content), **fields)


def composed(said: Message, flow: Flow = Flow(), degrade: Degrade = Degrade(), **changes: Any) -> Composition:  # noqa: B008
    return composer(**changes).compose(said, Places(), flow, degrade)


def text(said: Message, **more: Any) -> str:
    parts = composed(said, **more).parts
    assert len(parts) == 1
    return parts[0].content


def test_an_ordinary_message_goes_over_as_it_is() -> None:
    (part,) = composed(message("hello **there**")).parts
    assert (part.content, part.username, part.avatar_url) == ("hello **there**", "Ada", "https://cdn.example/a.png")
    assert not part.embeds
    assert not part.files


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("", "Unknown"),
        ("\u200b \u3164", "Unknown"),
        ("x" * 90, "x" * 80),
        ("😀" * 60, "😀" * 40),
        (" a\n b\x00 ", "a b"),
    ],
)
def test_any_author_has_a_name_the_target_takes(name: str, expected: str) -> None:
    said = message("x", author=Author(id=5, name=name, avatar_url="not an address"))
    (part,) = composed(said).parts
    assert (part.username, part.avatar_url) == (expected, "")


def test_times_are_grouped_by_author_and_pause() -> None:
    said = message("x")
    stamp = f"-# <t:{int(unix_seconds(FIRST))}:f>\n"
    here = Flow(author_key(said), unix_seconds(FIRST) - 60)
    assert text(said, timestamps="grouped") == stamp + "x"
    assert text(said, timestamps="grouped", flow=here) == "x"
    assert text(said, timestamps="grouped", flow=here._replace(previous_author="5:Bob")) == stamp + "x"
    assert text(said, timestamps="grouped", flow=here._replace(previous_at=unix_seconds(FIRST) - 421)) == stamp + "x"
    assert text(said, timestamps="every", flow=here) == stamp + "x"
    assert text(said, timestamps="none") == "x"


def test_another_container_is_announced_with_the_time() -> None:
    said = message("x")
    flow = Flow(author_key(said), unix_seconds(FIRST), "🧵 Thread: *plans*")
    assert text(said, timestamps="grouped", flow=flow).splitlines()[:2] == [
        r"-# 🧵 Thread: \*plans\*",
        f"-# <t:{int(unix_seconds(FIRST))}:f>",
    ]


def test_webhooks_with_many_names_are_told_apart() -> None:
    one, other = message("x", author=Author(9, "Deploys")), message("x", author=Author(9, "Alerts"))
    assert author_key(one) != author_key(other)
    assert composer().author_key(one) == author_key(one)


def reply(**fields: Any) -> Message:
    return message("sure", kind=19, reference=Reference(40, 10, 1), **fields)


def test_a_reply_quotes_and_links_what_it_answers() -> None:
    said = reply(quote=Quote("B*b", "shall **we** <@5>\ngo?"), mentions={5: "Ada"})
    assert text(said) == (
        r"> -# ↪ **B\*b**: shall we @Ada go? [jump](https://fluxer.example/channels/2/910/940)" + "\nsure"
    )


def test_replies_say_when_the_answered_message_is_missing() -> None:
    assert text(reply(is_quote_deleted=True)) == "> -# ↪ in reply to a deleted message\nsure"
    unknown = message("sure", kind=19, reference=Reference(404))
    assert text(unknown) == "> -# ↪ in reply to an earlier message\nsure"
    assert text(reply(quote=Quote("Bob", "", True))).startswith("> -# ↪ **Bob**: 📎")


def test_a_quote_is_short_closed_and_gives_no_spoiler_away() -> None:
    quote = Quote("Bob", "**a ||secret|| [x](https://a.example) `code` https://b.example/a_b " + "long_er " * 40)
    line = text(reply(quote=quote)).splitlines()[0]
    said = line.removeprefix("> -# ↪ **Bob**: ").partition(" [jump]")[0]
    assert "secret" not in said
    assert said.startswith(r"\*\*a ▇▇▇ x code <https://b.example/a_b> long_er")
    assert said.endswith("…")
    assert len(said) <= 126


def test_a_quoting_reply_keeps_the_two_quotes_apart() -> None:
    said = message("> theirs\nmine", kind=19, is_quote_deleted=True)
    assert text(said) == "> -# ↪ in reply to a deleted message\n\n> theirs\nmine"


def test_native_replies_point_at_posts_of_the_same_channel_only() -> None:
    (part,) = composed(reply(quote=Quote("Bob", "?")), native_replies=True).parts
    assert (part.content, part.reply_to) == ("sure", 940)
    elsewhere = message("sure", kind=19, reference=Reference(41), quote=Quote("Bob", "?"))
    (part,) = composed(elsewhere, native_replies=True).parts
    assert part.reply_to is None
    assert part.content.startswith("> -# ↪ **Bob**")


def test_a_native_reply_can_still_say_what_it_answers() -> None:
    (part,) = composed(reply(quote=Quote("Bob", "?")), native_replies=True).parts
    assert part.reply_line.startswith("> -# ↪ **Bob**: ?")
    said = said_reply(part)
    assert said.content == composed(reply(quote=Quote("Bob", "?"))).parts[0].content
    long = msgspec.structs.replace(reply(quote=Quote("Bob", "?")), content="word " * 700)
    first, _ = composed(long, native_replies=True).parts
    assert utf16_length(said_reply(first).content) <= 2000


def test_a_reply_that_says_nothing_itself_is_never_empty() -> None:
    (part,) = composed(msgspec.structs.replace(reply(), content=""), native_replies=True).parts
    assert part.reply_to is None
    assert part.content.startswith("> -# ↪")
    quoting = msgspec.structs.replace(reply(), content="> so?")
    (part,) = composed(quoting, native_replies=True).parts
    assert (part.content, part.reply_to) == ("> so?", 940)


VOICE = Attachment(1, "voice-message.ogg", "https://c.example/1", 10, duration_seconds=12.4, waveform="AAE=")


def test_a_voice_message_stays_one_below_what_has_to_be_said() -> None:
    said = message(attachments=(VOICE,), is_voice_message=True)
    (part,) = composed(said, native_voice=True).parts
    assert (part.content, part.voice_line) == ("", "-# 🎤 Voice message (0:12)")
    assert (part.files[0].duration_seconds, part.files[0].waveform) == (12.4, "AAE=")
    head, voice = composed(said, native_voice=True, timestamps="every").parts
    assert head.content.startswith("-# <t:")
    assert not head.files
    assert (voice.content, len(voice.files)) == ("", 1)
    (part,) = composed(said).parts
    assert (part.content, part.voice_line, len(part.files)) == ("-# 🎤 Voice message (0:12)", "", 1)


@pytest.mark.parametrize(
    ("fields", "degrade"),
    [
        ({"attachments": (msgspec.structs.replace(VOICE, waveform=""),)}, Degrade()),
        ({"attachments": (VOICE, msgspec.structs.replace(VOICE, id=2))}, Degrade()),
        ({"attachments": (VOICE,)}, Degrade(lost={1: "gone"})),
        ({"attachments": (VOICE,), "embeds": ({"title": "t"},)}, Degrade()),
    ],
)
def test_what_cannot_be_a_voice_message_is_said_to_be_one(fields: dict[str, Any], degrade: Degrade) -> None:
    parts = composed(message(is_voice_message=True, **fields), degrade=degrade, native_voice=True).parts
    assert not any(part.voice_line for part in parts)
    assert "🎤 Voice message" in parts[0].content


def test_a_voice_message_that_answers_says_so_in_words() -> None:
    said = msgspec.structs.replace(
        msgspec.structs.replace(reply(), content=""), attachments=(VOICE,), is_voice_message=True
    )
    head, voice = composed(said, native_voice=True, native_replies=True).parts
    assert head.content.startswith("> -# ↪")
    assert (head.reply_to, voice.reply_to) == (None, None)


def test_a_vector_sticker_is_drawn_where_that_can_be_done() -> None:
    said = message(stickers=(StickerItem(1, "dance", "u", "lottie"),))
    (part,) = composed(said, draws_lottie=True).parts
    (slot,) = part.files
    assert (slot.filename, slot.is_lottie, part.content) == ("dance.webp", True, "")


def test_only_the_first_part_of_a_long_reply_points_back() -> None:
    said = msgspec.structs.replace(reply(), content="word " * 700)
    assert [part.reply_to for part in composed(said, native_replies=True).parts] == [940, None]


def test_references_are_everything_compose_asks_for() -> None:
    link = "https://discord.com/channels/1/10/"
    said = message(
        f"{link}50",
        kind=19,
        reference=Reference(40),
        quote=Quote("Bob", f"{link}51"),
        embeds=({"description": f"{link}52", "fields": [{"name": "n", "value": f"{link}53"}]},),
        snapshots=(Snapshot(content=f"{link}54"),),
        component_text=(f"{link}55",),
    )
    assert composer().references(said) == {40, 50, 51, 52, 53, 54, 55}


def test_an_id_that_can_be_none_is_no_reference() -> None:
    link = "https://discord.com/channels/1/10/99999999999999999999"
    assert composer().references(message(link)) == set()
    assert text(message(link)) == link


def test_files_go_along_with_names_descriptions_and_spoilers() -> None:
    files = (
        Attachment(1, "my photo.png", "https://c.example/1", 10, description=" a cat "),
        Attachment(2, "SPOILER_end.png", "https://c.example/2", 0),
        Attachment(3, "x.bin", "https://c.example/3", 25 * MIB, is_spoiler=True),
    )
    stickers = (StickerItem(4, "wave hi", "https://c.example/4", "apng"), StickerItem(5, "spin", "u", "gif"))
    composition = composed(message(attachments=files, stickers=stickers))
    (part,) = composition.parts
    assert part.content == ""
    assert [slot.filename for slot in part.files] == [
        "my_photo.png",
        "SPOILER_end.png",
        "x.bin",
        "wave_hi.png",
        "spin.gif",
    ]
    assert [slot.is_spoiler for slot in part.files] == [False, True, True, False, False]
    assert part.files[0].description == "a cat"
    assert not composition.placeholders


def test_what_stays_behind_is_named_with_size_and_reason() -> None:
    files = (
        Attachment(1, "film.mp4", "u", 60 * MIB),
        Attachment(2, "gone.png", "u", 100),
        Attachment(3, "ok.png", "u", 1),
    )
    composition = composed(message("look", attachments=files), degrade=Degrade(lost={2: "no longer there"}))
    (part,) = composition.parts
    assert part.content.splitlines() == [
        "look",
        "📎 film.mp4 (60.0 MiB) — larger than this community takes (25 MiB)",
        "📎 gone.png (100 B) — no longer there",
    ]
    assert [slot.key for slot in part.files] == [3]
    assert composition.placeholders == (
        ("film.mp4", "larger than this community takes (25 MiB)"),
        ("gone.png", "no longer there"),
    )


def test_a_vector_sticker_is_named() -> None:
    assert text(message(stickers=(StickerItem(1, "dance", "u", "lottie"),))) == "[sticker: dance]"


def test_many_files_take_several_posts_below_the_text() -> None:
    files = tuple(Attachment(number, f"{number}.png", "u", 1) for number in range(1, 24))
    parts = composed(message("all", attachments=files)).parts
    assert [len(part.files) for part in parts] == [10, 10, 3]
    assert [part.content for part in parts] == ["all", "", ""]
    assert {part.username for part in parts} == {"Ada"}
    assert [slot.key for part in parts for slot in part.files] == list(range(1, 24))


def test_long_text_with_files_and_embeds_is_split_with_nothing_lost() -> None:
    said = message(
        "```py\n" + "print('hello')\n" * 260 + "```",
        author=Author(6, "Bot", is_bot=True),
        attachments=tuple(Attachment(number, f"{number}.png", "u", 1) for number in range(1, 13)),
        embeds=tuple({"type": "rich", "title": str(number)} for number in range(11)),
    )
    parts = composed(said).parts
    assert [utf16_length(part.content) <= 2000 for part in parts] == [True] * len(parts)
    assert all(part.content.count("```") % 2 == 0 for part in parts)
    assert sum(part.content.count("print") for part in parts) == 260
    assert [slot.key for part in parts for slot in part.files] == list(range(1, 13))
    assert [embed["title"] for part in parts for embed in part.embeds] == [str(number) for number in range(11)]
    assert not parts[0].files


def test_refused_embeds_are_said_and_refused_files_named() -> None:
    said = message("x", author=Author(6, "Bot", is_bot=True), embeds=({"title": "T", "description": "D"},))
    (part,) = composed(said, degrade=Degrade(without_embeds=True)).parts
    assert (part.content, part.embeds) == ("x\n> **T**\n> D", ())
    (part,) = composed(
        message(attachments=(Attachment(1, "a.png", "u", 1),)), degrade=Degrade(without_files=True)
    ).parts
    assert part.content == "📎 a.png (1 B) — this community refused it"
    (part,) = composed(message("x"), degrade=Degrade(without_avatar=True)).parts
    assert part.avatar_url == ""


def test_a_placeholder_stands_for_a_message_that_was_refused() -> None:
    (part,) = composed(message("x"), degrade=Degrade(as_placeholder="content *blocked*")).parts
    assert part.content == r"-# ⚠ This message could not be carried over: content \*blocked\*"
    assert part.username == "Ada"


def test_embed_images_of_the_source_travel_as_files_beside_their_embed() -> None:
    url = "https://cdn.discordapp.com/attachments/10/{}/pic.PNG?ex=1&is=2&hm=3"
    embeds = tuple({"title": str(key), "image": {"url": url.format(key)}} for key in range(100, 112))
    said = message("x", author=Author(6, "Bot", is_bot=True), embeds=embeds)
    parts = composed(said).parts
    for part in parts:
        assert len(part.files) <= 10
        shown = {embed["image"]["url"] for embed in part.embeds}
        assert shown == {f"attachment://{slot.filename}" for slot in part.files}
    assert sum(len(part.files) for part in parts) == 12
    (part,) = composed(message("x", embeds=embeds[:1]), degrade=Degrade(lost={100: "gone"})).parts
    assert (part.content, part.files, part.embeds) == ("x\n🖼 embed-100.png — gone", (), ({"title": "100"},))
    (part,) = composed(message("x", embeds=embeds[:1]), degrade=Degrade(without_files=True)).parts
    assert part.embeds[0]["image"]["url"] == url.format(100)


def test_an_embed_may_show_one_file_twice_and_a_later_embed_not_again() -> None:
    picture = {"url": "https://cdn.discordapp.com/attachments/10/100/pic.png?ex=1&is=2&hm=3"}
    embeds = ({"title": "a", "image": picture, "thumbnail": picture}, {"title": "b", "image": picture})
    (part,) = composed(message("x", author=Author(6, "Bot", is_bot=True), embeds=embeds)).parts
    own = {"url": "attachment://embed-100.png"}
    assert part.embeds[0] == {"title": "a", "image": own, "thumbnail": own}
    assert part.embeds[1]["image"] == picture
    assert [slot.filename for slot in part.files] == ["embed-100.png"]


def test_a_poll_shows_question_bars_and_votes() -> None:
    poll = Poll("Tea?", (PollAnswer("yes", 3, "🍵"), PollAnswer("no", 1)), is_final=True)
    assert text(message(poll=poll)).splitlines() == [
        "📊 **Tea?**",
        "`▰▰▰▰▰▰▰▰▱▱  75%` 🍵 yes · 3 votes",
        "`▰▰▱▱▱▱▱▱▱▱  25%` no · 1 vote",
        "-# 4 votes, final result",
    ]


def test_a_forward_is_marked_and_quoted_with_its_files() -> None:
    snapshot = Snapshot(
        "one\ntwo <@5>",
        attachments=(Attachment(7, "f.txt", "u", 1),),
        embeds=({"type": "rich", "title": "T"},),
        stickers=(StickerItem(8, "s", "u"),),
    )
    said = message(reference=Reference(40, 10, 1, True), snapshots=(snapshot,), mentions={5: "Ada"})
    (part,) = composed(said).parts
    assert part.content.splitlines() == [
        "-# ↪ Forwarded from <#910> [jump](https://fluxer.example/channels/2/910/940)",
        "> one",
        "> two @Ada",
    ]
    assert [slot.filename for slot in part.files] == ["f.txt", "s.png"]
    assert part.embeds == ({"title": "T"},)
    foreign = message(reference=Reference(404, 405, 406, True), snapshots=(Snapshot("x"),))
    assert text(foreign) == "-# ↪ Forwarded\n> x"


def test_voice_slash_components_threads_and_edits_are_said() -> None:
    voice = message(attachments=(Attachment(1, "v.ogg", "u", 1, duration_seconds=72.4),), is_voice_message=True)
    assert text(voice) == "-# 🎤 Voice message (1:12)"
    assert text(message("6", kind=20, interaction="/roll by Ada")) == "-# /roll by Ada\n6"
    assert text(message(component_text=("Pick one", "for <@5>"), mentions={5: "Bob"})) == "Pick one\nfor @Bob"
    assert text(message("plan", thread_name="Plans_")) == "plan\n-# 🧵 Thread: Plans\\_"
    assert text(message("plan", edited_at="2024-01-01T00:00:00+00:00")) == "plan\n-# (edited)"


def test_reactions_are_counted_in_text_only_when_asked() -> None:
    said = message("x", reactions=(Reaction("👍", 3), Reaction("old", 2, 30), Reaction("gone", 1, 31)))
    assert text(said, reactions="text") == "x\n-# 👍 3 · <:ok:930> 2 · :gone: 1"
    assert text(said, reactions="native") == "x"
    assert text(said, reactions="skip") == "x"


def test_what_follows_an_open_fence_is_not_code() -> None:
    assert text(message("```\ncode", edited_at="x")) == "```\ncode\n```\n-# (edited)"


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        (1, "recipient_add"),
        (3, "call"),
        (5, "icon_change"),
        (6, "pin_notice"),
        (7, "member_join"),
        (14, "guild_discovery_disqualified"),
        (18, "thread_created"),
        (21, "thread_starter"),
        (99, "unknown_kind_99"),
        (0, "empty"),
    ],
)
def test_notices_that_say_nothing_are_skipped_by_name(kind: int, rule: str) -> None:
    assert composed(message(kind=kind)) == Composition(rule=rule)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (4, "new_name", "-# ✏ Ada renamed this channel to **new_name**"),
        (8, "", "-# 🚀 Ada boosted the server!"),
        (8, "3", "-# 🚀 Ada boosted the server 3 times!"),
        (10, "", "-# 🚀 Ada boosted the server! The server has reached **level 2**!"),
        (12, "News #all", "-# 📢 Ada followed **News #all**"),
        (27, "Talk", "-# 🎙 Ada opened the stage **Talk**"),
        (38, "", "-# 🛡 Ada reported a raid"),
        (46, "Poll closed: Tea? — yes", "📊 Poll closed: Tea? — yes"),
        (99, "something new", "something new"),
    ],
)
def test_notices_that_say_something_are_said(kind: int, content: str, expected: str) -> None:
    assert text(message(content, kind=kind)) == expected


def test_a_poll_result_and_an_automod_notice_are_read_from_their_embeds() -> None:
    facts = {"poll_question_text": "Tea?", "victor_answer_text": "yes", "victor_answer_votes": "3", "total_votes": "4"}
    fields = [{"name": name, "value": value} for name, value in facts.items()]
    (part,) = composed(message(kind=46, embeds=({"type": "poll_result", "fields": fields},))).parts
    assert (part.content, part.embeds) == ("📊 The poll **Tea?** has closed. Winner: **yes** (3 of 4 votes)", ())
    flagged = {
        "type": "auto_moderation_message",
        "description": "bad *word*",
        "fields": [{"name": "rule_name", "value": "Words"}],
    }
    (part,) = composed(message(kind=24, embeds=(flagged,))).parts
    assert part.content == "-# 🛡 AutoMod flagged a message by Ada (rule “Words”)\n> bad \\*word\\*"
    assert part.embeds == ()


@pytest.mark.parametrize("content", ["", " \n\t", "\u200b\u2800", "\ufeff\u3000"])
def test_nothing_visible_is_skipped_but_what_it_carries_is_not(content: str) -> None:
    assert composed(message(content)).rule == "empty"
    (part,) = composed(message(content, attachments=(Attachment(1, "a.png", "u", 1),))).parts
    assert part.content == ""
    (part,) = composed(message(content, embeds=({"title": "T"},))).parts
    assert part.embeds == ({"title": "T"},)


def test_what_the_target_would_drop_is_dropped_beforehand() -> None:
    assert text(message("  a\x00\u202eb\r\n\tc\ud800 \n")) == "ab\n    c\ufffd"


def test_suppressed_previews_stay_suppressed_but_embeds_show() -> None:
    (part,) = composed(message("https://a.example", suppresses_embeds=True)).parts
    assert part.suppresses_embeds
    (part,) = composed(message("x", embeds=({"title": "T"},), suppresses_embeds=True)).parts
    assert not part.suppresses_embeds
