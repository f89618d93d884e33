"""Reads a Discord server."""
