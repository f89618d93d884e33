"""Messages as clients send them: JSON or multipart, checked against the schema."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import msgspec
from aiohttp import BodyPartReader, MultipartReader, web

from .bodies import decoded
from .embeds import EmbedInput, check_totals, stored, text
from .entities import Reference
from .errors import ApiError, empty_message, invalid_field, invalid_message_data
from .files import Files, Upload
from .generation import Generation
from .text import filename, normalised, utf16_length

FORWARD = 1
_FILE_FIELD = re.compile(r"files\[(\d+)\]")
_LEGACY_FILE_FIELD = re.compile(r"file(\d*)")
_SAFE_INTEGER = 2**53 - 1


class AttachmentInput(msgspec.Struct):
    """What a client says about a file."""

    id: int | str
    filename: str | None = None
    title: str | None = None
    description: str | None = None
    flags: int | str = 0
    duration: int | None = None
    waveform: str | None = None
    upload_filename: str | None = None


class ReferenceInput(msgspec.Struct):
    """The message to answer or to forward."""

    message_id: str | int
    channel_id: str | int | None = None
    guild_id: str | int | None = None
    type: Literal[0, 1] = 0


class AllowedMentions(msgspec.Struct):
    """Who may be notified."""

    parse: list[Literal["users", "roles", "everyone"]] | None = None
    users: list[str | int] | None = None
    roles: list[str | int] | None = None
    replied_user: bool | None = None


class MessageInput(msgspec.Struct):
    """The body of a message; other keys are ignored."""

    content: str | None = None
    embeds: list[EmbedInput] | None = None
    attachments: list[AttachmentInput] | None = None
    message_reference: ReferenceInput | None = None
    allowed_mentions: AllowedMentions | None = None
    flags: int | None = None
    nonce: str | int | None = None
    sticker_ids: list[str | int] | None = None
    tts: bool | None = None


class WebhookInput(MessageInput):
    """The body of a webhook's message."""

    username: str | None = None
    avatar_url: str | None = None
    thread_name: str | None = None
    applied_tags: list[str | int] | None = None


class PostInput(msgspec.Struct):
    """The body that opens a thread, or a post of a forum with its first message."""

    name: str
    message: MessageInput | None = None
    type: int | None = None
    auto_archive_duration: int | None = None
    rate_limit_per_user: int | None = None
    invitable: bool | None = None
    applied_tags: list[str | int] | None = None


Input = TypeVar("Input", MessageInput, WebhookInput, PostInput)


@dataclass(slots=True)
class FileDescription:
    """The cleaned metadata of one file."""

    index: int
    filename: str
    title: str | None
    description: str | None
    flags: int
    duration: int | None
    waveform: str | None
    upload_name: str | None = None
    """The file was sent ahead, under this name."""


@dataclass(slots=True)
class Draft:
    """A message that passed the schema."""

    content: str | None
    embeds: list[dict[str, Any]] | None
    flags: int | None
    nonce: str | None
    sticker_ids: list[int]
    reference: Reference | None
    allowed_mentions: AllowedMentions | None
    files: list[tuple[FileDescription, Upload]] = field(default_factory=list[tuple[FileDescription, Upload]])

    @property
    def is_empty(self) -> bool:
        """Whether nothing in it would be visible."""
        return not (self.content or self.embeds or self.files or self.sticker_ids)

    def check_content(self, most: int) -> None:
        """Refuse more than `most` characters and too many embeds."""
        if self.content is not None and utf16_length(self.content) > most:
            message = f"Text must not exceed {most} characters."
            raise invalid_field("content", "CONTENT_EXCEEDS_MAX_LENGTH", message)
        if self.embeds:
            check_totals(self.embeds)

    def check_not_empty(self) -> None:
        """Refuse a message without anything in it."""
        if self.is_empty:
            raise empty_message()


def is_multipart(request: web.BaseRequest) -> bool:
    """Whether the body comes in parts."""
    return "multipart/form-data" in request.headers.get("Content-Type", "")


