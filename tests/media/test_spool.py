"""Files are brought whole, once, in bounds, and leave nothing behind."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web

from reaper_tui.media import download, room, sink, spool
from reaper_tui.model.errors import FileUnavailable, SentTooSlowly, ServiceDown, SpoolFull
from reaper_tui.model.outgoing import FileSlot

from .file_server import cut_after, file_server, spool_at, status, whole

LIMIT = 50_000_000
DATA = bytes(range(256)) * 4000


def slot(url: str, size: int | None = None, key: int = 1) -> FileSlot:
    return FileSlot(key, url, "a b.bin", size, "words", True)


def names_in(directory: Path) -> list[str]:
    return [path.name for path in directory.iterdir()]


def is_empty(directory: Path) -> bool:
    return not names_in(directory)


async def test_a_file_is_brought_whole_and_released(tmp_path: Path) -> None:
    async with file_server(whole(DATA)) as server, spool_at(tmp_path, server.base) as files:
        file = await files.fetch(slot(server.base + "/x", len(DATA)), LIMIT)
        assert file.path.read_bytes() == DATA
        assert (file.size, file.filename, file.description, file.is_spoiler) == (len(DATA), "a b.bin", "words", True)
        assert files.bytes_held == len(DATA)
        files.release(file)
        files.release(file)
        assert files.bytes_held == 0
        assert "Authorization" not in server.requests[0].headers
    assert is_empty(tmp_path)


async def test_an_empty_file_is_a_file(tmp_path: Path) -> None:
    async with file_server(whole(b"")) as server, spool_at(tmp_path, server.base) as files:
        file = await files.fetch(slot(server.base + "/x", 0), LIMIT)
        assert file.path.read_bytes() == b""


async def test_a_cut_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    answers = (cut_after(DATA, 300_000), cut_after(DATA, 300_000), whole(DATA))
    async with file_server(*answers) as server, spool_at(tmp_path, server.base) as files:
        file = await files.fetch(slot(server.base + "/x", len(DATA)), LIMIT)
        assert file.path.read_bytes() == DATA
        starts = [request.headers.get("Range", "") for request in server.requests]
        assert starts[0] == ""
        assert [int(start[6:-1]) > 0 for start in starts[1:]] == [True, True]


async def test_a_file_that_changed_meanwhile_is_begun_anew(tmp_path: Path) -> None:
    other = b"other" * 1000
    async with (
        file_server(cut_after(DATA, 300_000), whole(other, etag='"two"')) as server,
        spool_at(tmp_path, server.base) as files,
    ):
        file = await files.fetch(slot(server.base + "/x"), LIMIT)
        assert file.path.read_bytes() == other


@pytest.mark.parametrize(
    ("code", "path", "reason"),
    [
        (403, "/x", "expired"),
        (404, "/x", "gone"),
        (410, "/x", "gone"),
        (404, "/x?ex=5f000000", "expired"),
        (451, "/x", "refused with 451"),
    ],
)
async def test_a_lost_file_says_why(tmp_path: Path, code: int, path: str, reason: str) -> None:
    async with file_server(status(code)) as server, spool_at(tmp_path, server.base) as files:
        with pytest.raises(FileUnavailable, match=f"^{reason}$"):
            await files.fetch(slot(server.base + path), LIMIT)
        assert len(server.requests) == 1
        assert files.bytes_held == 0
        assert is_empty(tmp_path)


async def test_an_ailing_source_is_down_after_a_few_tries_and_up_again(tmp_path: Path) -> None:
    async with file_server(*[status(503)] * 4, whole(DATA)) as server, spool_at(tmp_path, server.base) as files:
        with pytest.raises(ServiceDown):
            await files.fetch(slot(server.base + "/x"), LIMIT)
        assert len(server.requests) == 4
        assert is_empty(tmp_path)
        await files.fetch(slot(server.base + "/x"), LIMIT)


async def test_a_source_that_is_not_there_is_down(tmp_path: Path, unused_tcp_port: int) -> None:
    base = f"http://127.0.0.1:{unused_tcp_port}"
    async with spool_at(tmp_path, base) as files:
        with pytest.raises(ServiceDown, match="cannot be reached"):
            await files.fetch(slot(base + "/x"), LIMIT)


async def test_a_stalled_body_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "TIMEOUT", download.aiohttp.ClientTimeout(sock_read=0.1))
    going = asyncio.Event()

    async def stall(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1000
        await response.prepare(request)
        await response.write(b"x" * 10)
        await going.wait()
        return response

    async with file_server(stall) as server, spool_at(tmp_path, server.base) as files:
        with pytest.raises(ServiceDown):
            await files.fetch(slot(server.base + "/x"), LIMIT)
        going.set()
        assert is_empty(tmp_path)


@pytest.mark.parametrize(
    ("begin", "again"),
    [
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1;", b"a" * 1000),
    ],
    ids=["hints", "chunk extension"],
)
async def test_bytes_without_end_that_bring_nothing_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes, again: bytes
) -> None:
    monkeypatch.setattr(download, "PATIENCE", 0.1)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(begin)
            while True:
                writer.write(again)
                await writer.drain()
                await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, spool_at(tmp_path, base) as files:
        with pytest.raises(ServiceDown):
            await files.image(base + "/x", 100)


async def test_a_piece_is_never_taken_for_the_whole(tmp_path: Path) -> None:
    """Some caches answer with the piece they hold, whatever was asked."""

    def piece(start: int, end: int) -> web.Response:
        named = {"ETag": '"one"', "Content-Range": f"bytes {start}-{end - 1}/{len(DATA)}"}
        return web.Response(status=206, body=DATA[start:end], headers=named)

    async def head(request: web.Request) -> web.StreamResponse:
        return piece(0, 1000)

    async def middle(request: web.Request) -> web.StreamResponse:
        start = int(request.headers["Range"].removeprefix("bytes=").rstrip("-"))
        return piece(start, start + 1000)

    async with file_server(head, whole(DATA)) as server, spool_at(tmp_path, server.base) as files:
        assert await files.image(server.base + "/x", LIMIT) == DATA
    async with (
        file_server(cut_after(DATA, 300_000), middle, whole(DATA)) as server,
        spool_at(tmp_path, server.base) as files,
    ):
        assert await files.image(server.base + "/x", LIMIT) == DATA


@pytest.mark.parametrize("told", [f"bytes {'0' * 5000}-1/2", f"bytes 0-1/{'9' * 5000}", "bytes ", "items 0-1/2"])
async def test_a_range_that_is_none_is_a_cut(tmp_path: Path, told: str) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=206, body=b"ab", headers={"Content-Range": told})

    async with file_server(answer, whole(DATA)) as server, spool_at(tmp_path, server.base) as files:
        assert await files.image(server.base + "/x", LIMIT) == DATA


async def test_as_many_downloads_as_there_are_connections_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "CONNECTIONS", 2)
    busy = most = 0

    async def count(request: web.Request) -> web.StreamResponse:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return web.Response(body=b"x")

    async with file_server(count) as server, spool_at(tmp_path, server.base) as files:
        await asyncio.gather(*[files.image(server.base + "/x", 100) for _ in range(8)])
        assert most <= 2
        assert len(server.requests) == 8


async def test_a_trickle_is_given_up(tmp_path: Path) -> None:
    seconds = iter(range(0, 10_000_000, 30))

    async def trickle(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"ETag": '"one"'})
        response.content_length = 1000
        await response.prepare(request)
        for _ in range(10):
            await response.write(b"x" * 10)
            await asyncio.sleep(0.02)
        return response

    async with file_server(trickle) as server, spool_at(tmp_path, server.base, clock=lambda: next(seconds)) as files:
        with pytest.raises(SentTooSlowly):
            await files.fetch(slot(server.base + "/x"), LIMIT)
        assert len(server.requests) == 2


async def test_too_large_is_known_before_or_while_reading(tmp_path: Path) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        try:
            while True:
                await response.write(b"x" * 65_536)
        except ConnectionError:
            return response

    async with file_server(whole(DATA), endless) as server, spool_at(tmp_path, server.base) as files:
        with pytest.raises(FileUnavailable, match="too large"):
            await files.fetch(slot(server.base + "/x", 101), 100)
        assert server.requests == []
        for _ in range(2):
            with pytest.raises(FileUnavailable, match="too large"):
                await files.fetch(slot(server.base + "/x"), 500_000)
        assert is_empty(tmp_path)


async def test_another_size_than_declared_is_refused(tmp_path: Path) -> None:
    async with file_server(whole(DATA)) as server, spool_at(tmp_path, server.base) as files:
        for size in (len(DATA) - 1, len(DATA) + 1):
            with pytest.raises(FileUnavailable, match="wrong size"):
                await files.fetch(slot(server.base + "/x", size), LIMIT)
        assert len(server.requests) == 2


async def test_the_bytes_on_disk_are_bounded_and_a_giant_passes_alone(tmp_path: Path) -> None:
    size = len(DATA)
    async with file_server(whole(DATA)) as server, spool_at(tmp_path, server.base, int(1.5 * size)) as files:
        first = await files.fetch(slot(server.base + "/x", size), LIMIT)
        second = asyncio.create_task(files.fetch(slot(server.base + "/x", size), LIMIT))
        third = asyncio.create_task(files.fetch(slot(server.base + "/x", size), LIMIT))
        await asyncio.sleep(0.1)
        assert not second.done()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        files.release(first)
        files.release(await third)
        assert files.bytes_held == 0
    async with file_server(whole(DATA)) as server, spool_at(tmp_path, server.base, 10) as files:
        giant = await files.fetch(slot(server.base + "/x", size), LIMIT)
        assert giant.size == size


async def test_a_small_file_stays_in_memory_while_there_is_room_for_it(tmp_path: Path) -> None:
    size = len(DATA)
    assert size <= spool.SMALL_BYTES
    async with (
        file_server(whole(DATA)) as server,
        spool_at(tmp_path, server.base, memory_bytes=int(1.5 * size)) as files,
    ):
        first = await files.fetch(slot(server.base + "/x", size), LIMIT)
        assert (first.data, first.size, files.bytes_held) == (DATA, size, size)
        assert (first.filename, first.description, first.is_spoiler) == ("a b.bin", "words", True)
        assert is_empty(tmp_path)
        second = await files.fetch(slot(server.base + "/x", size), LIMIT)
        assert second.data is None
        assert second.path.read_bytes() == DATA
        files.release(first)
        files.release(first)
        third = await files.fetch(slot(server.base + "/x", size), LIMIT)
        assert third.data == DATA
        for file in (second, third):
            files.release(file)
        assert files.bytes_held == 0
    assert is_empty(tmp_path)


async def test_only_a_small_file_of_a_known_size_is_for_memory(tmp_path: Path) -> None:
    large = bytes(spool.SMALL_BYTES + 1)
    async with (
        file_server(whole(DATA), whole(large)) as server,
        spool_at(tmp_path, server.base, memory_bytes=1 << 30) as files,
    ):
        unknown = await files.fetch(slot(server.base + "/x"), LIMIT)
        known = await files.fetch(slot(server.base + "/y", len(large)), LIMIT)
        assert (unknown.data, known.data) == (None, None)
        assert (unknown.path.read_bytes(), known.path.read_bytes()) == (DATA, large)


async def test_memory_is_given_back_by_a_download_that_fails(tmp_path: Path) -> None:
    size = len(DATA)
    async with (
        file_server(status(404), cut_after(DATA, 300_000), whole(DATA)) as server,
        spool_at(tmp_path, server.base, memory_bytes=size) as files,
    ):
        with pytest.raises(FileUnavailable, match=r"^gone$"):
            await files.fetch(slot(server.base + "/x", size), LIMIT)
        assert files.bytes_held == 0
        assert (await files.fetch(slot(server.base + "/x", size), LIMIT)).data == DATA


async def test_senders_that_all_hold_and_wait_are_let_go_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LONGEST_WAIT", 0.05)
    async with file_server(whole(DATA)) as server, spool_at(tmp_path, server.base, len(DATA)) as files:
        held = [await files.fetch(slot(server.base + "/x", len(DATA)), LIMIT) for _ in range(3)]
        assert len({file.path for file in held}) == 3


async def test_a_cancelled_download_leaves_nothing(tmp_path: Path) -> None:
    begun = asyncio.Event()
    going = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1_000_000
        await response.prepare(request)
        await response.write(b"x" * 600_000)
        begun.set()
        await going.wait()
        return response

    async with file_server(slow) as server, spool_at(tmp_path, server.base) as files:
        task = asyncio.create_task(files.fetch(slot(server.base + "/x"), LIMIT))
        await begun.wait()
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        going.set()
        assert is_empty(tmp_path)
        assert files.bytes_held == 0


async def test_a_crashs_leftovers_go_and_other_files_stay(tmp_path: Path) -> None:
    (tmp_path / "spooled-7").write_bytes(b"x")
    (tmp_path / "mine.txt").write_bytes(b"x")
    async with spool_at(tmp_path):
        assert names_in(tmp_path) == ["mine.txt"]


async def test_a_full_disk_is_one_clear_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with file_server(whole(DATA)) as server, spool_at(tmp_path, server.base) as files:
        with monkeypatch.context() as patch:
            patch.setattr(sink, "SPARE_BYTES", 1 << 60)
            with pytest.raises(SpoolFull, match="is full") as full:
                await files.fetch(slot(server.base + "/x", len(DATA)), LIMIT)
        assert "\n" not in full.value.line()
        assert is_empty(tmp_path)
        assert files.bytes_held == 0
        await files.fetch(slot(server.base + "/x", len(DATA)), LIMIT)


async def test_an_image_is_bytes_and_bounded(tmp_path: Path) -> None:
    async with file_server(whole(b"png")) as server, spool_at(tmp_path, server.base) as files:
        assert await files.image(server.base + "/x", 3) == b"png"
        with pytest.raises(FileUnavailable, match="too large"):
            await files.image(server.base + "/x", 2)


async def test_the_loop_is_never_held_up(tmp_path: Path) -> None:
    data = bytes(30_000_000)
    async with file_server(whole(data)) as server, spool_at(tmp_path, server.base) as files:
        task = asyncio.create_task(files.fetch(slot(server.base + "/x", len(data)), LIMIT))
        longest = 0.0
        while not task.done():
            began = time.perf_counter()
            await asyncio.sleep(0.001)
            longest = max(longest, time.perf_counter() - began)
        await task
        assert longest < 0.6


async def test_a_folder_that_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    files = spool.MediaSpool(tmp_path / "file" / "spool", 100)
    with pytest.raises(SpoolFull, match="cannot be kept"):
        await files.fetch(slot("http://127.0.0.1/x", 5), LIMIT)
    await files.close()
