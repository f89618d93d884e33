"""Webhooks: made, listed, and posted with as the author of the source message."""

from __future__ import annotations

import asyncio
import io
import mimetypes
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import aiohttp
import msgspec

from reaper_tui.model.community import Webhook
from reaper_tui.model.errors import FileUnavailable, OutcomeUnknown, Refused, StoredDifferently
from reaper_tui.model.outgoing import SAFE_FLAGS_SUPPRESS_EMBEDS, Part, SpooledFile, TargetMessage
from reaper_tui.model.text import cut_utf16, sanitise_line
from reaper_tui.writer import wire
from reaper_tui.writer.client import Call, FluxerClient, encoded
from reaper_tui.writer.normalisation import normalised_filename, normalised_url
from reaper_tui.writer.threads import stored_thread_name

USERNAME_UNITS = 80
NAMELESS = "Unknown user"
NONCE_LENGTH = 32
SPOILER_FLAG = 8
VOICE_FLAG = 1 << 13
DESCRIPTION_UNITS = 4096
# Small files are held for a moment, larger ones streamed.
READ_AT_ONCE = 65_536
EXECUTE = "/webhooks/{webhook_id}/{token}"
MESSAGE = "/webhooks/{webhook_id}/{token}/messages/{message_id}"
POST_TAGS = 5
PERMISSION = "Manage Webhooks"
_GONE_REPLIES = frozenset({"UNKNOWN_MESSAGE", "CANNOT_REPLY_TO_SYSTEM_MESSAGE"})
# Made at import, because making it reads files, which would hold up the loop.
_TYPES = mimetypes.MimeTypes()


class _Metered(io.BufferedReader):
    """A file that tells when it is read."""

    def __init__(self, path: Path, progressed: Callable[[], None]) -> None:
        super().__init__(io.FileIO(path))
        self._progressed = progressed

    def read(self, size: int | None = -1, /) -> bytes:
        self._progressed()
        return super().read(size)


class _MeteredBytes(io.BytesIO):
    """A file in memory that tells when it is read."""

    def __init__(self, data: bytes, progressed: Callable[[], None]) -> None:
        super().__init__(data)
        self._progressed = progressed

    def read(self, size: int | None = -1, /) -> bytes:
        self._progressed()
        return super().read(size)


async def create_webhook(client: FluxerClient, channel_id: int, name: str) -> Webhook:
    """Make a webhook in a channel."""
    raw = await client.perform(
        Call(
            "POST",
            "/channels/{channel_id}/webhooks",
            {"channel_id": channel_id},
            json={"name": author_name(name)},
            doing="making a webhook",
            permission=PERMISSION,
            channel_id=channel_id,
        )
    )
    webhook = wire.webhook_of(wire.mapping(raw))
    if webhook is None:
        raise OutcomeUnknown("Fluxer made a webhook but gave no token for it (making a webhook)")
    return webhook


async def channel_webhooks(client: FluxerClient, channel_id: int) -> Sequence[Webhook]:
    """Return a channel's webhooks that can be posted with."""
    return await _listed(client, "/channels/{channel_id}/webhooks", {"channel_id": channel_id}, channel_id)


async def guild_webhooks(client: FluxerClient, guild_id: int) -> Sequence[Webhook]:
    """Return a community's webhooks that can be posted with."""
    return await _listed(client, "/guilds/{guild_id}/webhooks", {"guild_id": guild_id}, None)