async def read_json(request: web.BaseRequest, schema: type[Input], *, is_lenient: bool) -> Input:
    """The message of a JSON body; a lenient route takes what is no JSON for an empty object."""
    raw = await request.read()
    try:
        return msgspec.json.decode(raw, type=schema)
    except msgspec.ValidationError:
        raise invalid_message_data() from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    try:
        value: Any = decoded(raw)
    except ValueError:
        if is_lenient:
            return msgspec.convert({}, schema)
        raise invalid_message_data() from None
    return _converted(value, schema)


@dataclass(slots=True)
class Parts:
    """A multipart body on disk."""

    payload: str | None = None
    uploads: dict[int, Upload] = field(default_factory=dict[int, Upload])
    names: dict[int, str] = field(default_factory=dict[int, str])

    async def discard(self, files: Files) -> None:
        """Delete the files that no message took."""
        await files.discard(list(self.uploads.values()))


async def receive_parts(request: web.BaseRequest, files: Files, parts: Parts, generation: Generation) -> None:
    """Stream the parts of the body into `parts`."""
    try:
        reader = await request.multipart()
        await _read_all(reader, files, parts, generation)
    except (ValueError, AssertionError):
        message = "Failed to parse multipart form data."
        raise invalid_field("multipart_form", "FAILED_TO_PARSE_MULTIPART_FORM_DATA", message) from None


async def _read_all(reader: MultipartReader, files: Files, parts: Parts, generation: Generation) -> None:
    while (part := await reader.next()) is not None:
        assert isinstance(part, BodyPartReader)
        if part.name == "payload_json":
            parts.payload = await part.text()
        elif part.name is not None and part.filename is not None and _is_file_field(part.name, generation):
            upload = await files.receive(part.read_chunk, generation.limits.max_attachment_file_size)
            index = _index_of(part.name, parts)
            parts.uploads[index], parts.names[index] = upload, part.filename
        else:
            await part.release()


def _is_file_field(name: str, generation: Generation) -> bool:
    is_legacy = not generation.needs_file_metadata and _LEGACY_FILE_FIELD.fullmatch(name) is not None
    return name.startswith("files[") or is_legacy


def _index_of(name: str, parts: Parts) -> int:
    """The number of a file, negative if its field's name has none."""
    found = _FILE_FIELD.fullmatch(name) or _LEGACY_FILE_FIELD.fullmatch(name)
    return -1 - len(parts.uploads) if found is None else int(found[1] or 0)


def input_of(parts: Parts, schema: type[Input]) -> Input:
    """The message in the part `payload_json`."""
    if not parts.payload:
        message = "`payload_json` field is required for multipart messages."
        raise invalid_field("payload_json", "PAYLOAD_JSON_REQUIRED_FOR_MULTIPART", message)
    try:
        value: Any = decoded(parts.payload.encode())
    except ValueError:
        message = "Invalid JSON in `payload_json`."
        raise invalid_field("payload_json", "INVALID_JSON_IN_PAYLOAD_JSON", message) from None
    return _converted(value, schema)


def draft_of(message: MessageInput, generation: Generation) -> Draft:
    """The cleaned message; every failure is the same opaque 400."""
    nonce = _nonce(message.nonce, generation)
    allowed = message.allowed_mentions
    if allowed is not None and max(len(allowed.users or ()), len(allowed.roles or ())) > 100:
        raise invalid_message_data()
    if len(message.sticker_ids or ()) > 3:
        raise invalid_message_data()
    return Draft(
        content=None if message.content is None else normalised(message.content),
        embeds=None if message.embeds is None else [stored(embed) for embed in message.embeds],
        flags=message.flags,
        nonce=nonce,
        sticker_ids=[_snowflake(value) for value in message.sticker_ids or ()],
        reference=_reference(message.message_reference),
        allowed_mentions=allowed,
    )


