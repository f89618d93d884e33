"""Loopback Discord and Fluxer servers that speak the wire and import nothing of the client."""
