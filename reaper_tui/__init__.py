"""Clone a Discord server into a Fluxer community."""

__version__ = "0.1.0"