def descriptions_of(message: MessageInput) -> list[FileDescription]:
    """The cleaned metadata of the message's files."""
    return [_description(item) for item in message.attachments or ()]


def pair_files(
    descriptions: list[FileDescription], parts: Parts, generation: Generation
) -> list[tuple[FileDescription, Upload]]:
    """Each description with its upload; both sides must match one to one where files need a description."""
    most, most_bytes = generation.limits.max_attachments_per_message, generation.limits.max_attachment_file_size
    for index in parts.uploads:
        if index < 0:
            raise invalid_field("files", "INVALID_FILE_FIELD_NAME", "Invalid file field name.")
        if index >= most:
            message = f"File index {index} exceeds the maximum allowed index of {most - 1}."
            raise invalid_field("files", "FILE_INDEX_EXCEEDS_MAXIMUM", message)
    if not generation.needs_file_metadata:
        described = {description.index for description in descriptions}
        bare = [index for index in parts.uploads if index not in described]
        descriptions = [*descriptions, *(_undescribed(index, parts.names[index]) for index in bare)]
        descriptions.sort(key=lambda description: description.index)
    if parts.uploads and not descriptions:
        message = "Attachments metadata array is required when uploading files."
        raise invalid_field("attachments", "ATTACHMENTS_METADATA_REQUIRED_WHEN_UPLOADING", message)
    for description in descriptions:
        if description.index not in parts.uploads:
            message = f"No file was uploaded for attachment metadata with ID {description.index}."
            raise invalid_field("attachments", "NO_FILE_FOR_ATTACHMENT_METADATA", message)
    described = {description.index for description in descriptions}
    for index in parts.uploads:
        if index not in described:
            message = f"No metadata was provided for file with ID {index}."
            raise invalid_field("attachments", "NO_METADATA_FOR_FILE", message)
    if any(upload.size > most_bytes for upload in parts.uploads.values()):
        message = f"File size is too large. Maximum file size is {most_bytes}."
        raise ApiError(400, "FILE_SIZE_TOO_LARGE", message)
    return [(description, parts.uploads[description.index]) for description in descriptions]


def _converted(value: Any, schema: type[Input]) -> Input:
    try:
        return msgspec.convert(value, schema)
    except msgspec.ValidationError:
        raise invalid_message_data() from None


def _nonce(value: str | int | None, generation: Generation) -> str | None:
    if value is None:
        return None
    if isinstance(value, int):
        if not generation.has_rich_webhooks or abs(value) > _SAFE_INTEGER:
            raise invalid_message_data()
        value = str(value)
    return text(value, 32)


def _undescribed(index: int, name: str) -> FileDescription:
    return FileDescription(index, filename(name), None, None, 0, None, None)


def _description(item: AttachmentInput) -> FileDescription:
    if item.filename is None or not 1 <= utf16_length(item.filename) <= 255:
        raise invalid_message_data()
    with suppress(ValueError):
        return FileDescription(
            index=int(item.id),
            filename=filename(item.filename),
            title=None if item.title is None else text(item.title, 1024),
            description=None if item.description is None else text(item.description, 4096),
            flags=int(item.flags),
            duration=item.duration,
            waveform=None if item.waveform is None else text(item.waveform, 4096),
            upload_name=item.upload_filename,
        )
    raise invalid_message_data()


def _reference(reference: ReferenceInput | None) -> Reference | None:
    if reference is None:
        return None
    if reference.type == FORWARD and reference.channel_id is None:
        raise invalid_message_data()
    channel_id = 0 if reference.channel_id is None else _snowflake(reference.channel_id)
    guild_id = None if reference.guild_id is None else _snowflake(reference.guild_id)
    return Reference(channel_id, _snowflake(reference.message_id), guild_id, reference.type)


def _snowflake(value: str | int) -> int:
    if not (str(value).isascii() and str(value).isdecimal()):
        raise invalid_message_data()
    return int(value)
