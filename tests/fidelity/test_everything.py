"""A community that holds one of everything is cloned whole, told about, left alone, and followed."""

from __future__ import annotations

from reaper_tui.exit_codes import ExitCode, code_of_summary
from tests.fidelity.later import DELETED, EDITED, NEW, REACTED
from tests.fidelity.outcome import Outcome


def test_every_message_is_accounted_for_and_verified(outcome: Outcome) -> None:
    summary = outcome.first
    assert summary.messages.balances
    assert (summary.messages.pending, summary.messages.failed, summary.messages.uncertain) == (0, 0, 0)
    assert summary.messages.sent > 120
    assert summary.is_faithful
    assert summary.verify is not None
    assert summary.verify.checked == summary.messages.sent
    assert outcome.checked.is_clean, outcome.checked.details
    assert code_of_summary(summary) is ExitCode.DONE


def test_the_report_says_what_could_not_be_carried_and_why(outcome: Outcome) -> None:
    lost = {failure.name: failure.cause for failure in outcome.first.failures}
    for filename in ("limit-and-one.zip", "film.mp4", "gone.png", "lost.txt", "half.txt", "nowhere.png"):
        assert lost.get(filename), filename
        assert filename in outcome.report
    for words in (
        "1 hidden channel: the Discord bot may not view it",
        "role reaper: it belongs to a bot or integration of Discord",
        "View Server Insights",
        "copy.members",
        "skipped (member join)",
    ):
        assert words in outcome.report


def test_a_second_run_writes_nothing(outcome: Outcome) -> None:
    assert outcome.second_writes == []
    assert outcome.second.is_faithful
    assert outcome.second.messages == outcome.first.messages


def test_what_happened_since_is_all_that_is_written(outcome: Outcome, generation: str) -> None:
    edits_posts = generation == "current"
    assert outcome.third_writes == {
        "POST /webhooks/:id": NEW,
        # The notice that something was pinned goes with the pin.
        "DELETE /channels/:id/messages/:id": len(DELETED) + 1,
        "PUT /channels/:id/pins/:id": 1,
    } | ({"PATCH /webhooks/:id/messages/:id": len(EDITED) + len(REACTED)} if edits_posts else {})
    summary = outcome.third
    assert summary.messages.balances
    assert summary.is_faithful
    assert summary.messages.sent == outcome.first.messages.sent + NEW
    edits, reactions, deletes = (summary.changes[kind] for kind in ("edits", "reactions", "deletes"))
    told = [(edits, len(EDITED)), (reactions, len(REACTED))]
    for count, wanted in told:
        assert (count.applied, count.impossible) == ((wanted, 0) if edits_posts else (0, wanted))
    assert deletes.applied == len(DELETED)
    assert outcome.third_checked.is_clean, outcome.third_checked.details
