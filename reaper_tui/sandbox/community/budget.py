"""Shares a whole number out by weight, exactly."""

from collections.abc import Hashable, Mapping
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def share_out(total: int, weights: Mapping[Key, float]) -> dict[Key, int]:
    """Return whole shares of `total` in proportion to `weights`, largest remainders first; they add up to `total`."""
    whole = sum(weights.values())
    exact = {key: total * weight / whole for key, weight in weights.items()}
    shares = {key: int(amount) for key, amount in exact.items()}
    missing = total - sum(shares.values())
    by_remainder = sorted(weights, key=lambda key: exact[key] - shares[key], reverse=True)
    for key in by_remainder[:missing]:
        shares[key] += 1
    return shares
