"""Whatever somebody changes shows on REST at once, and on the gateway as Discord tells it."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from reaper_tui.sandbox.community import generate_community
from reaper_tui.sandbox.discord_server import ChangeError, DiscordServer, changes

INTENTS = 1 | 1 << 3 | 1 << 9 | 1 << 10 | 1 << 15


class Witness:
    """Reads over REST and hears the gateway."""

    def __init__(self, server: DiscordServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.facts = server.facts()
        self.guild = f"/guilds/{self.facts['guild_id']}"

    async def get(self, path: str, **query: str) -> Any:
        headers = {"Authorization": f"Bot {self.facts['token']}"}
        async with self.session.get(self.facts["api_base"] + path, headers=headers, params=query) as response:
            return await response.json()

    async def listen(self) -> None:
        self.socket = await self.session.ws_connect(self.facts["gateway"] + "?v=10")
        await self.socket.receive_json()
        await self.socket.send_json({"op": 2, "d": {"token": self.facts["token"], "intents": INTENTS}})
        for _ in range(2):
            await self.socket.receive_json()

    async def change(self, action: str, *names: str, **fields: Any) -> dict[str, Any]:
        """Change something; the gateway must tell exactly these events."""
        made = await self.server.change({"action": action, **fields})
        self.heard = [await self.socket.receive_json(timeout=5) for _ in names]
        assert [event["t"] for event in self.heard] == list(names)
        return made


@pytest.fixture
async def witness() -> AsyncIterator[Witness]:
    server = DiscordServer(generate_community(seed=3, channels=12, messages=300), speed=1000)
    await server.start()
    async with aiohttp.ClientSession() as session:
        witness = Witness(server, session)
        await witness.listen()
        yield witness
        await witness.socket.close()
    await server.stop()


def channel_of(witness: Witness, type: int) -> str:
    return next(str(each.id) for each in witness.server.community.channels.values() if each.type == type)


async def test_edits_deletes_and_reactions_show_on_messages(witness: Witness) -> None:
    channel = channel_of(witness, 0)
    made = await witness.change("create", "MESSAGE_CREATE", channel_id=channel, content="a")
    where = {"channel_id": channel, "message_id": made["id"]}
    path = f"/channels/{channel}/messages/{made['id']}"
    await witness.change("edit", "MESSAGE_UPDATE", content="b", **where)
    found = await witness.get(path)
    assert found["content"] == "b" and found["edited_timestamp"] == witness.heard[0]["d"]["edited_timestamp"]
    for emoji in ("🔥", "<a:far:123456>"):
        await witness.change("react", "MESSAGE_REACTION_ADD", emoji=emoji, **where)
    people = list(witness.server.community.people)[:2]
    await witness.change("react", "MESSAGE_REACTION_ADD", emoji="🔥", user_id=str(people[0]), **where)
    counts = {each["emoji"]["name"]: each["count"] for each in (await witness.get(path))["reactions"]}
    assert counts.keys() == {"🔥", "far"} and counts["far"] == 1
    await witness.change("unreact", "MESSAGE_REACTION_REMOVE", emoji="a:far:123456", **where)
    await witness.change("clear_reactions", "MESSAGE_REACTION_REMOVE_EMOJI", emoji="🔥", **where)
    assert "reactions" not in await witness.get(path)
    await witness.change("clear_reactions", "MESSAGE_REACTION_REMOVE_ALL", **where)
    await witness.change("delete", "MESSAGE_DELETE", **where)
    assert (await witness.get(path))["code"] == 10008


async def test_pins_are_listed_the_old_way_and_the_new_and_leave_a_notice(witness: Witness) -> None:
    channel = channel_of(witness, 0)
    before = len(await witness.get(f"/channels/{channel}/pins"))
    ids: list[str] = []
    for content in "ab":
        made = await witness.change("create", "MESSAGE_CREATE", channel_id=channel, content=content)
        ids.append(made["id"])
    for number, message_id in enumerate(reversed(ids)):
        at_ms = 1_900_000_000_000 + number
        events = ("CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE", "MESSAGE_CREATE")
        await witness.change("pin", *events, channel_id=channel, message_id=message_id, at_ms=at_ms)
    assert (witness.heard[1]["d"]["pinned"], witness.heard[2]["d"]["type"]) == (True, 6)
    stamp = witness.heard[0]["d"]["last_pin_timestamp"]
    assert (await witness.get(f"/channels/{channel}"))["last_pin_timestamp"] == stamp
    page = await witness.get(f"/channels/{channel}/messages/pins", limit="1")
    assert (page["items"][0]["message"]["id"], page["has_more"]) == (ids[0], True)
    page = await witness.get(f"/channels/{channel}/messages/pins", limit="1", before=page["items"][0]["pinned_at"])
    assert page["items"][0]["message"]["id"] == ids[1]
    assert [each["id"] for each in await witness.get(f"/channels/{channel}/pins")][:2] == ids
    await witness.change("unpin", "CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE", channel_id=channel, message_id=ids[0])
    assert len(await witness.get(f"/channels/{channel}/pins")) == before + 1


async def test_threads_begin_change_wake_and_end(witness: Witness) -> None:
    channel = channel_of(witness, 0)
    made = await witness.change("create", "MESSAGE_CREATE", channel_id=channel, content="root")
    begun = await witness.change(
        "thread_create", "THREAD_CREATE", "MESSAGE_UPDATE", channel_id=channel, message_id=made["id"], name="Talk"
    )
    assert begun["channel_id"] == channel
    thread = {"channel_id": made["id"]}
    await witness.change("thread_update", "THREAD_UPDATE", "MESSAGE_CREATE", name="Better talk", **thread)
    assert (witness.heard[1]["d"]["type"], witness.heard[1]["d"]["content"]) == (4, "Better talk")
    await witness.change("thread_update", "THREAD_UPDATE", archived=True, locked=True, **thread)
    active = await witness.get(f"{witness.guild}/threads/active")
    assert made["id"] not in {each["id"] for each in active["threads"]}
    await witness.change("create", "THREAD_UPDATE", "MESSAGE_CREATE", content="still here", **thread)
    active = await witness.get(f"{witness.guild}/threads/active")
    assert made["id"] in {each["id"] for each in active["threads"]}
    types = [message["type"] for message in await witness.get(f"/channels/{made['id']}/messages")]
    assert types == [0, 4, 21]
    await witness.change("thread_delete", "THREAD_DELETE", **thread)
    assert (await witness.get(f"/channels/{made['id']}"))["code"] == 10003


async def test_a_post_of_a_forum_has_tags_and_a_first_message(witness: Witness) -> None:
    forum = channel_of(witness, 15)
    post = await witness.change(
        "thread_create", "THREAD_CREATE", "MESSAGE_CREATE", channel_id=forum, name="P", content="c", tags=["Art"]
    )
    found = await witness.get(f"/channels/{post['id']}")
    known = {tag["name"]: tag["id"] for tag in (await witness.get(f"/channels/{forum}"))["available_tags"]}
    assert found["applied_tags"] == [known["Art"]]
    await witness.change("thread_update", "THREAD_UPDATE", channel_id=post["id"], tags=["Done"], pinned=True)
    found = await witness.get(f"/channels/{post['id']}")
    assert (found["applied_tags"], found["flags"]) == ([known["Done"]], 2)


async def test_channels_and_roles_come_move_and_go(witness: Witness) -> None:
    category = await witness.change("channel_create", "CHANNEL_CREATE", name="Attic", type=4)
    made = await witness.change("channel_create", "CHANNEL_CREATE", name="box", parent_id=category["id"])
    overwrite = {"id": witness.facts["guild_id"], "type": 0, "deny": "2048"}
    await witness.change(
        "channel_update", "CHANNEL_UPDATE", channel_id=made["id"], name="crate", permission_overwrites=[overwrite]
    )
    found = await witness.get(f"/channels/{made['id']}")
    assert (found["name"], found["parent_id"]) == ("crate", category["id"])
    assert found["permission_overwrites"][0]["deny"] == "2048"
    await witness.change("channel_delete", "CHANNEL_DELETE", "CHANNEL_UPDATE", channel_id=category["id"])
    assert (await witness.get(f"/channels/{made['id']}"))["parent_id"] is None
    role = await witness.change("role_create", "GUILD_ROLE_CREATE", name="Cook", color=255)
    await witness.change("role_update", "GUILD_ROLE_UPDATE", role_id=role["id"], hoist=True, permissions="8")
    roles = {each["id"]: each for each in await witness.get(f"{witness.guild}/roles")}
    assert (roles[role["id"]]["hoist"], roles[role["id"]]["permissions"]) == (True, "8")
    await witness.change("role_delete", "GUILD_ROLE_DELETE", role_id=role["id"])
    await witness.change("emoji_create", "GUILD_EMOJIS_UPDATE", name="soup_two")
    await witness.change("guild_update", "GUILD_UPDATE", name="The Brass Lighthouse")
    assert (await witness.get(witness.guild))["name"] == "The Brass Lighthouse"


async def test_replies_forwards_stickers_and_polls_can_be_written(witness: Witness) -> None:
    channel, voice = channel_of(witness, 0), channel_of(witness, 2)
    first = await witness.change("create", "MESSAGE_CREATE", channel_id=channel, content="a")
    await witness.change("create", "MESSAGE_CREATE", channel_id=channel, content="b", reply_to=first["id"])
    assert witness.heard[0]["d"]["referenced_message"]["id"] == first["id"]
    forward = {"channel_id": channel, "message_id": first["id"]}
    await witness.change("create", "MESSAGE_CREATE", channel_id=voice, forward=forward)
    assert witness.heard[0]["d"]["message_snapshots"][0]["message"]["content"] == "a"
    sticker = str(witness.server.community.stickers[0].id)
    await witness.change("create", "MESSAGE_CREATE", channel_id=channel, sticker_ids=[sticker])
    assert witness.heard[0]["d"]["sticker_items"][0]["id"] == sticker
    wish = {"question": "Tea?", "answers": ["yes", "no"], "voters": [[str(witness.server.community.owner_id)], []]}
    poll = await witness.change("create", "MESSAGE_CREATE", channel_id=channel, poll=wish)
    await witness.change("poll_end", "MESSAGE_UPDATE", "MESSAGE_CREATE", channel_id=channel, message_id=poll["id"])
    assert witness.heard[0]["d"]["poll"]["results"]["is_finalized"] is True
    assert witness.heard[1]["d"]["type"] == 46


async def test_state_tells_pins_reactions_and_threads(witness: Witness) -> None:
    channel = channel_of(witness, 0)
    made = await witness.change("create", "MESSAGE_CREATE", channel_id=channel, content="a")
    where = {"channel_id": channel, "message_id": made["id"]}
    await witness.change("react", "MESSAGE_REACTION_ADD", emoji="🔥", **where)
    await witness.server.change({"action": "pin", **where})
    state = witness.server.state()
    assert state["pins"][channel][0] == made["id"]
    assert state["reactions"][made["id"]] == {"🔥": 1}
    assert {thread["id"] for thread in state["thread_list"]} == {str(each) for each in witness.server.community.threads}


async def test_requests_are_counted_by_channel(witness: Witness) -> None:
    channel = channel_of(witness, 0)
    for _ in range(3):
        await witness.get(f"/channels/{channel}/messages")
    metrics = witness.server.metrics()
    assert metrics["by_channel"][channel] == {"reads": 3, "writes": 0}
    assert (metrics["reads"], metrics["writes"]) == (3, 0)


def test_every_action_is_described() -> None:
    assert all(f"`{action}`" in (changes.__doc__ or "") for action in changes.ACTIONS)


async def test_a_change_that_cannot_be_made_says_why(witness: Witness) -> None:
    forum = channel_of(witness, 15)
    for change, reason in (
        ({"action": "thread_create", "channel_id": forum, "name": "P", "tags": ["Nope"]}, "no tag Nope"),
        ({"action": "role_delete", "role_id": "5"}, "no role 5"),
        ({"action": "create", "channel_id": channel_of(witness, 0), "sticker_ids": ["5"]}, "no such sticker"),
    ):
        with pytest.raises(ChangeError, match=reason):
            await witness.server.change(change)
