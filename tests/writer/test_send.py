"""Sending through webhooks: once and only once, in the author's name, and without ever showing a token."""

from __future__ import annotations

import asyncio
import json
import logging
import tracemalloc
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reaper_tui.model.errors import (
    AccessDenied,
    CloneError,
    FileUnavailable,
    NotFound,
    OutcomeUnknown,
    Refused,
    ServiceDown,
    StoredDifferently,
    WebhookGone,
)
from reaper_tui.model.outgoing import FileSlot, Part, SpooledFile
from reaper_tui.writer import client
from reaper_tui.writer.errors import quieten_library, redacted
from reaper_tui.writer.webhooks import _content, author_name, payload_of

from .stub_server import HOOK, TOKEN, WEBHOOK_TOKEN, Handler, Naps, cut, reply, stored, stub_server, writer_at

HI = Part("hi", "Alice")
LIMITED = {"code": "RATE_LIMITED", "message": "You're being rate limited.", "global": False}


def spooled(path: Path, data: bytes, name: str = "a.bin", **fields: Any) -> SpooledFile:
    path.write_bytes(data)
    return SpooledFile(1, path, name, len(data), **fields)


async def send_to(*answers: Handler, naps: Naps | None = None) -> CloneError | None:
    async with stub_server(*answers) as server, writer_at(server.base, naps) as writer:
        try:
            await writer.send(HOOK, HI, [], "n")
        except CloneError as error:
            assert_silent(error)
            error.requests = len(server.requests)  # type: ignore[attr-defined]
            return error
        return None


def assert_silent(error: BaseException | None) -> None:
    while error is not None:
        for text in (str(error), repr(error), repr(vars(error)), getattr(error, "mend", "")):
            assert WEBHOOK_TOKEN not in text
            assert TOKEN not in text
        error = error.__cause__ or error.__context__


async def test_a_post_carries_what_the_target_wants_and_no_bot_token() -> None:
    async with stub_server(reply(stored(reply_to=None))) as server, writer_at(server.base) as writer:
        part = Part("hi @everyone", "  Alice\x00 ", "https://a.bc/x.png#y", ({"title": "t"},), (), True, 7)
        message = await writer.send(HOOK, part, [], "nonce-1")
        request = server.requests[0]
        assert (message.id, message.channel_id, message.webhook_id) == (900, 77, 55)
        assert request.path_qs == f"/api/v1/webhooks/55/{WEBHOOK_TOKEN}?wait=true"
        assert "Authorization" not in request.headers
        assert json.loads(await request.read()) == {
            "content": "hi @everyone",
            "username": "Alice",
            "avatar_url": "https://a.bc/x.png",
            "embeds": [{"title": "t"}],
            "allowed_mentions": {"parse": []},
            "nonce": "nonce-1",
            "flags": 4,
            "message_reference": {"message_id": "7"},
        }


async def test_newer_servers_are_told_who_posts() -> None:
    newer = reply([], headers={"X-RateLimit-Bucket": "0123456789abcdef"})
    async with stub_server(newer, reply(stored())) as server, writer_at(server.base) as writer:
        assert writer.generation == "2026-02"
        await writer.webhooks(77)
        await writer.send(HOOK, HI, [], "n")
        assert server.requests[1].headers["Authorization"] == f"Bot {TOKEN}"
        assert writer.generation == "current"


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", "Unknown user"),
        ("\u200b\u202e", "Unknown user"),
        ("😀" * 60, "😀" * 40),
        ("a\nb", "a b"),
        ("discord", "discord"),
    ],
)
def test_an_author_always_has_a_name_the_target_takes(name: str, shown: str) -> None:
    assert author_name(name) == shown


def test_names_of_files_and_links_to_them_agree(tmp_path: Path) -> None:
    file = spooled(tmp_path / "x", b"x", "my file (1).png", is_spoiler=True, description="words")
    part = Part("", "A", embeds=({"image": {"url": "attachment://my file (1).png"}},))
    payload = payload_of(part, [file], "n")
    name = payload["attachments"][0]["filename"]
    assert payload["attachments"] == [{"id": 0, "filename": name, "description": "words", "flags": 8}]
    assert payload["embeds"][0]["image"]["url"] == f"attachment://{name}"
    assert " " not in name


