"""What people do on the source shows on the target while the mirror runs."""

from __future__ import annotations

from pathlib import Path

from tests.live.mirror import mirror, people, posts_in, text_channel


async def test_what_is_written_edited_and_deleted_arrives(tmp_path: Path) -> None:
    async with people(tmp_path / "profile") as crowd:
        channel = text_channel(crowd.world)
        async with mirror(crowd.world) as run:
            await run.is_live()
            one = await crowd.write(channel.id, "first words")
            two = await crowd.write(channel.id, "second words")
            await run.until(
                lambda: posts_in(crowd.world, channel.name)[-2:] == ["first words", "second words"], "posts"
            )
            await crowd.edit(channel.id, one, "better words")
            await run.until(lambda: "better words" in posts_in(crowd.world, channel.name), "the edit")
            await crowd.delete(channel.id, two)
            await run.until(lambda: "second words" not in posts_in(crowd.world, channel.name), "the deletion")
            assert posts_in(crowd.world, channel.name)[-1] == "better words"
            assert 0 <= run.live.snapshot().latency_p50 < 10
            summary = await run.stop()
        assert summary.state == "stopped"
        assert summary.messages.balances
        assert summary.messages.pending == 0
        assert summary.changes["edits"].applied == summary.changes["deletes"].applied == 1
