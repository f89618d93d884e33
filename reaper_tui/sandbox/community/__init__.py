"""A deterministic generator of communities that look like people."""

from reaper_tui.sandbox.community.generator import generate_community
from reaper_tui.sandbox.community.nouns import Community

__all__ = ["Community", "generate_community"]
