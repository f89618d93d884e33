"""Named troubles that either server can be put into."""

from reaper_tui.sandbox.faults.catalogue import CATALOGUE, KNOWN, Fault
from reaper_tui.sandbox.faults.troubles import Troubles
from reaper_tui.sandbox.faults.wish import FaultError, Wish, wish_of, wishes_of

__all__ = ["CATALOGUE", "KNOWN", "Fault", "FaultError", "Troubles", "Wish", "wish_of", "wishes_of"]