@pytest.mark.parametrize("is_in_memory", [False, True], ids=["on disk", "in memory"])
@pytest.mark.parametrize("data", [b"12345", bytes(range(256)) * 2000], ids=["short", "long"])
async def test_files_go_whole_again_after_a_refusal(tmp_path: Path, data: bytes, is_in_memory: bool) -> None:
    seen: list[dict[str, bytes]] = []

    def taking(answer: Handler) -> Handler:
        async def take(request: web.Request) -> web.StreamResponse:
            parts: dict[str, bytes] = {}
            async for part in await request.multipart():
                parts[f"{part.name}|{part.filename}"] = bytes(await part.read())
            seen.append(parts)
            return await answer(request)

        return take

    attachment = {"id": "1", "filename": "råb.txt", "size": len(data)}
    file = spooled(tmp_path / "x", data, "råb.txt")
    if is_in_memory:
        file = SpooledFile(1, tmp_path / "nowhere", "råb.txt", len(data), data=data)
    limited = taking(reply({**LIMITED, "retry_after": 0.05}, 429))
    async with (
        stub_server(limited, taking(reply(stored(attachments=[attachment])))) as server,
        writer_at(server.base) as writer,
    ):
        message = await writer.send(HOOK, HI, [file], "n")
        assert (message.attachment_count, message.attachment_names) == (1, ("råb.txt",))
        assert message.attachment_bytes == len(data)
        assert seen[0] == seen[1]
        assert seen[0]["files[0]|råb.txt"] == data
        assert json.loads(seen[0]["payload_json|None"])["attachments"] == [{"id": 0, "filename": "råb.txt"}]


@pytest.mark.parametrize("is_in_memory", [False, True], ids=["on disk", "in memory"])
async def test_each_piece_of_a_file_that_goes_out_is_progress(tmp_path: Path, is_in_memory: bool) -> None:
    data = bytes(200_000)
    file = SpooledFile(1, tmp_path, "a", len(data), data=data) if is_in_memory else spooled(tmp_path / "x", data)
    told: list[int] = []
    with ExitStack() as stack:
        content = await _content(file, stack, lambda: told.append(1))
        assert not isinstance(content, bytes)
        while content.read(65_536):
            pass
    assert len(told) == 5


async def test_a_large_upload_stays_out_of_memory(tmp_path: Path) -> None:
    size = 25 * 1024 * 1024

    async def swallow(request: web.Request) -> web.StreamResponse:
        total = 0
        async for chunk in request.content.iter_chunked(65_536):
            total += len(chunk)
        assert total > size
        return web.json_response(stored(attachments=[{"id": "1", "filename": "a", "size": size}]))

    file = spooled(tmp_path / "x", bytes(size))
    async with stub_server(swallow) as server, writer_at(server.base) as writer:
        await writer.instance()
        tracemalloc.start()
        await writer.send(HOOK, HI, [file], "n")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


async def test_dropped_files_are_told_with_what_was_stored(tmp_path: Path) -> None:
    async with stub_server(reply(stored(content="blocked"))) as server, writer_at(server.base) as writer:
        with pytest.raises(StoredDifferently) as error:
            await writer.send(HOOK, HI, [spooled(tmp_path / "x", b"virus")], "n")
        assert (error.value.code, error.value.stored.id, error.value.status) == ("ATTACHMENTS_DROPPED", 900, 200)


async def test_a_file_that_vanished_is_unavailable(tmp_path: Path) -> None:
    async with stub_server(reply(stored())) as server, writer_at(server.base) as writer:
        with pytest.raises(FileUnavailable):
            await writer.send(HOOK, HI, [SpooledFile(1, tmp_path / "none", "a", 5)], "n")
        assert server.requests == []
        await writer.send(HOOK, HI, [], "n")


async def test_a_reply_whose_target_is_gone_goes_without_it() -> None:
    gone = reply({"code": "UNKNOWN_MESSAGE", "message": "x"}, 404)
    async with stub_server(gone, reply(stored())) as server, writer_at(server.base) as writer:
        await writer.send(HOOK, Part("hi", "A", reply_to=7), [], "n")
        assert "message_reference" not in json.loads(await server.requests[1].read())


