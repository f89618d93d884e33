"""The page in a real browser: it follows, searches, comes back by cursor, and hostile text stays text."""

from __future__ import annotations

import json
from pathlib import Path

from reaper_tui.journal.feed import FeedEvent
from reaper_tui.stream.origins import Origins
from tests.stream.browser import Tab, chromium
from tests.stream.feeds import KEY, Kept, message, served
from tests.stream.test_client import free_port

TEXTS = "[...document.querySelectorAll('#log li:not(.mute):not(.out) .words')].map(e => e.textContent)"
STATE = "document.getElementById('state')?.dataset.state"
HOSTILE = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>\u202e]]>&lt;'


async def names(service: Kept) -> None:
    await service.journal.write(
        lambda raw: raw.execute(
            "INSERT INTO container (id, name, kind, parent_name, lane_id, sequence, estimate) VALUES "
            "(7, 'general', 'text', 'Talk', 7, 1, 0), (8, 'random', 'text', 'Talk', 8, 2, 0)"
        )
    )


async def opened(tab: Tab, service: Kept, **options) -> None:
    await tab.open(f"http://127.0.0.1:{service.port}/", **options)
    await tab.until(f"document.readyState === 'complete' && {STATE} === 'live'")


async def search(tab: Tab, words: str) -> None:
    box = "document.getElementById('search')"
    await tab.run(f"{box}.value = {words!r}; {box}.dispatchEvent(new Event('input'))")


async def test_it_shows_follows_searches_and_comes_back(tmp_path: Path) -> None:
    port = free_port()
    async with chromium(tmp_path / "browser") as tab:
        async with served(tmp_path, port=port) as service:
            await names(service)
            await service.write(message(100 + number, 7 + number % 2) for number in range(130))
            await opened(tab, service)
            assert await tab.run(f"{TEXTS}.at(-1)") == "message 229"
            assert await tab.run("document.querySelectorAll('#log li').length") == 100
            assert await tab.run("[...document.querySelectorAll('nav [data-channel]')].map(e => e.textContent)") == [
                "# general",
                "# random",
            ]

            await service.write([message(500, text="a needle in the hay")])
            await tab.until(f"{TEXTS}.at(-1) === 'a needle in the hay'")
            await service.write(
                [
                    message(500, 7, "update", "a thimble", "2"),
                    message(229, 8, "delete"),
                    FeedEvent("reactions", 7, 500, b'{"id":"500","reactions":[{"emoji":{"name":"!"},"count":4}]}'),
                ],
            )
            await tab.until(f"{TEXTS}.at(-1).startsWith('a thimble')")
            assert await tab.run("document.querySelectorAll('#log .gone').length") == 1
            assert await tab.run("document.querySelector('#log .tag').textContent") == "! 4"

            await tab.run("document.getElementById('log').scrollTop = 0")
            await tab.until("document.querySelectorAll('#log li').length === 131")
            assert await tab.run(f"{TEXTS}[0]") == "message 100"
            await service.write([message(501)])
            await tab.until("document.querySelector('#follow span').textContent === '1 new'")
            assert await tab.run("document.getElementById('log').scrollTop < 10_000_000")
            await tab.run("document.getElementById('follow').click()")

            await tab.run(
                "(s => { s.value = 'THIMBLE'; s.dispatchEvent(new Event('input')) })(document.getElementById('search'))"
            )
            assert await tab.run(f"{TEXTS}.length") == 1
            assert await tab.run("document.querySelector('#log mark').textContent") == "thimble"
            await tab.run(
                "(s => { s.value = ''; s.dispatchEvent(new Event('input')) })(document.getElementById('search'))"
            )

            await tab.run("document.querySelector('[data-channel=\"8\"]').click()")
            assert await tab.run(f"{TEXTS}.every(text => Number(text.split(' ')[1]) % 2 === 1)")
            await tab.run("document.querySelector('nav button').click()")
        await tab.until(f"{STATE} === 'lost'")
        async with served(tmp_path, port=port) as service:
            await service.write(message(number) for number in range(600, 610))
            await tab.until(f"{STATE} === 'live'", 40)
            await tab.until(f"{TEXTS}.at(-1) === 'message 609'")
            shown = await tab.run(f"{TEXTS}.slice(-11)")
            assert shown == ["message 501", *[f"message {number}" for number in range(600, 610)]]
        assert tab.complaints == []


async def test_hostile_text_stays_text(tmp_path: Path) -> None:
    async with chromium(tmp_path / "browser") as tab, served(tmp_path) as service:
        body = {
            "id": "1",
            "content": HOSTILE + " javascript:alert(1) https://example.org/?a=<b> " + "z" * 4000,
            "author": {"id": "2", "username": "\u202e" + HOSTILE + "n" * 10_000},
            "attachments": [{"filename": HOSTILE, "url": "javascript:window.hacked=1", "size": 3}],
            "embeds": [{"title": HOSTILE, "description": None}, None],
            "reactions": [{"emoji": {"name": HOSTILE}, "count": 2}],
            "mentions": None,
        }
        strange = [FeedEvent("create", 9, 1, json.dumps(body).encode(), "")]
        strange += [
            FeedEvent("create", 9, 2 + index, odd, "") for index, odd in enumerate((b"null", b"[]", b'"x"', b"{}"))
        ]
        await service.write(strange)
        await opened(tab, service)
        await service.write([FeedEvent("create", 9, 99, json.dumps(body).encode(), "")])
        await tab.until("document.querySelectorAll('#log li').length === 6")
        assert await tab.run("window.hacked === undefined && !document.querySelector('#log img, #log script')")
        assert await tab.run("[...document.querySelectorAll('#log a')].map(e => e.protocol)") == ["https:", "https:"]
        assert await tab.run("[...document.querySelectorAll('.who bdi')].every(e => e.textContent.length <= 80)")
        assert await tab.run("document.documentElement.scrollWidth <= innerWidth")
        assert tab.complaints == []


async def test_a_phone_has_room_and_a_key_is_asked_for(tmp_path: Path) -> None:
    origins = Origins((), is_public=False)
    async with (
        chromium(tmp_path / "browser") as tab,
        served(tmp_path, needs_key=True, origins=origins) as service,
    ):
        await names(service)
        await service.write([message(1, text="https://example.org/" + "long" * 100)])
        await tab.open(f"http://127.0.0.1:{service.port}/", 360, 640, is_phone=True)
        await tab.until("document.getElementById('door')?.open")
        await tab.run("document.getElementById('key').value = 'no'; document.querySelector('#door button').click()")
        await tab.until("document.getElementById('door').open && !document.getElementById('wrong').hidden")
        await tab.run(f"document.getElementById('key').value = {KEY!r}; document.querySelector('#door button').click()")
        await tab.until(f"{STATE} === 'live'")
        assert await tab.run("document.documentElement.scrollWidth <= innerWidth")
        assert await tab.run("getComputedStyle(document.querySelector('nav')).display") == "none"
        await tab.run("document.getElementById('menu').click()")
        await tab.run("document.querySelector('[data-channel=\"7\"]').click()")
        assert await tab.run("document.title") == "# general"
        assert tab.complaints == [] or all("401" in complaint for complaint in tab.complaints)
