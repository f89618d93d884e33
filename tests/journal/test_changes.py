"""Changes wait once each, cancel out where they must, and are never lost between reading and applying."""

from __future__ import annotations

from pathlib import Path

from reaper_tui.journal import changes
from reaper_tui.journal.changes import ChangeKind, ChangeState
from reaper_tui.journal.journal import Journal
from reaper_tui.journal.records import MessageState
from reaper_tui.journal.settling import Settlement
from tests.journal.test_journal import LANE, filled


async def sent(path: Path) -> Journal:
    journal = await filled(path / "journal.db")
    for message_id in (1, 2):
        await journal.settle(LANE, LANE, message_id, Settlement(MessageState.SENT))
    return journal


async def pending(journal: Journal) -> list[changes.Change]:
    return await journal.read(lambda raw: changes.waiting(raw, LANE, 0, 10))


async def test_an_edit_seen_twice_waits_once(tmp_path: Path) -> None:
    journal = await sent(tmp_path)
    for payload in (b'{"n":1}', b'{"n":2}'):
        assert await journal.write(lambda raw, p=payload: changes.renew(raw, 1, p, (ChangeKind.EDIT,), 0.0))
    assert [(found.message_id, found.kind) for found in await pending(journal)] == [(1, ChangeKind.EDIT)]
    await journal.close()


async def test_a_change_that_happens_again_while_it_is_applied_stays_waiting(tmp_path: Path) -> None:
    journal = await sent(tmp_path)
    await journal.write(lambda raw: changes.renew(raw, 1, b"{}", (ChangeKind.EDIT,), 0.0))
    [read] = await pending(journal)
    await journal.write(lambda raw: changes.renew(raw, 1, b"{}", (ChangeKind.EDIT,), 1.0))
    await journal.write(lambda raw: changes.settle_change(raw, read, ChangeState.APPLIED))
    [again] = await pending(journal)
    await journal.write(lambda raw: changes.settle_change(raw, again, ChangeState.APPLIED))
    assert await pending(journal) == []
    assert (await journal.read(changes.change_counts))["edits"].applied == 1
    await journal.close()


async def test_a_deletion_takes_the_place_of_what_waited(tmp_path: Path) -> None:
    journal = await sent(tmp_path)
    await journal.write(lambda raw: changes.renew(raw, 2, b"{}", (ChangeKind.EDIT, ChangeKind.PIN), 0.0))
    assert await journal.write(lambda raw: changes.remove(raw, 2, 1.0))
    assert not await journal.write(lambda raw: changes.remove(raw, 2, 2.0))
    assert [found.kind for found in await pending(journal)] == [ChangeKind.DELETE]
    await journal.close()


async def test_pin_and_unpin_cancel_out(tmp_path: Path) -> None:
    journal = await sent(tmp_path)
    await journal.write(lambda raw: changes.note(raw, 1, (ChangeKind.PIN,), 0.0))
    await journal.write(lambda raw: changes.note(raw, 1, (ChangeKind.UNPIN,), 1.0))
    assert [found.kind for found in await pending(journal)] == [ChangeKind.UNPIN]
    await journal.close()


async def test_what_was_not_sent_yet_waits_until_it_is(tmp_path: Path) -> None:
    journal = await sent(tmp_path)
    await journal.write(lambda raw: changes.renew(raw, 3, b'{"new":1}', (ChangeKind.EDIT,), 0.0))
    assert await pending(journal) == []
    await journal.settle(LANE, LANE, 3, Settlement(MessageState.SENT))
    assert [found.message_id for found in await pending(journal)] == [3]
    await journal.close()


async def test_changes_of_skipped_messages_are_of_no_interest(tmp_path: Path) -> None:
    journal = await sent(tmp_path)
    await journal.settle(LANE, LANE, 3, Settlement(MessageState.SKIPPED, "member_join"))
    assert await journal.write(lambda raw: changes.renew(raw, 3, b'{"new":1}', (ChangeKind.EDIT,), 0.0))
    assert await pending(journal) == []
    await journal.close()


async def test_what_was_under_way_does_not_settle_what_took_its_number(tmp_path: Path) -> None:
    """A pin that is taken back, or an edit of what is then deleted, while it is being carried over."""
    journal = await sent(tmp_path)
    for first, second in ((ChangeKind.PIN, ChangeKind.UNPIN), (ChangeKind.EDIT, ChangeKind.DELETE)):
        await journal.write(lambda raw, kind=first: changes.note(raw, 1, (kind,), 0.0))
        under_way = next(found for found in await pending(journal) if found.kind is first)
        if second is ChangeKind.DELETE:
            await journal.write(lambda raw: changes.remove(raw, 1, 1.0))
        else:
            await journal.write(lambda raw, kind=second: changes.note(raw, 1, (kind,), 1.0))
        await journal.write(lambda raw, found=under_way: changes.settle_change(raw, found, ChangeState.APPLIED))
        await journal.write(lambda raw, found=under_way: changes.forget_change(raw, found))
        assert [found.kind for found in await pending(journal)] == [second]
        [waiting] = await pending(journal)
        await journal.write(lambda raw, found=waiting: changes.settle_change(raw, found, ChangeState.APPLIED))
    await journal.close()