def form_error(path: str, code: str) -> dict[str, Any]:
    return {"code": "INVALID_FORM_BODY", "message": "x", "errors": [{"path": path, "message": "m", "code": code}]}


@pytest.mark.parametrize(
    ("answer", "kind", "facts"),
    [
        (reply({"code": "UNAUTHORIZED"}, 401), AccessDenied, {"ends_run": True}),
        (reply({"code": "MISSING_PERMISSIONS"}, 403), AccessDenied, {"ends_run": False}),
        (reply({"code": "MISSING_ACCESS"}, 403), AccessDenied, {"ends_run": False}),
        (reply({"code": "NSFW_CONTENT_AGE_RESTRICTED"}, 403), AccessDenied, {"ends_run": False}),
        (reply({"code": "GLOBAL_IP_TEMPORARILY_BANNED"}, 403), AccessDenied, {"ends_run": True}),
        (reply(text="<html>no</html>", status=403), AccessDenied, {"ends_run": False}),
        (reply({"code": "CONTENT_BLOCKED"}, 403), Refused, {"status": 403, "code": "CONTENT_BLOCKED"}),
        (reply({"code": "UNKNOWN_WEBHOOK"}, 404), WebhookGone, {}),
        (reply({"code": "UNKNOWN_CHANNEL"}, 404), NotFound, {}),
        (reply(form_error("embeds.0.title", "X"), 400), Refused, {"status": 400, "code": "X", "field": "embeds"}),
        (reply(form_error("avatar", "INVALID_IMAGE_FORMAT"), 400), Refused, {"field": "avatar"}),
        (reply({"code": "FILE_SIZE_TOO_LARGE"}, 400), Refused, {"field": "attachments"}),
        (reply(text="<h1>413</h1>" + "x" * 5_000_000, status=413), Refused, {"status": 413, "field": "attachments"}),
        (reply(text="<h1>400</h1>", status=400), Refused, {"status": 400}),
        (reply({"message": "Server is at capacity."}, 503, {"Retry-After": "5"}), ServiceDown, {"retry_after": 5.0}),
        (reply(text="unavailable", status=503), OutcomeUnknown, {}),
        (reply({"code": "INTERNAL_SERVER_ERROR"}, 500), OutcomeUnknown, {}),
        (reply(text="<h1>504</h1>", status=504), OutcomeUnknown, {}),
        (cut(), OutcomeUnknown, {}),
        (reply(text="<html>welcome</html>"), OutcomeUnknown, {}),
        (reply({"no": "message"}), OutcomeUnknown, {}),
        (reply(None, 204), OutcomeUnknown, {}),
        (reply({}, 302, {"Location": "http://127.0.0.1:1/"}), ServiceDown, {}),
    ],
)  # fmt: skip
async def test_every_answer_has_its_error_and_a_post_is_made_once(
    answer: Handler, kind: type[CloneError], facts: dict[str, object]
) -> None:
    error = await send_to(answer)
    assert type(error) is kind
    assert error.requests == 1  # type: ignore[attr-defined]
    assert {name: getattr(error, name) for name in facts} == facts
    assert "\n" not in error.line()


async def test_a_missing_permission_is_named() -> None:
    async with stub_server(reply({"code": "MISSING_PERMISSIONS"}, 403)) as server, writer_at(server.base) as writer:
        with pytest.raises(AccessDenied, match="making a webhook") as error:
            await writer.create_webhook(77, "x")
        assert "Manage Webhooks" in error.value.mend


async def test_a_reply_cut_in_the_middle_leaves_the_outcome_open() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse()
        response.content_length = 500
        await response.prepare(request)
        await response.write(b'{"id": "9')
        assert request.transport is not None
        request.transport.close()
        return response

    assert type(await send_to(half)) is OutcomeUnknown


async def test_a_stall_leaves_the_outcome_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "STALL_SECONDS", 0.1)
    going = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        await going.wait()
        return web.Response()

    async with stub_server(stall) as server, writer_at(server.base) as writer:
        with pytest.raises(OutcomeUnknown, match="no answer in time"):
            await writer.send(HOOK, HI, [], "n")
        going.set()


