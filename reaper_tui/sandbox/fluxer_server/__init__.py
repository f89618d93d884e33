"""A Fluxer server on loopback, of February 2026 or of today: its API, gateway, media, limits and error bodies."""

from .server import FluxerServer

__all__ = ["FluxerServer"]
