"""Links from strangers reach the public internet and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from reaper_tui.media.guard import is_public, place_of
from reaper_tui.model.errors import FileUnavailable
from reaper_tui.model.outgoing import FileSlot

from .file_server import file_server, spool_at, status, whole


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.0.1", "172.16.0.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1",
        "2002:7f00:1::", "ff02::1", "nonsense", "fec0::1", "::127.0.0.1", "::ffff:0:7f00:1", "64:ff9b:1::7f00:1",
        "5f00::1", "3fff::1",
    ],
)  # fmt: skip
def test_inner_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"])
def test_outer_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url", ["ftp://a.b/c", "file:///etc/passwd", "https://user@a.b/", "http://[::1", "http://a:99999/", ""]
)
def test_what_is_no_web_address_has_no_place(url: str) -> None:
    assert place_of(url) is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "127.1", "2130706433", "0", "0x7f.1", "0x7f000001",
        "0177.0.0.1",
        "127.0.0.1.", "127。0。0。1", "１２７.0.0.1", "①②⑦.0.0.1", "%31%32%37.0.0.1", "localhost.", "ⓛocalhost",
    ],
)  # fmt: skip
async def test_a_strangers_link_does_not_reach_this_machine(tmp_path: Path, host: str) -> None:
    async with file_server(whole(b"secret")) as server, spool_at(tmp_path) as files:
        port = server.base.rpartition(":")[2]
        with pytest.raises(FileUnavailable, match=r"^(address not allowed|unreachable)$"):
            await files.fetch(FileSlot(1, f"http://{host}:{port}/x", "x"), 100)
        assert server.requests == []


async def test_the_sources_own_cdn_may_be_private_but_only_its_port(tmp_path: Path) -> None:
    async with (
        file_server(whole(b"other")) as other,
        file_server(whole(b"mine"), status(302, {"Location": f"{other.base}/x"})) as cdn,
        spool_at(tmp_path, cdn.base) as files,
    ):
        assert await files.image(cdn.base + "/x", 100) == b"mine"
        with pytest.raises(FileUnavailable, match="address not allowed"):
            await files.image(cdn.base + "/redirected", 100)
        assert other.requests == []


async def test_a_sandbox_may_allow_private_places(tmp_path: Path) -> None:
    async with file_server(whole(b"mine")) as server, spool_at(tmp_path, allow_private=True) as files:
        assert await files.image(server.base + "/x", 100) == b"mine"


async def test_redirects_are_bounded(tmp_path: Path) -> None:
    async with file_server(status(302, {"Location": "/again"})) as server, spool_at(tmp_path, server.base) as files:
        with pytest.raises(FileUnavailable, match="redirected too often"):
            await files.image(server.base + "/x", 100)
        assert len(server.requests) == 4


async def test_a_redirect_to_a_file_is_refused(tmp_path: Path) -> None:
    async with (
        file_server(status(302, {"Location": "file:///etc/passwd"})) as server,
        spool_at(tmp_path, server.base) as files,
    ):
        with pytest.raises(FileUnavailable, match="no web address"):
            await files.image(server.base + "/x", 100)


@pytest.mark.parametrize("location", ["http://[", "//[::1", "http://a:99999/", "http://\u2100/"])
async def test_a_redirect_to_what_is_no_address_is_refused(tmp_path: Path, location: str) -> None:
    async with file_server(status(302, {"Location": location})) as server, spool_at(tmp_path, server.base) as files:
        with pytest.raises(FileUnavailable, match="no web address"):
            await files.image(server.base + "/x", 100)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..b", ".a"])
async def test_a_name_that_no_resolver_takes_is_no_web_address(tmp_path: Path, host: str) -> None:
    async with spool_at(tmp_path) as files:
        with pytest.raises(FileUnavailable, match="no web address"):
            await files.image(f"http://{host}/x", 100)
