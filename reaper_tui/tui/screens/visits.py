"""Where one can go with a profile, by the name of the room."""

from __future__ import annotations

from collections.abc import Callable

from reaper_tui.tui.bridge import Session
from reaper_tui.tui.screens.danger import DangerScreen
from reaper_tui.tui.screens.doctor import DoctorScreen
from reaper_tui.tui.screens.failures import FailuresScreen
from reaper_tui.tui.screens.profile_room import ProfileRoom
from reaper_tui.tui.screens.report import ReportScreen
from reaper_tui.tui.screens.stream import StreamScreen
from reaper_tui.tui.screens.verify import VerifyScreen

VISITS: dict[str, Callable[[Session], ProfileRoom]] = {
    "report": ReportScreen,
    "doctor": DoctorScreen,
    "stream": StreamScreen,
    "danger": DangerScreen,
    "failures": FailuresScreen,
    "verify": VerifyScreen,
}
