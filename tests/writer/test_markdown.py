from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.writer.markdown import Markup, at_name, escaped

HOSTS = ("discord.com", "ptb.discord.com", "canary.discord.com", "discordapp.com")


class Places:
    def channel(self, source_id: int) -> int | None:
        return {10: 910}.get(source_id)

    def channel_name(self, source_id: int) -> str:
        return {11: "off_topic"}.get(source_id, "")

    def role(self, source_id: int) -> int | None:
        return {20: 920}.get(source_id)

    def role_name(self, source_id: int) -> str:
        return {21: "Mods"}.get(source_id, "")

    def emoji(self, source_id: int) -> tuple[int, str, bool] | None:
        return {30: (930, "ok", False), 31: (931, "party", True)}.get(source_id)

    def message(self, source_id: int) -> tuple[int, int] | None:
        return {40: (910, 940)}.get(source_id)


MARKUP = Markup(1, 2, "https://fluxer.example/", HOSTS)


def rewritten(text: str) -> str:
    return MARKUP.rewritten(text, {5: "Ada", 6: "*star*", 7: "everyone"}, Places())


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("hi <@5> and <@!5>", "hi @Ada and @Ada"),
        ("<@6>", r"@\*star\*"),
        ("<@7>", r"\@everyone"),
        ("<@404>", "@unknown-user"),
        ("<@&20> <@&21> <@&22>", "<@&920> @Mods @unknown-role"),
        ("<#10> <#11> <#12>", "<#910> #off_topic #unknown-channel"),
        ("<:old:30> <a:old:31> <:gone:32>", "<:ok:930> <a:party:931> :gone:"),
        ("</roll dice:123456>", "/roll dice"),
        ("<id:home> <id:browse> <id:linked-roles:77>", "<id:guide> <id:browse> <id:linked-roles>"),
        ("<t:1700000000:R> <t:1700000000>", "<t:1700000000:R> <t:1700000000>"),
        ("<t:0:f>", "1970-01-01 00:00 UTC"),
        ("<t:-9999999999999999>", "<t:-9999999999999999>"),
        ("@everyone and @here", r"\@everyone and \@here"),
        ("mail@hereford.example", r"mail\@hereford.example"),
        ("https://medium.example/@everyone/x_y", "https://medium.example/@everyone/x_y"),
    ],
)
def test_what_points_into_the_source_points_into_the_target(source: str, target: str) -> None:
    assert rewritten(source) == target


@pytest.mark.parametrize("host", HOSTS)
def test_links_of_every_host_of_the_source_are_rewritten(host: str) -> None:
    assert rewritten(f"see <https://{host}/channels/1/10/40>.") == "see <https://fluxer.example/channels/2/910/940>."
    assert rewritten(f"https://{host}/channels/1/10 x") == "https://fluxer.example/channels/2/910 x"


@pytest.mark.parametrize(
    "text",
    [
        "https://discord.com/channels/1/10/41",
        "https://discord.com/channels/1/12",
        "https://discord.com/channels/3/10/40",
        "https://discord.com/channels/@me/10/40",
        "https://evil.example/?https://discord.com/channels/1/10/40",
        "`<@5> <#10> https://discord.com/channels/1/10/40 @everyone`",
        "``a ` <@5>``",
        "```py\n<@5> <:old:30>\n@here\n```",
        r"\<@5> \<#10> \@everyone",
        "<@> <#x> <@&> <:a:> < @5>",
    ],
)
def test_foreign_links_code_and_escapes_are_left_alone(text: str) -> None:
    assert rewritten(text) == text


def test_an_escaped_backtick_opens_no_code() -> None:
    assert rewritten(r"\`<@5>`") == r"\`@Ada`"


def test_a_fence_that_is_never_closed_hides_nothing() -> None:
    assert rewritten("``` <@5>") == "``` @Ada"


def test_linked_messages_are_those_of_the_source_outside_code() -> None:
    link = "https://discord.com/channels/1/10/"
    found = list(MARKUP.linked_messages(f"{link}40 {link}41 `{link}42` https://discord.com/channels/9/9/43 {link}"))
    assert found == [40, 41]


def test_a_self_hosted_source_has_its_own_hosts() -> None:
    markup = Markup(1, 2, "https://fluxer.example", ("chat.example:8080",))
    text = "https://chat.example:8080/channels/1/10 https://discord.com/channels/1/10"
    assert markup.rewritten(text, {}, Places()) == (
        "https://fluxer.example/channels/2/910 https://discord.com/channels/1/10"
    )


def test_escaping_keeps_ordinary_names_readable() -> None:
    assert escaped("some_user_name (x)") == "some_user_name (x)"
    assert escaped("_a_ **b** `c` ~d~ |e| [f]") == r"\_a\_ \*\*b\*\* \`c\` \~d\~ \|e\| \[f\]"
    assert escaped("two\nlines") == "two lines"
    assert at_name("here") == r"\@here"


@given(st.text(alphabet=st.sampled_from("`\\<@#:&!5 a\n>/t0*|_[]()")))
def test_rewriting_ends_and_leaves_code_spans_whole(text: str) -> None:
    inside = text.replace("`", "").strip("\\")
    fenced = f"```\n{inside}x\n```"
    assert rewritten(fenced) == fenced
    rewritten(text)


@given(st.lists(st.sampled_from(["@everyone", "@here", "<@7>", " ", "x", "\\", "`", "*", "\n"])))
def test_nobody_is_addressed_outside_code(pieces: list[str]) -> None:
    result = rewritten("".join(piece for piece in pieces if piece not in "`\\"))
    for word in ("@everyone", "@here"):
        at = result.find(word)
        while at >= 0:
            assert at > 0
            assert result[at - 1] == "\\"
            at = result.find(word, at + 1)


def test_a_link_with_a_number_that_is_no_id_is_a_text_like_any_other() -> None:
    markup = Markup(1, 2, "https://fluxer.app", ("discord.com",))
    text = "https://discord.com/channels/1/5/99999999999999999999 https://discord.com/channels/1/5/77"
    assert list(markup.linked_messages(text)) == [77]
