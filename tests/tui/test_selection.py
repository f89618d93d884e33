from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reaper_tui.engine.selection import selected_channels
from reaper_tui.model.community import Channel, ChannelKind, Guild
from reaper_tui.profile.settings import CopySettings
from reaper_tui.tui.selection import Mark, Selection

CATEGORY, GENERAL, THREAD_A, THREAD_B, PHOTOS, LOOSE, SECRET, EMPTY = range(1, 9)
GUILD = Guild(
    99,
    "guild",
    channels=(
        Channel(CATEGORY, ChannelKind.CATEGORY, "Talk"),
        Channel(GENERAL, ChannelKind.TEXT, "general", CATEGORY, 0),
        Channel(THREAD_A, ChannelKind.THREAD, "first", GENERAL),
        Channel(THREAD_B, ChannelKind.THREAD, "second", GENERAL, is_archived=True),
        Channel(PHOTOS, ChannelKind.TEXT, "photos", CATEGORY, 1),
        Channel(SECRET, ChannelKind.TEXT, "secret", CATEGORY, 2, cannot_read="no View Channel"),
        Channel(LOOSE, ChannelKind.TEXT, "loose"),
        Channel(EMPTY, ChannelKind.CATEGORY, "Nothing below", position=5),
    ),
)
ESTIMATES = {GENERAL: (1000, False), THREAD_A: (10, True), THREAD_B: (20, True), PHOTOS: (300, True), LOOSE: (4, True)}
BOXES = (GENERAL, THREAD_A, THREAD_B, PHOTOS, LOOSE, EMPTY)


def selection(chosen: str | list[str] = "all", excluded: tuple[str, ...] = ()) -> Selection:
    return Selection(GUILD, ESTIMATES, chosen, excluded)


def test_everything_is_chosen_at_first() -> None:
    marks = selection()
    assert marks.is_everything
    assert marks.setting() == ("all", [])
    assert {marks.mark(found) for found in (CATEGORY, GENERAL, LOOSE, EMPTY)} == {Mark.ON}


def test_what_cannot_be_read_has_no_box_and_does_not_count() -> None:
    marks = selection()
    assert not marks.has_box(SECRET)
    marks.toggle(SECRET)
    assert marks.is_everything
    assert marks.totals().of_channels == 3


def test_a_category_stands_for_all_below_it() -> None:
    marks = selection()
    marks.toggle(CATEGORY)
    assert marks.chosen_ids() == (LOOSE, EMPTY)
    assert marks.mark(GENERAL) is Mark.OFF
    marks.toggle(PHOTOS)
    assert marks.mark(CATEGORY) is Mark.PARTIAL
    marks.toggle(CATEGORY)
    assert marks.mark(CATEGORY) is Mark.ON


def test_a_thread_can_go_without_the_messages_of_its_channel() -> None:
    marks = selection([])
    marks.toggle(THREAD_A)
    assert marks.chosen_ids() == (THREAD_A,)
    assert marks.mark(GENERAL) is Mark.PARTIAL
    assert marks.setting() == ([str(THREAD_A)], [])


def test_dropping_a_channel_drops_its_threads() -> None:
    marks = selection()
    marks.choose(GENERAL, False)
    assert set(marks.chosen_ids()).isdisjoint({GENERAL, THREAD_A, THREAD_B})


def test_invert_twice_gives_back_what_was_chosen() -> None:
    marks = selection()
    marks.toggle(GENERAL)
    before = marks.chosen_ids()
    marks.invert()
    assert marks.chosen_ids() == (GENERAL, THREAD_A, THREAD_B)
    marks.invert()
    assert marks.chosen_ids() == before


def test_toggle_all_empties_and_fills() -> None:
    marks = selection()
    marks.toggle_all()
    assert marks.is_empty
    marks.toggle(LOOSE)
    marks.toggle_all()
    assert marks.is_everything


def test_totals_tell_channels_threads_and_whether_they_are_exact() -> None:
    marks = selection()
    marks.toggle(THREAD_B)
    totals = marks.totals()
    assert (totals.channels, totals.of_channels, totals.threads, totals.of_threads) == (3, 3, 1, 2)
    assert totals.messages == 1314
    assert not totals.is_exact
    marks.choose(GENERAL, False)
    assert marks.totals().is_exact


def test_a_category_sums_up_what_is_below_it() -> None:
    assert selection().estimate(CATEGORY) == (1330, False)
    assert selection().estimate(PHOTOS) == (300, True)


def test_a_channel_with_some_threads_is_listed_with_the_others_excluded() -> None:
    marks = selection()
    marks.toggle(THREAD_B)
    listed, excluded = marks.setting()
    assert (listed, excluded) == ([str(LOOSE), str(GENERAL), str(PHOTOS), str(EMPTY)], [str(THREAD_B)])


@pytest.mark.parametrize(("query", "found"), [("GEN", (GENERAL,)), ("#photos", (PHOTOS,)), ("", ()), ("zebra", ())])
def test_search_takes_part_of_a_name(query: str, found: tuple[int, ...]) -> None:
    assert selection().matches(query) == found


def test_a_list_with_a_category_means_all_below_it() -> None:
    assert selection([str(CATEGORY)]).chosen_ids() == (GENERAL, THREAD_A, THREAD_B, PHOTOS)
    assert selection("all", (str(GENERAL),)).chosen_ids() == (LOOSE, PHOTOS, EMPTY)


def test_entries_that_point_at_each_other_do_not_hang() -> None:
    guild = Guild(
        1, "g", channels=(Channel(5, ChannelKind.TEXT, "self", 5), Channel(6, ChannelKind.THREAD, "lost", 77))
    )
    marks = Selection(guild, {})
    assert set(marks.entries) <= {5, 6}
    assert marks.is_everything


@given(st.lists(st.sampled_from((*BOXES, CATEGORY)), max_size=12), st.booleans())
def test_the_engine_copies_exactly_what_is_marked(toggles: list[int], starts_empty: bool) -> None:
    marks = selection([] if starts_empty else "all")
    for entry_id in toggles:
        marks.toggle(entry_id)
    channels, exclude = marks.setting()
    copied = selected_channels(GUILD, CopySettings(channels=channels, exclude=exclude)).carried
    assert {found for found in copied if found in BOXES} == set(marks.chosen_ids())
    assert Selection(GUILD, ESTIMATES, channels, exclude).chosen_ids() == marks.chosen_ids()
