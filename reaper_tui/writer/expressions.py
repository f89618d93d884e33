"""Emojis, stickers and the community's own pictures, sent as data URIs."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from reaper_tui.model.errors import NotFound, Refused
from reaper_tui.writer import wire
from reaper_tui.writer.client import Call, FluxerClient

BULK = 50
PERMISSION = "Create Expressions"
_SIGNATURES = (
    (b"\x89PNG", "image/png"),
    (b"GIF8", "image/gif"),
    (b"\xff\xd8\xff", "image/jpeg"),
)


def data_uri(image: bytes) -> str:
    """Return an image as a data URI, its type told from its first bytes."""
    kind = next((kind for start, kind in _SIGNATURES if image.startswith(start)), "image/png")
    if image[:4] == b"RIFF" and image[8:12] == b"WEBP":
        kind = "image/webp"
    elif image[4:12] in (b"ftypavif", b"ftypavis"):
        kind = "image/avif"
    return f"data:{kind};base64,{base64.b64encode(image).decode()}"


async def create_emojis(
    client: FluxerClient, guild_id: int, images: Sequence[tuple[str, bytes]]
) -> Sequence[tuple[int, str]]:
    """Make emojis; return an id or a reason for each, in the order given."""
    items = [{"name": name, "image": data_uri(image)} for name, image in images]
    return await _create(client, guild_id, "emojis", items, "making emojis")


async def create_stickers(
    client: FluxerClient, guild_id: int, images: Sequence[tuple[str, str, Sequence[str], bytes]]
) -> Sequence[tuple[int, str]]:
    """Make stickers; return an id or a reason for each, in the order given."""
    items = [
        {"name": name, "description": description or None, "tags": list(tags), "image": data_uri(image)}
        for name, description, tags, image in images
    ]
    return await _create(client, guild_id, "stickers", items, "making stickers")


async def rename_emoji(client: FluxerClient, guild_id: int, emoji_id: int, name: str) -> None:
    """Give an emoji another name."""
    await _edit(client, guild_id, "emojis", emoji_id, {"name": name}, "renaming an emoji")


async def edit_sticker(
    client: FluxerClient, guild_id: int, sticker_id: int, name: str, description: str, tags: Sequence[str]
) -> None:
    """Give a sticker another name, description and tags; what is left out would be cleared."""
    body = {"name": name, "description": description or None, "tags": list(tags)}
    await _edit(client, guild_id, "stickers", sticker_id, body, "changing a sticker")


async def edit_identity(
    client: FluxerClient, guild_id: int, *, name: str, icon: bytes | None, banner: bytes | None
) -> None:
    """Set name, icon and banner one by one, so that a refused one does not cost the others."""
    refusals: list[Refused] = []
    for part, value in (
        ("name", name.strip()),
        ("icon", data_uri(icon) if icon else ""),
        ("banner", data_uri(banner) if banner else ""),
    ):
        if not value:
            continue
        try:
            await client.perform(
                Call(
                    "PATCH",
                    "/guilds/{guild_id}",
                    {"guild_id": guild_id},
                    json={part: value},
                    doing=f"setting the community's {part}",
                    permission="Manage Community",
                )
            )
        except Refused as refusal:
            refusals.append(refusal)
    if refusals:
        raise refusals[0]


async def _edit(
    client: FluxerClient, guild_id: int, what: str, item_id: int, body: Mapping[str, Any], doing: str
) -> None:
    await client.perform(
        Call(
            "PATCH",
            f"/guilds/{{guild_id}}/{what}/{{item_id}}",
            {"guild_id": guild_id, "item_id": item_id},
            json=body,
            doing=doing,
            permission="Manage Expressions",
        )
    )


async def _create(
    client: FluxerClient, guild_id: int, what: str, items: Sequence[Mapping[str, Any]], doing: str
) -> Sequence[tuple[int, str]]:
    outcomes: list[tuple[int, str]] = []
    for start in range(0, len(items), BULK):
        rows = items[start : start + BULK]
        try:
            outcomes += await _create_in_bulk(client, guild_id, what, rows, doing)
        except (Refused, NotFound):
            outcomes += [await _create_one(client, guild_id, what, row, doing) for row in rows]
    return outcomes


async def _create_in_bulk(
    client: FluxerClient, guild_id: int, what: str, rows: Sequence[Mapping[str, Any]], doing: str
) -> list[tuple[int, str]]:
    answer = wire.mapping(
        await client.perform(
            Call(
                "POST",
                f"/guilds/{{guild_id}}/{what}/bulk",
                {"guild_id": guild_id},
                json={what: list(rows)},
                doing=doing,
                permission=PERMISSION,
            )
        )
    )
    made: dict[str, list[int]] = {}
    for row in wire.objects(answer.get("success")):
        made.setdefault(wire.text(row.get("name")), []).append(wire.number(row.get("id")))
    reasons = {wire.text(row.get("name")): wire.text(row.get("error")) for row in wire.objects(answer.get("failed"))}
    outcomes: list[tuple[int, str]] = []
    for row in rows:
        ids = made.get(row["name"])
        outcomes.append((ids.pop(0), "") if ids else (0, reasons.get(row["name"]) or "Fluxer did not make it"))
    return outcomes


async def _create_one(
    client: FluxerClient, guild_id: int, what: str, row: Mapping[str, Any], doing: str
) -> tuple[int, str]:
    try:
        answer = await client.perform(
            Call(
                "POST",
                f"/guilds/{{guild_id}}/{what}",
                {"guild_id": guild_id},
                json=row,
                doing=doing,
                permission=PERMISSION,
            )
        )
    except Refused as refusal:
        return 0, str(refusal)
    found = wire.number(wire.mapping(answer).get("id"))
    return (found, "") if found else (0, "Fluxer did not say what it made")


async def set_content_filter(client: FluxerClient, guild_id: int, level: int) -> None:
    """Set whose media a community looks through for what is explicit: 0 nobody's, 1 newcomers', 2 everybody's."""
    await client.perform(
        Call(
            "PATCH",
            "/guilds/{guild_id}",
            {"guild_id": guild_id},
            json={"explicit_content_filter": level},
            doing="setting the content filter",
            permission="Manage Community",
        )
    )
