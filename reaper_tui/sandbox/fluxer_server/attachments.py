"""Turns uploads into the stored attachments of a message."""

from __future__ import annotations

import math
import mimetypes

from .community import Community
from .entities import Attachment
from .files import Files, Upload
from .images import picture_of
from .message_input import FileDescription
from .snowflakes import iso_from_milliseconds

IS_ANIMATED = 1 << 5
DAY_MS = 86_400_000
PLACEHOLDER = "lUoDBwB4eHeId4iHh4eHd3h4j3gHiHcA"
VIRUS_SIGNATURE = b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE"
_TYPES = mimetypes.MimeTypes(filenames=())
for _extension, _type in {
    ".md": "text/markdown",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".apng": "image/apng",
}.items():
    _TYPES.add_type(_type, _extension)


def content_type_of(filename: str) -> str:
    """The MIME type that the server derives from a file's name."""
    return _TYPES.guess_type(filename)[0] or "application/octet-stream"


def lifetime_days(size: int) -> int:
    """Days until an attachment expires: three years up to 5 MiB, 14 days at 500 MiB."""
    megabytes = size / 1024 / 1024
    if megabytes <= 5:
        return 1095
    linear = (megabytes - 5) / 495
    logarithmic = math.log(megabytes / 5) / math.log(100)
    return int(1095 - (linear + logarithmic) / 2 * 1081)


def has_virus(files: list[tuple[FileDescription, Upload]]) -> bool:
    """Whether the scanner, which knows one signature, finds something."""
    return any(VIRUS_SIGNATURE in upload.head for _, upload in files)


async def keep(
    community: Community, files: Files, channel_id: int, uploads: list[tuple[FileDescription, Upload]]
) -> tuple[Attachment, ...]:
    """Store the uploads and describe them."""
    result: list[Attachment] = []
    for description, upload in uploads:
        attachment_id = community.next_id()
        await files.keep(upload, "attachments", str(channel_id), str(attachment_id))
        expires_at = None
        if community.generation.expires_files:
            expires_ms = int(community.clock() * 1000) + lifetime_days(upload.size) * DAY_MS
            expires_at = iso_from_milliseconds(expires_ms)
        attachment = Attachment(
            id=attachment_id,
            channel_id=channel_id,
            filename=description.filename,
            content_type=content_type_of(description.filename),
            size=upload.size,
            expires_at=expires_at,
            title=description.title,
            description=description.description,
            flags=description.flags,
            duration=description.duration,
            waveform=description.waveform,
        )
        picture = picture_of(upload.head) if attachment.content_type.startswith("image/") else None
        if picture is not None:
            attachment.content_hash = upload.digest
            attachment.dimensions = (picture.width, picture.height)
            attachment.placeholder = PLACEHOLDER
            attachment.is_media = True
            attachment.flags |= IS_ANIMATED if picture.is_animated else 0
        result.append(attachment)
    return tuple(result)