@pytest.mark.parametrize("is_known", [True, False])
async def test_no_connection_means_nothing_was_done(is_known: bool) -> None:
    async with AsyncExitStack() as stack:
        async with stub_server(reply(stored())) as server:
            writer = await stack.enter_async_context(writer_at(server.base))
            if is_known:
                await writer.instance()
        with pytest.raises(ServiceDown) as error:
            await writer.send(HOOK, HI, [], "n")
        assert not isinstance(error.value, OutcomeUnknown)
        assert_silent(error.value)


@pytest.mark.parametrize(
    ("refusal", "wait"),
    [
        (reply({**LIMITED, "retry_after": 1.5}, 429), 1.5),
        (reply({**LIMITED, "retry_after": 2}, 429, {"retry-after": "9"}), 2.0),
        (reply(text="<html>slow down</html>", status=429, headers={"retry-after": "3"}), 3.0),
        (reply(text="<html>slow down</html>", status=429), 1.0),
        (reply({**LIMITED, "retry_after": 0}, 429), 0.02),
    ],
)
async def test_a_limit_is_waited_for_and_is_no_failure(refusal: Handler, wait: float) -> None:
    naps = Naps()
    async with stub_server(refusal, reply(stored())) as server, writer_at(server.base, naps) as writer:
        await writer.send(HOOK, HI, [], "n")
        assert sum(naps.naps) == pytest.approx(wait, abs=0.01)
        assert (writer.requests, writer.status_429, writer.retries) == (2, 1, 0)
        assert writer.limit_wait_seconds == pytest.approx(wait, abs=0.01)
        waits = [event for event in writer.events if event.kind == "wait"]  # type: ignore[attr-defined]
        assert [(event.what, event.channel_id) for event in waits] == [("webhook limit", 77)]
        assert WEBHOOK_TOKEN not in repr(writer.events)  # type: ignore[attr-defined]


async def test_five_hundred_refusals_in_a_row_end_in_one_message() -> None:
    refusals = [reply({**LIMITED, "retry_after": 0.4}, 429)] * 500
    naps = Naps()
    async with stub_server(*refusals, reply(stored())) as server, writer_at(server.base, naps) as writer:
        await writer.send(HOOK, HI, [], "n")
        assert len(server.requests) == 501
        assert sum(naps.naps) == pytest.approx(200, rel=0.05)


async def test_a_lock_is_waited_for() -> None:
    locked = reply({"code": "GENERAL_ERROR"}, 423, {"Retry-After": "2"})
    naps = Naps()
    async with stub_server(locked, locked, reply(None, 204)) as server, writer_at(server.base, naps) as writer:
        await writer.order_roles(1, [3, 2])
        assert naps.naps == [2.0, 2.0]
        assert json.loads(await server.requests[2].read()) == [{"id": "3", "position": 0}, {"id": "2", "position": -1}]


@pytest.mark.parametrize("trouble", [cut(), reply(text="x", status=502), reply(text="<html>", status=200)])
async def test_reading_is_tried_again_and_then_given_up(trouble: Handler) -> None:
    async with stub_server(trouble, trouble, reply([stored(2), stored(3)])) as server, writer_at(server.base) as writer:
        assert [message.id for message in await writer.history(77, before=9)] == [3, 2]
        assert server.requests[2].query == {"limit": "100", "before": "9"}
        assert 1 <= writer.retries <= 2
        assert server.requests[0].headers["Authorization"] == f"Bot {TOKEN}"
    async with stub_server(trouble) as server, writer_at(server.base) as writer:
        with pytest.raises(ServiceDown) as error:
            await writer.history(77)
        assert not isinstance(error.value, OutcomeUnknown)
        assert 4 <= len(server.requests) <= 8


