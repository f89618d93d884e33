"""Rate limits of the Fluxer server."""

import pytest
from fluxer_client import Clock, client_of

from reaper_tui.sandbox.fluxer_server import FluxerServer
from reaper_tui.sandbox.fluxer_server.buckets import Bucket, Limiter

TWENTY = Bucket("message", 20, 10, "channel_id")


def test_a_burst_of_the_limit_then_one_per_interval() -> None:
    clock = Clock()
    limiter = Limiter(clock, 1.0)
    assert [limiter.check("user:1", TWENTY, "5").is_allowed for _ in range(21)] == [True] * 20 + [False]
    clock.now += 0.5
    assert [limiter.check("user:1", TWENTY, "5").is_allowed for _ in range(2)] == [True, False]


def test_refused_requests_cost_nothing() -> None:
    clock = Clock()
    limiter = Limiter(clock, 1.0)
    for _ in range(120):
        limiter.check("user:1", TWENTY, "5")
    clock.now += 0.5
    assert limiter.check("user:1", TWENTY, "5").is_allowed


def test_identities_and_scopes_have_buckets_of_their_own() -> None:
    limiter = Limiter(Clock(), 1.0)
    for _ in range(20):
        limiter.check("user:1", TWENTY, "5")
    assert not limiter.check("user:1", TWENTY, "5").is_allowed
    assert limiter.check("user:1", TWENTY, "6").is_allowed
    assert limiter.check("ip:127.0.0.1", TWENTY, "5").is_allowed


def test_remaining_and_reset_follow_the_theoretical_arrival_time() -> None:
    clock = Clock()
    limiter = Limiter(clock, 1.0)
    first, second = (limiter.check("user:1", TWENTY, "5") for _ in range(2))
    assert (first.remaining, second.remaining) == (19, 18)
    assert second.reset_at == clock.now + 1.0


@pytest.mark.parametrize(("speed", "retry_after"), [(1.0, 1.0), (20.0, 0.05), (0.5, 2.0)])
def test_speed_shortens_the_wait_and_keeps_the_burst(speed: float, retry_after: float) -> None:
    clock = Clock()
    limiter = Limiter(clock, speed)
    verdicts = [limiter.check("user:1", TWENTY, "5") for _ in range(21)]
    assert [verdict.is_allowed for verdict in verdicts] == [True] * 20 + [False]
    assert verdicts[-1].retry_after == retry_after
    clock.now += retry_after
    assert limiter.check("user:1", TWENTY, "5").is_allowed


async def test_a_webhook_without_authorisation_is_counted_by_address_and_apart_from_the_bot() -> None:
    async with client_of(FluxerServer(clock=Clock())) as client:
        hook = await client.webhook(await client.general())
        statuses = [(await client.call("POST", hook, {"content": "x"}, as_bot=False))[0] for _ in range(61)]
        assert statuses == [200] * 60 + [429]
        assert (await client.call("POST", hook, {"content": "x"}))[0] == 200


async def test_the_global_limit_spares_webhook_execution() -> None:
    async with client_of(FluxerServer(clock=Clock())) as client:
        hook = await client.webhook(await client.general())
        statuses = [(await client.call("GET", hook.partition("?")[0], as_bot=False))[0] for _ in range(51)]
        assert statuses == [200] * 50 + [429]
        status, headers, body = await client.call_whole("GET", hook.partition("?")[0], as_bot=False)
        assert (status, body["global"], headers["X-RateLimit-Global"]) == (429, True, "true")
        assert (headers["X-RateLimit-Limit"], headers["Retry-After"], body["retry_after"]) == ("50", "1", 1)
        assert (await client.call("POST", hook, {"content": "x"}, as_bot=False))[0] == 200


async def test_at_another_speed_the_wait_is_told_in_fractions() -> None:
    clock = Clock()
    async with client_of(FluxerServer(clock=clock, speed=20)) as client:
        hook = await client.webhook(await client.general())
        for _ in range(60):
            await client.call("POST", hook, {"content": "x"}, as_bot=False)
        status, headers, body = await client.call_whole("POST", hook, {"content": "x"}, as_bot=False)
        assert (status, body["retry_after"], headers["Retry-After"]) == (429, 0.05, "0.05")
        clock.now += 0.05
        assert (await client.call("POST", hook, {"content": "x"}, as_bot=False))[0] == 200


async def test_a_refused_body_costs_a_request() -> None:
    async with client_of(FluxerServer(clock=Clock())) as client:
        path = f"{client.guild}/roles"
        assert (await client.call("POST", path, {"name": ""}))[0] == 400
        _, headers, _ = await client.call_whole("POST", path, {"name": "Mods"})
        assert headers["X-RateLimit-Remaining"] == "8"
