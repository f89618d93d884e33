"""What happens when a run ends: bell, toast, window title, and a command of the user's."""

from __future__ import annotations

import logging
import os
import subprocess
from collections.abc import Sequence

from reaper_tui.model.summary import Summary
from reaper_tui.model.text import sanitise_line

HOOK_SECONDS = 30.0
SAVE_TITLE, RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"

logger = logging.getLogger(__name__)


def window_title(text: str) -> str:
    """Return the sequence that sets a terminal's window title."""
    return f"\x1b]2;{sanitise_line(text, 120)}\x07"


def hook_arguments(command: Sequence[str], profile: str, state: str, summary: Summary | None) -> list[str]:
    """Return a command with {profile}, {state}, {sent}, {failed} and {pending} filled in, one argument each."""
    messages = summary.messages if summary else None
    values = {
        "{profile}": profile,
        "{state}": state,
        "{sent}": str(messages.sent if messages else 0),
        "{failed}": str(messages.failed if messages else 0),
        "{pending}": str(messages.pending if messages else 0),
    }
    filled: list[str] = []
    for argument in command:
        for name, value in values.items():
            argument = argument.replace(name, value)
        filled.append(argument)
    return filled


def run_hook(arguments: Sequence[str]) -> str:
    """Run a command without a shell or a terminal, outside the event loop; return why it failed, empty when not."""
    name = sanitise_line(os.path.basename(arguments[0]), 60)
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, without a shell
            list(arguments),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=HOOK_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{name} did not end within {HOOK_SECONDS:.0f} s"
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a command"
        return f"{name} cannot be run: {sanitise_line(reason or type(error).__name__, 100)}"
    return f"{name} ended with code {done.returncode}" if done.returncode else ""
