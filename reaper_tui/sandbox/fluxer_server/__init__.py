"""A Fluxer server of February 2026 on loopback: its API, gateway, media, limits and error bodies."""

from .server import FluxerServer

__all__ = ["FluxerServer"]
