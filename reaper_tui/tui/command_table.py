"""Every action of the app, once: keys, footer, help, palette, remapping and the README's table are made from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Command:
    """One thing the user can do in a room; `label` stands in the footer, `meaning` in help and palette.

    `is_fixed` marks keys that every list or dialog of a terminal has; they are documented but not remapped.
    """

    room: str
    action: str
    keys: str
    label: str
    meaning: str
    is_shown: bool = True
    is_priority: bool = False
    is_fixed: bool = False

    @property
    def id(self) -> str:
        """Return the name a keymap knows it by."""
        action = self.action.replace("app.", "")
        return f"{self.room}.{action}".replace("('", "-").replace("')", "").replace("(", "-").replace(")", "")


ROOM_TITLES: dict[str, str] = {
    "app": "Everywhere",
    "home": "Profiles",
    "wizard": "New profile",
    "channels": "Channels",
    "review": "Review",
    "transfer": "Transfer",
    "report": "Report",
    "failures": "Failures",
    "verify": "Verify",
    "doctor": "Doctor",
    "stream": "Stream",
    "danger": "Danger zone",
    "settings": "Settings",
    "log": "Log file",
    "confirm": "Questions",
    "list": "Lists and pages",
}


def _visits(room: str, *, shows_verify: bool = False) -> tuple[Command, ...]:
    """Return the ways from a room to what can be done with its profile."""
    return (
        Command(room, "app.visit('verify')", "v", "Verify", "Read the target back and compare", is_shown=shows_verify),
        Command(room, "app.visit('failures')", "f", "Failures", "See what was not carried over", is_shown=False),
        Command(room, "app.visit('doctor')", "d", "Doctor", "Check tokens, permissions, limits, disk", is_shown=False),
        Command(room, "app.visit('danger')", "X", "Remove", "Remove what this profile made", is_shown=False),
    )


COMMANDS: tuple[Command, ...] = (
    Command("home", "open_profile", "o,enter", "Open", "Open the profile under the cursor"),
    Command("home", "go_on", "g", "Go on", "Do what is next for the profile: resume, retry, verify"),
    Command("home", "new_profile", "n", "New profile", "Set up a profile: two bots, a source and a target"),
    Command("home", "app.visit('report')", "r", "Report", "See how the last run ended", is_shown=False),
    Command("home", "watch_address", "w", "Watch", "Watch the messages of a stream service, by its address"),
    *_visits("home"),
    Command("wizard", "back", "escape", "Back", "Go back one step"),
    Command("wizard", "copy_link", "f6", "Copy link", "Copy the invite link"),
    Command("wizard", "look_again", "f5", "Check again", "Look again at what a run needs"),
    Command("channels", "check", "space", "Check", "Check or uncheck what is under the cursor, with all below it"),
    Command("channels", "toggle_all", "a", "All", "Check everything, or nothing"),
    Command("channels", "invert", "i", "Invert", "Swap checked and unchecked", is_shown=False),
    Command("channels", "search", "slash", "Search", "Find a channel by name"),
    Command("channels", "since", "s", "Since", "Copy only messages from a date on"),
    Command("channels", "mark(-1)", "shift+up", "Mark up", "Mark a range upwards", is_shown=False),
    Command("channels", "mark(1)", "shift+down", "Mark down", "Mark a range downwards", is_shown=False),
    Command("channels", "next_match", "n", "Next match", "Go to the next match", is_shown=False),
    Command("channels", "previous_match", "N", "Previous match", "Go to the match before", is_shown=False),
    Command("channels", "survey", "r", "Read again", "Read both sides again", is_shown=False),
    Command("channels", "review", "enter,c", "Continue", "Go on: review what would happen"),
    Command("channels", "back", "escape", "Back", "Go back to the profiles"),
    *_visits("channels"),
    Command("review", "start", "s", "Start", "Start the transfer"),
    Command("review", "show('plan')", "1", "Plan", "Show counts, and what will not fit or is lost", is_shown=False),
    Command("review", "show('items')", "2", "Items", "Show every role, channel and emoji as a tree", is_shown=False),
    Command("review", "show('routes')", "3", "Routes", "Show where each channel's messages go", is_shown=False),
    Command("review", "show('options')", "4", "Options", "Choose how things are copied, how fast, until when"),
    Command("review", "dry_run", "e", "Dry run", "Write this plan to a file and nothing to the target"),
    Command("review", "back", "escape", "Back", "Go back to the channels"),
    Command("transfer", "toggle_pause", "p", "Pause", "Pause, or go on"),
    Command("transfer", "app.stop", "x", "Stop", "Stop after the messages in flight; again: cut off now"),
    Command("transfer", "toggle_follow", "f", "Follow", "Keep the newest line in view, or stay"),
    Command("transfer", "cycle_level", "l", "Level", "Show fewer or more log lines"),
    Command("transfer", "cycle_order", "o", "Order", "Sort channels: as on Discord, busy ones first", is_shown=False),
    Command("transfer", "show('channels')", "1", "Channels", "Go to the channels", is_shown=False),
    Command("transfer", "show('log')", "2", "Log", "Show the log"),
    Command("transfer", "show('messages')", "3", "Messages", "Show messages as they arrive on Fluxer"),
    Command("report", "again", "c", "Channels", "Go back to the channels, to run again or go on"),
    Command("report", "export", "e", "Export", "Write this report to a Markdown or JSON file"),
    Command("report", "retry", "r", "Retry", "Try the failed messages again"),
    *_visits("report", shows_verify=True),
    Command("report", "again", "escape", "Back", "Go back", is_shown=False),
    Command("failures", "open", "enter", "Details", "Open a group, or the details of a failure"),
    Command("failures", "retry", "r", "Retry", "Try the failed messages again"),
    Command("failures", "copy", "y", "Copy", "Copy what is under the cursor"),
    Command("failures", "back", "escape", "Back", "Go back"),
    Command("verify", "start", "s,enter", "Start", "Read the target back and compare; nothing is written"),
    Command("verify", "app.stop", "x", "Stop", "Stop reading"),
    Command("verify", "retry", "r", "Retry", "Try again what retrying can mend"),
    Command("verify", "copy", "y", "Copy", "Copy the differences"),
    Command("verify", "back", "escape", "Back", "Go back"),
    Command("doctor", "examine", "r", "Again", "Check everything again"),
    Command("doctor", "copy", "y", "Copy", "Copy the findings"),
    Command("doctor", "back", "escape", "Back", "Go back"),
    Command("stream", "toggle_pause", "p", "Pause", "Hold the stream still, or follow it"),
    Command("stream", "filter", "slash", "Filter", "Show only a channel, an author, a text"),
    Command("stream", "open", "enter", "Details", "Show where the message went, its files and its state"),
    Command("stream", "copy", "y", "Copy", "Copy the message under the cursor"),
    Command("stream", "newest", "f", "Newest", "Go to the newest message and follow"),
    Command(
        "stream",
        "watch_address",
        "w",
        "Watch",
        "Watch the messages of a stream service, by its address",
        is_shown=False,
    ),
    Command("stream", "back", "escape", "Back", "Clear the filter, or go back"),
    Command("danger", "remove", "ctrl+r", "Remove", "Remove what is listed; asks for the community's name"),
    Command("danger", "app.stop", "x", "Stop", "Stop after the present item"),
    Command("danger", "back", "escape", "Back", "Go back"),
    Command("settings", "change", "enter", "Change", "Change what is under the cursor"),
    Command("settings", "reset", "delete,backspace", "Reset", "Give a command its own keys back"),
    Command("settings", "back", "escape", "Back", "Go back; everything is kept at once"),
    Command("log", "cycle_level", "l", "Level", "Show fewer or more lines"),
    Command("log", "search", "slash", "Search", "Show only lines with a text"),
    Command("log", "toggle_follow", "f", "Follow", "Keep the newest line in view, or stay"),
    Command("log", "back", "escape", "Back", "Go back"),
    Command("app", "app.help", "question_mark,f1", "Help", "Show what this screen is for and its keys"),
    Command("app", "app.settings", "f2", "Settings", "Theme, keys, speed, notifications", is_shown=False),
    Command("app", "app.visit('stream')", "f4", "Stream", "Watch the mirrored messages", is_shown=False),
    Command("app", "app.log_file", "f3", "Log file", "Read the log file", is_shown=False),
    Command(
        "app", "app.command_palette", "ctrl+p", "Palette", "Find any command by name", is_shown=False, is_priority=True
    ),
    Command(
        "app",
        "app.stop",
        "f8",
        "Stop",
        "Stop a run, from anywhere, also while typing",
        is_shown=False,
        is_priority=True,
    ),
    Command("app", "app.quit", "ctrl+q", "Quit", "Leave; a run finishes what is in flight", is_priority=True),
    Command("confirm", "answer(False)", "escape,n", "No", "Change nothing", is_fixed=True),
    Command("confirm", "answer(True)", "y", "Yes", "Do it", is_fixed=True),
    Command("confirm", "swap", "left,right", "Other answer", "Go to the other answer", is_shown=False, is_fixed=True),
    Command("list", "cursor(-1)", "up,k", "Up", "Go up", is_shown=False, is_fixed=True),
    Command("list", "cursor(1)", "down,j", "Down", "Go down", is_shown=False, is_fixed=True),
    Command("list", "page(-1)", "pageup", "Page up", "Go up by a page", is_shown=False, is_fixed=True),
    Command("list", "page(1)", "pagedown", "Page down", "Go down by a page", is_shown=False, is_fixed=True),
    Command("list", "edge(0)", "home", "First", "Go to the first row", is_shown=False, is_fixed=True),
    Command("list", "edge(1)", "end", "Last", "Go to the last row", is_shown=False, is_fixed=True),
    Command("tree", "unfold", "right", "Unfold", "Unfold", is_shown=False, is_fixed=True),
    Command("tree", "fold", "left", "Fold", "Fold, or go to what it stands below", is_shown=False, is_fixed=True),
)