async def send(
    client: FluxerClient,
    webhook: Webhook,
    part: Part,
    files: Sequence[SpooledFile],
    nonce: str,
    *,
    is_authorised: bool,
    thread_id: int | None = None,
    thread_name: str | None = None,
    tag_ids: Sequence[int] = (),
) -> TargetMessage:
    """Post a part through a webhook; a reply whose target is gone says instead what it answers.

    `thread_id` is a thread of the webhook's channel; `thread_name` and `tag_ids` make a new post of a forum.
    """
    payload = payload_of(part, files, nonce)
    if thread_name is not None:
        payload["thread_name"] = stored_thread_name(thread_name)
        if tag_ids:
            payload["applied_tags"] = [str(tag_id) for tag_id in tag_ids[:POST_TAGS]]
    try:
        stored = await _execute(client, webhook, payload, files, is_authorised, thread_id)
    except Refused as refusal:
        if "message_reference" not in payload or refusal.code not in _GONE_REPLIES:
            raise
        del payload["message_reference"]
        payload["content"] = said_reply(part).content
        stored = await _execute(client, webhook, payload, files, is_authorised, thread_id)
    if stored.attachment_count != len(files):
        raise StoredDifferently(
            f"Fluxer stored {stored.attachment_count} of {len(files)} files",
            stored=stored,
            status=200,
            code="ATTACHMENTS_DROPPED",
        )
    return stored


def said_reply(part: Part) -> Part:
    """Return a native reply as one that says in words what it answers."""
    content = f"{part.reply_line}\n{part.content}".strip() if part.reply_line else part.content
    return msgspec.structs.replace(part, content=content, reply_to=None)


def said_voice(part: Part) -> Part:
    """Return a voice message as a post with a file and a line that says what it is."""
    return msgspec.structs.replace(part, content=part.voice_line, voice_line="")


async def edit_post(
    client: FluxerClient, webhook: Webhook, message_id: int, part: Part, *, thread_id: int | None, is_authorised: bool
) -> TargetMessage:
    """Give a webhook's post other text, flags and embeds without files; files, author and reply stay as they are.

    Raises NotFound when the post is gone, NotSupported where posts cannot be changed.
    """
    body: dict[str, Any] = {
        "content": part.content,
        "flags": SAFE_FLAGS_SUPPRESS_EMBEDS if part.suppresses_embeds else 0,
        "allowed_mentions": {"parse": []},
    }
    # Pictures of embeds are files of the post, which no change can name again: such embeds stay as they are.
    if not _shows_own_files(part):
        body["embeds"] = [dict(embed) for embed in part.embeds]
    raw = await client.perform(
        Call(
            "PATCH",
            MESSAGE,
            {"webhook_id": webhook.id, "token": webhook.token, "message_id": message_id},
            json=body,
            query={} if thread_id is None else {"thread_id": str(thread_id)},
            doing="changing a message",
            permission=PERMISSION,
            channel_id=webhook.channel_id,
            is_authorised=is_authorised,
        )
    )
    stored: TargetMessage | None = None
    with suppress(ValueError):
        stored = wire.message_of(wire.mapping(raw))
    if stored is None:
        raise OutcomeUnknown("Fluxer changed the message but did not say what it stored (changing a message)")
    return stored


def _shows_own_files(part: Part) -> bool:
    pictures = (wire.mapping(embed.get(place)) for embed in part.embeds for place in ("image", "thumbnail"))
    return any(wire.text(picture.get("url")).startswith("attachment://") for picture in pictures)


def send_delay(client: FluxerClient, webhook: Webhook) -> float:
    """Return in how many seconds a webhook may post without being limited."""
    return client.delay("POST", EXECUTE, {"webhook_id": webhook.id, "token": webhook.token})


def author_name(name: str) -> str:
    """Return a name Fluxer takes as an author's: never empty, at most 80 UTF-16 units."""
    return cut_utf16(sanitise_line(name, 4 * USERNAME_UNITS), USERNAME_UNITS).strip() or NAMELESS


