"""Whole runs over sockets: what is made, what is not made twice, what nobody may see, what is told."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from msgspec.structs import force_setattr

from reaper_tui.exit_codes import ExitCode, code_of_error, code_of_summary
from reaper_tui.model.community import Webhook
from reaper_tui.model.errors import AccessDenied, ConfigurationError, Refused, ServiceDown
from reaper_tui.model.outgoing import Part, SpooledFile, TargetMessage
from reaper_tui.model.summary import Summary
from reaper_tui.writer.writer import FluxerWriter
from tests.engine.world import World, small_world

VIEW_CHANNEL = 1 << 10


@pytest.fixture(autouse=True)
def _impatient_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reaper_tui.writer.client.BACK_OFF", (0.01, 0.01, 0.01, 0.01))


async def run(world: World) -> Summary:
    async with world.workspace() as workspace:
        return await workspace.run(world.settings)


async def write(world: World, channel: Any, **change: Any) -> int:
    made = await world.sandbox.discord.change({"action": "create", "channel_id": str(channel.id), **change})
    return int(made["message_id"] if "message_id" in made else made["id"])


def text_channels(world: World) -> list[Any]:
    return [channel for channel in world.sandbox.discord.store.community.channels.values() if channel.type == 0]


def target_of(world: World, name: str) -> Any:
    found = [channel for channel in world.community.channels.values() if channel.name == name and channel.type == 0]
    return max(found, key=lambda channel: channel.id)


def messages_in(world: World, channel: Any) -> list[Any]:
    return [world.community.messages[each] for each in world.community.message_ids.get(channel.id, ())]


async def test_a_second_run_writes_nothing_and_reads_little(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world:
        first = await run(world)
        world.trouble.requests.clear()
        second = await run(world)
        assert world.trouble.writes() == []
        assert second.is_faithful
        assert second.structure == first.structure
        assert second.messages == first.messages


async def test_what_is_new_is_all_that_is_sent(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        first = await run(world)
        world.trouble.requests.clear()
        channel = text_channels(world)[0]
        for number in range(7):
            await write(world, channel, content=f"new {number}")
        second = await run(world)
        assert second.is_faithful
        assert second.messages.sent == first.messages.sent + 7
        assert len(world.trouble.writes()) == 7
        contents = [message.content.splitlines()[-1] for message in messages_in(world, target_of(world, channel.name))]
        assert contents[-7:] == [f"new {number}" for number in range(7)]


async def test_nothing_private_is_ever_visible(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", channels=14, messages=120) as world:
        source = world.sandbox.discord.store.community
        hidden = {
            channel.name
            for channel in source.channels.values()
            for overwrite in channel.overwrites
            if overwrite.id == source.id and overwrite.deny & VIEW_CHANNEL
        }
        assert hidden
        assert (await run(world)).is_faithful
        community_id = str(world.community.guild.id)
        requests = [body for method, path, body in world.trouble.requests if body and path.endswith("/channels")]
        closed = {
            body["name"]
            for body in requests
            if isinstance(body, dict)
            and any(
                row["id"] == community_id and int(row["deny"]) & VIEW_CHANNEL for row in body["permission_overwrites"]
            )
        }
        made = {body["name"] for body in requests if isinstance(body, dict)}
        assert hidden & made <= closed


async def test_private_where_everyone_is_not_carried(tmp_path: Path) -> None:
    """A server that hides everything by @everyone itself stays hidden when roles are not copied."""
    async with small_world(tmp_path / "profile", messages=40) as world:
        everyone = next(
            role
            for role in world.sandbox.discord.store.community.roles
            if role.id == world.sandbox.discord.store.community.id
        )
        force_setattr(everyone, "permissions", everyone.permissions & ~VIEW_CHANNEL)
        world.settings.copy.roles = False
        summary = await run(world)
        assert summary.messages.sent
        community_id = str(world.community.guild.id)
        for _, path, body in world.trouble.requests:
            if path.endswith("/channels") and isinstance(body, dict):
                rows = {row["id"]: int(row["deny"]) for row in body["permission_overwrites"]}
                assert rows.get(community_id, 0) & VIEW_CHANNEL, body["name"]


async def test_same_names_stand_apart_and_stay_themselves(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40, channels=6) as world:
        channels = text_channels(world)
        for channel in channels[:3]:
            force_setattr(channel, "name", "general")
        roles = [role for role in world.sandbox.discord.store.community.roles if role.is_managed_by is None]
        for role in sorted(roles, key=lambda role: role.position)[1:3]:
            force_setattr(role, "name", "mod")
        for _ in range(2):
            summary = await run(world)
            assert summary.is_faithful
            made = Counter(channel.name for channel in world.community.channels.values() if channel.type == 0)
            assert made["general"] in (3, 4)
            assert Counter(role.name for role in world.community.roles.values())["mod"] == 2


@pytest.mark.parametrize("where", ["content", "embeds", "avatar_url"])
async def test_a_poison_message_is_stripped_and_its_neighbours_stand(tmp_path: Path, where: str) -> None:
    async with small_world(tmp_path / "profile", messages=40) as world:
        channel = text_channels(world)[0]
        await write(world, channel, content="before")
        embeds = [{"title": "poison", "description": "poison"}]
        await write(world, channel, content="poison", embeds=embeds if where == "embeds" else [])
        await write(world, channel, content="after")

        async def refuse(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.method != "POST" or b"poison" not in body or "/webhooks/" not in request.path:
                return None
            sent = json.loads(body)
            if where != "content" and not sent.get(where):
                return None
            if where == "content" and sent["content"].startswith("-# ⚠"):
                return None
            errors = [{"path": where, "code": "INVALID_FORMAT", "message": "no"}]
            return web.json_response(
                {"code": "INVALID_FORM_BODY", "message": "Invalid form body.", "errors": errors}, status=400
            )

        world.trouble.answer_instead = refuse
        summary = await run(world)
        lines = [message.content for message in messages_in(world, target_of(world, channel.name))]
        assert lines[-1].endswith("after")
        assert lines[-3].endswith("before")
        assert summary.messages.balances
        assert summary.messages.failed == (where == "content")
        if where == "content":
            assert "could not be carried over" in lines[-2]
            assert code_of_summary(summary) is ExitCode.INCOMPLETE
            assert [failure.what for failure in summary.failures].count("message") == 1
        else:
            assert lines[-2].endswith("poison")
        assert any("no" in failure.cause or "Invalid" in failure.cause for failure in summary.failures)


async def test_a_message_of_many_parts_refused_in_the_middle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with small_world(tmp_path / "profile", messages=40) as world:
        channel = text_channels(world)[0]
        files = [{"filename": f"f{number}.txt", "size": 10} for number in range(12)]
        await write(world, channel, content="x " * 1900, attachments=files)
        await write(world, channel, content="after")
        refused: list[str] = []
        send = FluxerWriter.send

        async def refuse(
            writer: FluxerWriter, webhook: Webhook, part: Part, files: Sequence[SpooledFile], nonce: str, **place: Any
        ) -> TargetMessage:
            if any(file.filename == "f11.txt" for file in files):
                refused.append(nonce)
                raise Refused("Too large for Fluxer", status=413)
            return await send(writer, webhook, part, files, nonce, **place)

        monkeypatch.setattr(FluxerWriter, "send", refuse)
        summary = await run(world)
        found = messages_in(world, target_of(world, channel.name))
        assert refused
        assert found[-1].content.endswith("after")
        files_sent = [file.filename for message in found for file in message.attachments]
        assert [name for name in files_sent if re.fullmatch(r"f\d+\.txt", name)] == [
            f"f{number}.txt" for number in range(10)
        ]
        assert "f10.txt" in found[-2].content
        assert "f11.txt" in found[-2].content
        assert summary.messages.balances
        assert summary.messages.failed == 0
        assert summary.attachments.source == summary.attachments.sent + summary.attachments.placeholder


async def test_a_webhook_deleted_in_mid_run_is_made_anew(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world:
        deleted: list[int] = []

        async def delete(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if body and "/webhooks/" in request.path and len(world.trouble.requests) > 80 and not deleted:
                hook = world.community.webhooks.get(int(request.path.split("/")[4]))
                if hook is not None:
                    deleted.append(hook.id)
                    world.community.webhooks.pop(hook.id)
            return None

        world.trouble.answer_instead = delete
        summary = await run(world)
        assert deleted
        assert summary.is_faithful
        assert summary.messages.source == world.source_count()


async def test_a_channel_full_of_webhooks_fails_alone_and_nothing_is_marked_failed(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:

        async def full(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.method == "POST" and request.path.endswith("/webhooks") and not refused:
                refused.add(request.path)
            if request.method == "POST" and request.path in refused:
                return web.json_response({"code": "MAX_WEBHOOKS", "message": "Too many webhooks."}, status=400)
            return None

        refused: set[str] = set()
        world.trouble.answer_instead = full
        summary = await run(world)
        assert summary.messages.failed == 0
        assert summary.messages.pending > 0
        assert summary.messages.balances
        assert code_of_summary(summary) is ExitCode.INCOMPLETE
        assert any("delete webhooks" in failure.cause for failure in summary.failures)
        world.trouble.answer_instead = None
        assert (await run(world)).is_faithful


async def test_a_lost_reply_in_a_channel_that_cannot_be_read_is_uncertain(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        lost: list[str] = []
        channel_id: list[str] = []

        def loses(request: web.BaseRequest) -> bool:
            is_one = "/webhooks/" in request.path and request.method == "POST" and len(lost) < 1
            if is_one:
                lost.append(request.path)
                hook = world.community.webhooks[int(request.path.split("/")[4])]
                channel_id.append(str(hook.channel_id))
            return is_one

        async def closed(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if channel_id and request.method == "GET" and request.path.endswith(f"/channels/{channel_id[0]}/messages"):
                return web.json_response(
                    {"code": "NSFW_CONTENT_AGE_RESTRICTED", "message": "Age restricted."}, status=403
                )
            return None

        world.trouble.loses_reply, world.trouble.answer_instead = loses, closed
        summary = await run(world)
        assert (summary.messages.uncertain, summary.messages.failed, summary.messages.pending) == (1, 0, 0)
        assert summary.messages.balances
        assert not summary.is_faithful


async def test_verify_finds_the_planted_faults_and_nothing_else(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world:
        assert (await run(world)).is_faithful
        community = world.community
        channel_id = max(community.message_ids, key=lambda each: len(community.message_ids[each]))
        ids = [each for each in community.message_ids[channel_id] if community.messages[each].webhook_id]
        assert len(ids) > 12
        community.message_ids[channel_id].remove(ids[1])
        edited, one, other, doubled = (community.messages[ids[place]] for place in (3, 5, 8, -1))
        edited.content += " and more"
        one.content, other.content = other.content, one.content
        one.author_name, other.author_name = other.author_name, one.author_name
        one.attachments, other.attachments = other.attachments, one.attachments
        for offset, source in ((1, doubled), (2, msgspec.structs.replace(doubled, webhook_id=None, content="hello"))):
            copy = msgspec.structs.replace(source, id=doubled.id + offset)
            community.messages[copy.id] = copy
            community.message_ids[channel_id].append(copy.id)
        async with world.workspace() as workspace:
            found = await workspace.verify()
        counts = (found.missing, found.extra, found.changed, found.out_of_order, found.unreadable)
        assert counts == (1, 2, 1, 1, 0), found.details
        assert len(found.details) == 5


async def test_messages_before_ours_in_a_channel_that_is_used_again_are_left_alone(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40) as world:
        channel = text_channels(world)[0]
        category = world.sandbox.discord.store.community.channels[channel.parent_id]
        force_setattr(category, "name", "Text Channels")
        force_setattr(channel, "name", "general")
        general = target_of(world, "general")
        assert (await run(world)).is_faithful
        sent = messages_in(world, general)
        assert sent, "the founding channel was not used"
        ids = world.community.message_ids[general.id]
        stranger = msgspec.structs.replace(sent[0], id=sent[0].id - 5, webhook_id=None, content="I was here before")
        world.community.messages[stranger.id] = stranger
        ids.insert(0, stranger.id)
        async with world.workspace() as workspace:
            assert (await workspace.verify()).is_clean


async def test_a_thread_alone_brings_its_channel_but_not_its_messages(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", channels=8, messages=200) as world:
        threads = [
            thread
            for thread in world.sandbox.discord.store.community.threads.values()
            if world.sandbox.discord.store.community.channels[thread.parent_id].type == 0
            and world.sandbox.discord.store.community.messages[thread.id]
        ]
        world.settings.copy.channels = [str(threads[0].id)]
        summary = await run(world)
        assert summary.is_faithful
        assert summary.messages.source == len(world.sandbox.discord.store.community.messages[threads[0].id])


@pytest.mark.parametrize("mode", ["auto", "inline", "channel", "skip"])
async def test_every_way_with_threads_accounts_for_every_message(tmp_path: Path, mode: Any) -> None:
    async with small_world(tmp_path / "profile", channels=8, messages=150) as world:
        world.settings.copy.threads = mode
        summary = await run(world)
        assert summary.is_faithful
        store = world.sandbox.discord.store.community
        in_threads = sum(len(store.messages[thread]) for thread in store.threads)
        assert in_threads
        assert summary.messages.source == world.source_count() - (in_threads if mode == "skip" else 0)


async def test_switching_threads_off_with_one_of_their_posts_in_doubt(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", channels=8, messages=150) as world:
        assert (await run(world)).is_faithful
        async with world.workspace() as workspace:
            journal = workspace.clone.journal
            row = await journal.read(
                lambda raw: raw.execute(
                    "SELECT part.message_id, part.target_id FROM part JOIN message ON message.id = part.message_id "
                    "JOIN container ON container.id = message.container_id WHERE container.kind = 'thread' "
                    "AND part.is_last ORDER BY part.target_id DESC LIMIT 1"
                ).fetchone()
            )
            await journal._connection.write(
                lambda raw: (
                    raw.execute("UPDATE part SET target_id = NULL WHERE message_id = ?", (row[0],)),
                    raw.execute("UPDATE message SET state = 0 WHERE id = ?", (row[0],)),
                )
            )
        world.settings.copy.threads = "skip"
        summary = await run(world)
        assert summary.note == ""
        assert not [failure for failure in summary.failures if failure.what == "channel"]


async def test_what_failed_and_is_no_longer_there_is_forgotten(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=20) as world:
        roles = world.sandbox.discord.store.community.roles
        doomed = max((role for role in roles if role.is_managed_by is None), key=lambda role: role.position)

        async def refuse(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            if request.method == "POST" and request.path.endswith("/roles") and json.loads(body)["name"] == doomed.name:
                return web.json_response({"code": "INVALID", "message": "no"}, status=400)
            return None

        world.trouble.answer_instead = refuse
        first = await run(world)
        assert first.structure["roles"].failed == 1
        assert code_of_summary(first) is ExitCode.INCOMPLETE
        kept = tuple(role for role in roles if role.id != doomed.id)
        force_setattr(world.sandbox.discord.store.community, "roles", type(roles)(kept))
        second = await run(world)
        assert second.is_faithful
        assert second.structure["roles"].failed == 0


async def test_an_age_restricted_channel_is_closed_last_and_stays_verified(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40) as world:
        channel = text_channels(world)[0]
        force_setattr(channel, "is_nsfw", True)
        assert (await run(world)).is_faithful
        assert target_of(world, channel.name).is_nsfw
        world.trouble.requests.clear()
        again = await run(world)
        assert again.is_faithful, again.failures
        assert world.trouble.writes() == []
        await write(world, channel, content="one more")
        more = await run(world)
        assert messages_in(world, target_of(world, channel.name))[-1].content.endswith("one more")
        assert more.messages.pending == more.messages.failed == 0
        assert more.verify is not None
        assert more.verify.unreadable == 1


async def test_roles_cut_off_before_their_order_are_put_in_order_later(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=20) as world:

        async def refuse(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            is_order = request.method == "PATCH" and request.path.endswith("/roles")
            return web.Response(status=401) if is_order else None

        world.trouble.answer_instead = refuse
        with pytest.raises(AccessDenied):
            await run(world)
        world.trouble.answer_instead = None
        assert (await run(world)).is_faithful
        source = [role for role in world.sandbox.discord.store.community.roles if role.is_managed_by is None]
        wanted = [role.name for role in sorted(source, key=lambda role: -role.position) if role.position]
        found = {role.name: role.position for role in world.community.roles.values()}
        assert sorted(wanted, key=lambda name: -found[name]) == wanted


async def test_channels_stand_in_the_order_of_the_source_around_one_that_was_there(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=20, channels=10) as world:
        rows: dict[int, list[Any]] = {}
        for channel in text_channels(world):
            rows.setdefault(channel.parent_id, []).append(channel)
        parent_id, siblings = max(rows.items(), key=lambda entry: len(entry[1]))
        siblings.sort(key=lambda channel: (channel.position, channel.id))
        assert len(siblings) > 1
        force_setattr(world.sandbox.discord.store.community.channels[parent_id], "name", "Text Channels")
        for number, channel in enumerate(siblings):
            force_setattr(channel, "name", f"room-{number}" if channel is not siblings[-1] else "general")
        general = target_of(world, "general")
        assert (await run(world)).is_faithful
        found = [row for row in world.community.channels.values() if row.parent_id == general.parent_id]
        order = [row.name for row in sorted(found, key=lambda row: (row.position, row.id)) if row.type == 0]
        names = [channel.name for channel in siblings]
        assert order == names


async def test_since_takes_only_what_is_newer(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile") as world:
        ids = sorted(row.id for rows in world.sandbox.discord.store.community.messages.values() for row in rows)
        world.settings.copy.since = str(ids[len(ids) // 2])
        async with world.workspace() as workspace:
            planned = workspace.plan(await workspace.survey(), world.settings)
            summary = await workspace.run(world.settings)
        assert summary.messages.source == planned.messages == len(ids) - len(ids) // 2
        assert not [line for line in planned.warnings if "stay behind" in line]


async def test_asking_for_older_messages_later_is_told_in_the_plan(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        ids = sorted(row.id for rows in world.sandbox.discord.store.community.messages.values() for row in rows)
        world.settings.copy.since = str(ids[40])
        assert (await run(world)).messages.source == 20
        world.settings.copy.since = ""
        async with world.workspace() as workspace:
            plan = workspace.plan(await workspace.survey(), world.settings)
        assert "stay behind" in plan.warnings[0]
        for _ in range(2):
            assert (await run(world)).messages.source == 20
            assert "stay behind" in (await workspace_plan(world)).warnings[0]


async def workspace_plan(world: World) -> Any:
    async with world.workspace() as workspace:
        return await workspace.clone.plan(await workspace.clone.survey(), world.settings)


async def test_a_second_plan_changes_nothing_and_runs_are_summed(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=40) as world:
        first = await run(world)
        assert not [item for item in (await workspace_plan(world)).items if item.action in ("create", "change")]
        second = await run(world)
        assert (first.total.runs, second.total.runs) == (1, 2)
        assert second.total.requests == first.http.requests + second.http.requests
        assert second.total.duration_s >= first.duration_s


async def test_a_channel_replaced_on_the_target_is_not_called_whole(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        assert (await run(world)).is_faithful
        community = world.community
        gone = max(community.message_ids, key=lambda each: len(community.message_ids[each]))
        community.channels.pop(gone)
        for hook in [hook for hook in community.webhooks.values() if hook.channel_id == gone]:
            community.webhooks.pop(hook.id)
        summary = await run(world)
        assert summary.verify is not None
        assert summary.verify.unreadable == 1
        assert code_of_summary(summary) is ExitCode.INCOMPLETE


async def test_a_target_that_is_down_at_the_start_is_unavailable(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=20) as world:

        async def down(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            return web.Response(status=503, text="down")

        world.trouble.answer_instead = down
        with pytest.raises(ServiceDown) as caught:
            await run(world)
        assert code_of_error(caught.value) is ExitCode.UNAVAILABLE


@pytest.mark.parametrize(("name", "value"), [("since", "yesterday-ish"), ("since", "9" * 40)])
async def test_what_cannot_be_done_is_refused_before_anything_is_touched(
    tmp_path: Path, name: str, value: object
) -> None:
    async with small_world(tmp_path / "profile", messages=20) as world:
        setattr(world.settings.copy, name, value)
        with pytest.raises(ConfigurationError):
            await run(world)
        assert world.trouble.requests == []


async def test_nothing_that_is_told_holds_a_secret(tmp_path: Path) -> None:
    async with small_world(tmp_path / "profile", messages=60) as world:
        seen = 0

        async def trouble(request: web.BaseRequest, body: bytes) -> web.StreamResponse | None:
            nonlocal seen
            seen += 1
            if seen % 9 == 0 and request.method == "POST":
                return web.Response(status=500, text="boom")
            return None

        world.trouble.answer_instead = trouble
        async with world.workspace() as workspace:
            summary = await workspace.run(world.settings)
            told = [line.text for line in workspace.log.since(0)]
            told += [repr(workspace.settings), repr(workspace.clone.writer), repr(workspace.clone.reader)]
        told += [msgspec.json.encode(summary).decode()]
        secrets = [world.settings.discord.token, world.settings.fluxer.token]
        secrets += [hook.token for hook in world.community.webhooks.values()]
        assert len(secrets) > 2
        assert not [secret for secret in secrets for text in told if secret in text]
        modes = {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "profile").glob("*") if path.is_file()}
        assert modes["journal.db"] == 0o600
        assert all(mode & 0o077 == 0 for mode in modes.values()), modes
