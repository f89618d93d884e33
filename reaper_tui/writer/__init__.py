"""Writes a Fluxer community."""
