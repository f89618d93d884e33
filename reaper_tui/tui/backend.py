"""What the app needs of the program behind it."""

from reaper_tui.backend import Backend, Identity, ProfileEntry, Survey, Workspace

__all__ = ["Backend", "Identity", "ProfileEntry", "Survey", "Workspace"]