def payload_of(part: Part, files: Sequence[SpooledFile], nonce: str) -> dict[str, Any]:
    """Return the JSON of a post; nobody is pinged by it."""
    names = {file.filename: normalised_filename(file.filename) for file in files}
    payload: dict[str, Any] = {
        "username": author_name(part.username),
        "allowed_mentions": {"parse": []},
        "nonce": nonce[:NONCE_LENGTH],
    }
    if part.content:
        payload["content"] = part.content
    if avatar_url := normalised_url(part.avatar_url):
        payload["avatar_url"] = avatar_url
    if part.embeds:
        payload["embeds"] = [_with_names(embed, names) for embed in part.embeds]
    if files:
        payload["attachments"] = [_metadata(number, file, names[file.filename]) for number, file in enumerate(files)]
    if part.suppresses_embeds:
        payload["flags"] = SAFE_FLAGS_SUPPRESS_EMBEDS
    if part.voice_line and len(files) == 1:
        payload["flags"] = VOICE_FLAG
        payload["attachments"][0] |= {
            "duration": max(1, round(files[0].duration_seconds)),
            "waveform": files[0].waveform,
        }
    if part.reply_to is not None:
        payload["message_reference"] = {"message_id": str(part.reply_to)}
    return payload


async def _execute(
    client: FluxerClient,
    webhook: Webhook,
    payload: Mapping[str, Any],
    files: Sequence[SpooledFile],
    is_authorised: bool,
    thread_id: int | None,
) -> TargetMessage:
    async def body(stack: ExitStack, progressed: Callable[[], None]) -> aiohttp.FormData:
        form = aiohttp.FormData(quote_fields=False)
        form.add_field("payload_json", encoded(payload).decode(), content_type="application/json")
        for number, file in enumerate(files):
            content = await _content(file, stack, progressed)
            name = normalised_filename(file.filename)
            kind = _TYPES.guess_type(name)[0] or "application/octet-stream"
            form.add_field(f"files[{number}]", content, filename=name, content_type=kind)
        return form

    raw = await client.perform(
        Call(
            "POST",
            EXECUTE,
            {"webhook_id": webhook.id, "token": webhook.token},
            json=None if files else payload,
            body=body if files else None,
            query={"wait": "true"} if thread_id is None else {"wait": "true", "thread_id": str(thread_id)},
            doing="sending a message",
            permission="Send Messages” and “Attach Files",
            channel_id=webhook.channel_id,
            is_authorised=is_authorised,
            is_send=True,
        )
    )
    stored: TargetMessage | None = None
    with suppress(ValueError):
        stored = wire.message_of(wire.mapping(raw))
    if stored is None:
        raise OutcomeUnknown("Fluxer took the message but did not say what it stored (sending a message)")
    return stored


async def _content(file: SpooledFile, stack: ExitStack, progressed: Callable[[], None]) -> bytes | io.BufferedIOBase:
    is_short = file.size <= READ_AT_ONCE
    if file.data is not None:
        return file.data if is_short else _MeteredBytes(file.data, progressed)
    try:
        if is_short:
            return await asyncio.to_thread(file.path.read_bytes)
        return stack.enter_context(_Metered(file.path, progressed))
    except OSError:
        raise FileUnavailable("no longer on disk") from None


async def _listed(
    client: FluxerClient, path: str, ids: Mapping[str, int | str], channel_id: int | None
) -> Sequence[Webhook]:
    raw = await client.perform(
        Call("GET", path, ids, doing="listing webhooks", permission=PERMISSION, channel_id=channel_id)
    )
    return [webhook for row in wire.objects(raw) if (webhook := wire.webhook_of(row)) is not None]


def _metadata(number: int, file: SpooledFile, name: str) -> dict[str, Any]:
    metadata: dict[str, Any] = {"id": number, "filename": name}
    if description := cut_utf16(file.description.strip(), DESCRIPTION_UNITS):
        metadata["description"] = description
    if file.is_spoiler:
        metadata["flags"] = SPOILER_FLAG
    return metadata


def _with_names(embed: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    changed = dict(embed)
    for place in ("image", "thumbnail"):
        picture = wire.mapping(changed.get(place))
        scheme, found, name = wire.text(picture.get("url")).partition("attachment://")
        if found and not scheme and name in names:
            changed[place] = {**picture, "url": f"attachment://{names[name]}"}
    return changed
