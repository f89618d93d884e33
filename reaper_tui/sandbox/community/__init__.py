"""Communities by seed: one that looks like people, one that holds one of everything."""

from reaper_tui.sandbox.community.everything import draw_everything
from reaper_tui.sandbox.community.generator import generate_community
from reaper_tui.sandbox.community.nouns import Community

__all__ = ["Community", "draw_everything", "generate_community"]