@pytest.mark.parametrize("moment", ["waiting for the answer", "waiting for the limit"])
async def test_a_cancelled_send_leaves_the_webhook_usable_at_once(moment: str) -> None:
    begun, going = asyncio.Event(), asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        begun.set()
        await going.wait()
        return web.json_response(stored())

    class RealNaps(Naps):
        async def sleep(self, seconds: float) -> None:
            begun.set()
            await asyncio.sleep(seconds)

    naps: Naps = RealNaps() if moment.endswith("limit") else Naps()
    first = reply({**LIMITED, "retry_after": 3600}, 429) if moment.endswith("limit") else stall
    async with stub_server(first, reply(stored())) as server, writer_at(server.base, naps) as writer:
        task = asyncio.create_task(writer.send(HOOK, HI, [], "n"))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        naps.now += 3600
        message = await asyncio.wait_for(writer.send(HOOK, HI, [], "n"), 5)
        assert message.id == 900
        going.set()


async def test_lone_surrogates_do_not_break_a_post() -> None:
    async with stub_server(reply(stored())) as server, writer_at(server.base) as writer:
        await writer.send(HOOK, Part("a\ud800b", "A\udfff"), [], "n")
        assert json.loads(await server.requests[0].read())["content"] == "a\ufffdb"


async def test_nothing_about_a_writer_shows_its_token() -> None:
    async with writer_at("http://127.0.0.1:1/api/v1") as writer:
        for shown in (repr(writer), repr(writer._client), repr(HOOK)):
            assert TOKEN not in shown
            assert WEBHOOK_TOKEN not in shown


def test_the_librarys_log_is_redacted_and_stays_off_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    quieten_library()
    heard: list[str] = []

    class Keeper(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(self.format(record))

    logger = logging.getLogger("fluxer.http")
    keeper = Keeper()
    logger.addHandler(keeper)
    logger.warning("Rate limited on %s with %s", f"https://x/webhooks/55/{WEBHOOK_TOKEN}?wait=1", f"Bot {TOKEN}")
    logger.removeHandler(keeper)
    logger.error("https://x/webhooks/55/%s", WEBHOOK_TOKEN)
    assert heard == ["Rate limited on https://x/webhooks/55/•••?wait=1 with Bot •••"]
    assert capfd.readouterr().err == ""
    assert redacted("nothing here") == "nothing here"


async def test_an_early_413_while_uploading_is_understood(tmp_path: Path) -> None:
    async def early(request: web.Request) -> web.StreamResponse:
        response = web.Response(status=413, text="<h1>too large</h1>", content_type="text/html")
        response.force_close()
        return response

    file = spooled(tmp_path / "x", bytes(3_000_000))
    async with stub_server(early) as server, writer_at(server.base) as writer:
        with pytest.raises(Refused, match="Too large"):
            await writer.send(HOOK, HI, [file], "n")
        assert len(server.requests) == 1


def test_a_slot_is_not_needed_to_send() -> None:
    assert payload_of(Part("x", "A", files=(FileSlot(1, "u", "f"),)), [], "n" * 40)["nonce"] == "n" * 32


async def test_a_voice_message_carries_its_waveform_and_is_said_where_none_are_taken(tmp_path: Path) -> None:
    file = spooled(tmp_path / "x", b"ogg", "voice-message.ogg", duration_seconds=12.4, waveform="AAE=")
    part = Part("", "A", voice_line="-# voice")
    payload = payload_of(part, [file], "n")
    assert payload["flags"] == 8192
    assert payload["attachments"] == [{"id": 0, "filename": file.filename, "duration": 12, "waveform": "AAE="}]
    bodies: list[str] = []
    kept = stored(attachments=[{"filename": "voice-message.ogg"}])

    def taking(body: Any, status: int) -> Handler:
        async def take(request: web.Request) -> web.StreamResponse:
            async for field in await request.multipart():
                if field.name == "payload_json":
                    bodies.append(await field.text())
            return web.json_response(body, status=status)

        return take

    refusal = {"code": "INVALID_FORM_BODY", "errors": [{"path": "message_data", "code": "INVALID_MESSAGE_DATA"}]}
    async with stub_server(taking(refusal, 400), taking(kept, 200)) as server, writer_at(server.base) as writer:
        await writer.send(HOOK, part, [file], "n")
        await writer.send(HOOK, part, [file], "m")
        assert len(server.requests) == 3
    first, *others = [json.loads(body) for body in bodies]
    assert "content" not in first
    assert [body["content"] for body in others] == ["-# voice"] * 2
    assert not any("flags" in body for body in others)
