"""What somebody does to the guild while it is being served.

A change is a JSON object with an `action`; ids are strings, `author_id` (who does it) may always be left out.

- `create` channel_id, content?, reply_to?, reply_channel_id?, forward? {channel_id, message_id}, embeds?, attachments?
  [{filename, size, content_type?, description?}], components?, sticker_ids?, type?, flags?, poll?
  {question, answers, hours?, multiple?, voters?}; in an archived thread it brings the thread back
- `edit` channel_id, message_id, content?, embeds?, attachments? (those kept), flags?
- `delete` channel_id, message_id; `bulk_delete` channel_id, message_ids
- `react`, `unreact` channel_id, message_id, emoji, user_id?; `clear_reactions` channel_id, message_id, emoji?
- `pin`, `unpin`, `poll_end` channel_id, message_id
- `thread_create` channel_id, name, message_id?, private?; in a forum also what `create` takes, and tags?
- `thread_update` channel_id, name?, archived?, locked?, pinned?, tags?; `thread_delete` channel_id
- `channel_create` name, type?, parent_id?, and what `channel_update` takes: channel_id, name?, topic?, position?,
  parent_id?, nsfw?, rate_limit_per_user?, bitrate?, user_limit?, permission_overwrites?; `channel_delete` channel_id
- `role_create` name?, and what `role_update` takes: role_id, name?, color?, position?, hoist?, mentionable?,
  permissions?; `role_delete` role_id; `emoji_create` name, animated?; `emoji_delete` emoji_id
- `guild_update` name?, description?, icon?, banner?

The answer is the change with `at_ms` and the `id` of what it made.
"""

from collections.abc import Callable

from reaper_tui.sandbox.discord_server import guild_changes, message_changes, thread_changes
from reaper_tui.sandbox.discord_server.events import Event
from reaper_tui.sandbox.discord_server.scene import ChangeError, Json, Scene
from reaper_tui.sandbox.discord_server.store import Store
from reaper_tui.sandbox.discord_server.wire_message import MessageWriter

__all__ = ["ACTIONS", "ChangeError", "Changes"]
ACTIONS = message_changes.ACTIONS | thread_changes.ACTIONS | guild_changes.ACTIONS


class Changes:
    """Applies changes to a store and tells what the gateway says about each.

    A change that was applied holds its own time and ids, so that a fresh store it is applied to becomes the same guild.
    """

    def __init__(self, store: Store, writer: MessageWriter, clock: Callable[[], float]) -> None:
        self._scene = Scene(store, writer)
        self._clock = clock

    def apply(self, change: Json) -> tuple[Json, list[Event]]:
        """Make `change`; return it completed with time and id, and the events in order."""
        action = ACTIONS.get(str(change.get("action")))
        if action is None:
            raise ChangeError(f"unknown action {change.get('action')!r}; known: {', '.join(ACTIONS)}")
        self._scene.made += 1
        completed = {"at_ms": int(self._clock() * 1000)} | change
        try:
            return completed, action(self._scene, completed)
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, ChangeError):
                raise
            reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
            raise ChangeError(f"{change['action']}: {reason}") from error
