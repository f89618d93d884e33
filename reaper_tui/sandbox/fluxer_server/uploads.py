"""Files sent ahead of their message: planned, put to a presigned address, completed, claimed once."""

from __future__ import annotations

import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from aiohttp import web

from .attachments import content_type_of
from .calls import Call, Reply, reply
from .errors import ApiError, invalid_field
from .fields import Fields
from .files import Files, Upload
from .text import filename

SINGLE_PART_BYTES = 10_485_760
MEBIBYTE = 1 << 20
MOST_PARTS = 20
SINGLE_SECONDS = 300.0
PART_SECONDS = 3600.0


@dataclass(slots=True)
class Plan:
    """One file that a client means to send."""

    name: str
    owner_id: int
    channel_id: int
    filename: str
    size: int
    upload_id: str | None
    part_sizes: list[int]
    secrets: list[str]
    good_until: float
    received: dict[int, Upload] = field(default_factory=dict[int, Upload])
    whole: Upload | None = None


class Uploads:
    """What is on its way to becoming an attachment."""

    def __init__(self, files: Files, clock: Callable[[], float]) -> None:
        self._files = files
        self._clock = clock
        self._plans: dict[str, Plan] = {}
        self._addresses: dict[str, tuple[Plan, int]] = {}

    def plan(self, owner_id: int, channel_id: int, name: str, size: int) -> Plan:
        """Reserve addresses for a file."""
        part_size = part_size_of(size)
        is_single = size <= SINGLE_PART_BYTES
        sizes = [size] if is_single else [min(part_size, size - at) for at in range(0, size, part_size)]
        plan = Plan(
            name=f"{secrets.token_hex(16)}/{name}",
            owner_id=owner_id,
            channel_id=channel_id,
            filename=name,
            size=size,
            upload_id=None if is_single else secrets.token_hex(16),
            part_sizes=sizes,
            secrets=[secrets.token_urlsafe(24) for _ in sizes],
            good_until=self._clock() + (SINGLE_SECONDS if is_single else PART_SECONDS),
        )
        self._plans[plan.name] = plan
        for number, secret in enumerate(plan.secrets):
            self._addresses[secret] = (plan, number)
        return plan

    def find(self, owner_id: int, channel_id: int, name: str) -> Plan | None:
        """The plan that this identity made for this channel."""
        plan = self._plans.get(name)
        return plan if plan is not None and (plan.owner_id, plan.channel_id) == (owner_id, channel_id) else None

    async def receive(self, secret: str, request: web.BaseRequest) -> web.Response:
        """Take the bytes that somebody puts to a presigned address; errors are plain text."""
        plan, number = self._addresses.get(secret, (None, 0))
        if plan is None or plan.good_until < self._clock():
            return web.Response(status=403, text="Forbidden")
        if request.headers.get("Authorization") is not None:
            return web.Response(status=400, text="Only one auth mechanism allowed")
        upload = await self._files.receive(request.content.read, plan.part_sizes[number])
        if upload.size != plan.part_sizes[number]:
            await self._files.discard([upload])
            return web.Response(status=413 if upload.size > plan.part_sizes[number] else 400, text="Wrong size")
        before = plan.received.get(number)
        plan.received[number] = upload
        if before is not None:
            await self._files.discard([before])
        if plan.upload_id is None:
            plan.whole = upload
        return web.Response(status=200, headers={"ETag": f'"{upload.digest[:32]}"'})

    async def complete(self, plan: Plan) -> None:
        """Join the parts that have arrived."""
        parts = [plan.received[number] for number in range(len(plan.part_sizes)) if number in plan.received]
        plan.whole = await self._files.join(parts)
        plan.received.clear()

    def forget(self, plan: Plan) -> None:
        """Let nobody claim the file any more."""
        del self._plans[plan.name]
        for secret in plan.secrets:
            del self._addresses[secret]


def part_size_of(size: int) -> int:
    """At most twenty parts of whole mebibytes, none below ten."""
    return max(10 * MEBIBYTE, math.ceil(size / MOST_PARTS / MEBIBYTE) * MEBIBYTE)


async def create(call: Call) -> Reply:
    """POST /channels/:channel_id/attachments"""
    fields, limits = await call.fields(), call.community.generation.limits
    items = fields.objects("attachments", 1, limits.max_attachments_per_message, is_required=True) or []
    wanted = [_wanted(item, limits.max_attachment_file_size) for item in items]
    fields.adopt(items)
    fields.check()
    place = call.open_place()
    shown: list[dict[str, object]] = []
    for id, name, size in wanted:
        plan = call.context.uploads.plan(call.caller.id, place.id, name, size)
        content_type = content_type_of(name)
        entry: dict[str, object] = {"id": id, "filename": name, "upload_filename": plan.name, "file_size": size}
        entry["content_type"] = content_type
        addresses = [f"{call.context.origin}/uploads/{secret}" for secret in plan.secrets]
        if plan.upload_id is None:
            entry |= {"upload_mode": "singlepart", "upload_url": addresses[0]}
        else:
            parts = [{"part_number": number, "upload_url": url} for number, url in enumerate(addresses, start=1)]
            entry |= {"upload_mode": "multipart", "upload_id": plan.upload_id, "part_size": part_size_of(size)}
            entry["parts"] = parts
        shown.append(entry)
    return reply({"attachments": shown})


def _wanted(fields: Fields, most: int) -> tuple[object, str, int]:
    id, name = fields.integer("id", 0, 2**31), fields.text("filename", 1, 255, is_required=True)
    size = fields.integer("file_size", 0, 2**53, is_required=True)
    fields.text("content_type", 1, 255)
    if size is not None and size > most:
        message = f"File size is too large. Maximum file size is {most}."
        raise ApiError(400, "FILE_SIZE_TOO_LARGE", message)
    return id, filename(name or ""), size or 0


async def complete(call: Call) -> Reply:
    """POST /channels/:channel_id/attachments/complete"""
    fields = await call.fields()
    most = call.community.generation.limits.max_attachments_per_message
    items = fields.objects("uploads", 1, most, is_required=True) or []
    wanted = [(item.text("upload_filename", 1, 1024), item.text("upload_id", 1, 255)) for item in items]
    fields.adopt(items)
    fields.check()
    place = call.open_place()
    for index, (name, upload_id) in enumerate(wanted):
        plan = call.context.uploads.find(call.caller.id, place.id, name or "")
        if plan is None or plan.upload_id is None or plan.upload_id != upload_id:
            raise _not_found(f"uploads.{index}.upload_filename")
        if not plan.received:
            raise invalid_field(f"uploads.{index}.parts", "NO_UPLOADED_PARTS_TO_FINALIZE", "There are no parts.")
        await call.context.uploads.complete(plan)
    return reply({"uploads": [{"upload_filename": name} for name, _ in wanted]})


def sent_ahead(call: Call, channel_id: int, names: list[tuple[int, str]]) -> list[tuple[Plan, Upload]]:
    """The files that a message claims: only who planned one can, in the channel it is for."""
    found: list[tuple[Plan, Upload]] = []
    for index, name in names:
        plan = call.context.uploads.find(call.caller.id, channel_id, name)
        if plan is None:
            raise _not_found(f"attachments.{index}.upload_filename")
        if plan.whole is None:
            raise invalid_field(f"attachments.{index}.upload_filename", "FILE_NOT_FOUND", "File not found.")
        found.append((plan, plan.whole))
    return found


def _not_found(path: str) -> ApiError:
    return invalid_field(path, "UPLOADED_ATTACHMENT_NOT_FOUND", "Uploaded attachment not found.")
