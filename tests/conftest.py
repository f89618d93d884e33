import pytest
from hypothesis import HealthCheck, settings

# A busy machine must not fail a property: how long an example takes is the benchmarks' business.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=20, help="how many times the kill test kills a run")
    parser.addoption("--kill-seed", type=int, default=20261120, help="which moments the kill test chooses")
