import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--kills", type=int, default=20, help="how many times the kill test kills a run")
    parser.addoption("--kill-seed", type=int, default=20261120, help="which moments the kill test chooses")
