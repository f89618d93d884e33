"""A small community that holds one of every thing a clone can meet."""

from reaper_tui.sandbox.community.everything.draft import draw_everything

__all__ = ["draw_everything"]
