"""How faults are asked for: names, parameters, chance that repeats, and refusals that help."""

from dataclasses import replace

import pytest

from reaper_tui.sandbox.faults import CATALOGUE, KNOWN, FaultError, wish_of
from reaper_tui.sandbox.service import Sandbox, SandboxError, SandboxOptions
from tests.faults.client import Client, client_of


async def pattern(seed_options: SandboxOptions) -> list[int]:
    async with client_of(*seed_options.faults) as client:  # type: ignore[arg-type]
        return [(await client.ask(client.fluxer, "GET", "/users/@me"))[0] for _ in range(30)]


async def test_chance_follows_from_the_seed() -> None:
    options = SandboxOptions(faults=("fluxer-error-500:probability=0.3",))
    first = await pattern(options)
    assert first == await pattern(options)
    assert 3 < first.count(500) < 18


async def test_after_every_and_count_bound_a_fault(client: Client) -> None:
    await client.set({"name": "fluxer-error-503", "after": 2, "every": 2, "count": 2})
    statuses = [(await client.ask(client.fluxer, "GET", "/users/@me"))[0] for _ in range(9)]
    assert statuses == [200, 200, 200, 503, 200, 503, 200, 200, 200]
    assert await client.struck() == 2


async def test_a_fault_can_be_narrowed_to_a_request(client: Client) -> None:
    await client.set({"name": "error-500", "every": 1, "only": "POST /guilds/:id/roles"})
    assert (await client.ask(client.fluxer, "POST", client.community + "/roles", {"name": "r"}))[0] == 500
    assert (await client.ask(client.fluxer, "GET", client.community + "/roles"))[0] == 200


def test_a_command_line_can_carry_parameters() -> None:
    wish = wish_of("reset-after-store:probability=0.1,count=5,after=20,seconds=30")
    assert (wish.probability, wish.count, wish.after, wish.seconds) == (0.1, 5, 20, 30.0)
    assert wish_of("discord-outage").sides == ("discord",)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("reset-after-stor", "did you mean reset-after-store"),
        ("list", "the faults are: rate-limit-storm, "),
        ("discord-webhook-deleted", "unknown fault discord-webhook-deleted"),
        ("reset:often=1", "unknown field `often`"),
        ("reset:probability=2", "probability"),
        ("reset:probability", "write reset:probability=0.1,count=5"),
    ],
)
def test_a_fault_that_does_not_exist_is_refused_with_help_in_one_line(asked: str, said: str) -> None:
    with pytest.raises(FaultError) as caught:
        wish_of(asked)
    assert said in str(caught.value) and "\n" not in str(caught.value) and len(str(caught.value)) < 1200
    with pytest.raises(SandboxError):
        Sandbox(replace(SandboxOptions(), faults=(asked,)))


async def test_the_control_server_explains_every_name(client: Client) -> None:
    async with client.session.get(client.control + "/faults") as response:
        told = await response.json()
    assert told["known"] == list(KNOWN) == list(told["table"])
    assert all(CATALOGUE[name].summary == line for name, line in told["table"].items())
    async with client.session.post(
        client.control + "/faults", json={"faults": [{"name": "reset", "often": 1}]}
    ) as response:
        assert response.status == 400 and "often" in (await response.json())["error"]
