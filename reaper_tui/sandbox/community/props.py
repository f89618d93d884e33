"""What hangs on a message: files, embeds, reactions, polls, components."""

import base64
import random
from typing import Any

from reaper_tui.sandbox.community.nouns import Attachment, Poll, Reaction
from reaper_tui.sandbox.community.world import World

_TYPES = {
    "png": "image/png",
    "gif": "image/gif",
    "jpg": "image/jpeg",
    "txt": "text/plain; charset=utf-8",
    "log": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "py": "text/x-python; charset=utf-8",
    "json": "application/json; charset=utf-8",
    "zip": "application/zip",
    "pdf": "application/pdf",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "mp3": "audio/mpeg",
    "wav": "audio/x-wav",
}
_SHAPES = ((640, 360), (512, 512), (480, 640), (800, 450), (960, 540))
_SMALL_SHAPES = ((256, 256), (320, 180), (240, 320))
_GIF_SHAPE = (96, 64)
_QUICK = ("👍", "❤️", "😂", "🎉", "👀", "🔥", "🙏", "😭", "💯", "🤔", "👋", "🐟", "✅", "🫡", "👩‍🚀", "🏳️‍🌈")
_LOG = """
The glass is falling and so is the kettle.
Trimmed the wick twice; the second time was for the company.
A steamer passed to the north, all lights on, no sound at all, like a birthday cake on rails.
The gull has opinions about the new rope and is not afraid to share them.
Rain from the side, then from below.
I counted the steps again: one hundred and eleven up, one hundred and twelve down.
Wrote to my sister; tore it up; wrote it again without the weather.
Sounded the horn every ninety seconds for an hour. My teeth still hum in B flat.
Somebody knocked. The door was open. I said so. Somebody knocked again.
Soup: adequate. Bread: structural.
The beam found a patch of sea so still that it looked like a floor somebody had just mopped.
Oil for two nights, matches for nine, patience for half an hour.
Found a letter behind the clock that is addressed to me and older than I am.
The fog came in politely, wiped its feet, and sat down on everything.
||I went down to the second stair. I am not going to say more about it here.||
There is a crab in the boathouse who appears to be in charge.
"""
_COLORS = (0xF1C40F, 0x3498DB, 0xE67E22, 0x2ECC71, 0x9B59B6)


def content_type_of(filename: str) -> str:
    """Return what Discord says a file is, going by its name."""
    return _TYPES.get(filename.rpartition(".")[2].lower(), "application/octet-stream")


def attach(rng: random.Random, identifier: int, argument: str) -> Attachment:
    """Return the file that `name.ext kilobytes [description]` asks for."""
    filename, _, rest = argument.partition(" ")
    kilobytes, _, description = rest.partition(" ")
    extension = filename.rpartition(".")[2]
    size = int(float(kilobytes or 40) * 1024) + rng.randrange(1024)
    width = height = None
    if extension in ("png", "gif", "jpg", "mp4"):
        width, height = _GIF_SHAPE if extension == "gif" else rng.choice(_SMALL_SHAPES if size < 20_480 else _SHAPES)
    return Attachment(identifier, filename, size, _TYPES[extension], width, height, description or None)


def record_voice(rng: random.Random, identifier: int, seconds: float) -> Attachment:
    """Return a voice message of about `seconds`."""
    duration = round(seconds * rng.uniform(0.8, 1.3), 3)
    waveform = base64.b64encode(bytes(rng.randrange(256) for _ in range(min(256, int(duration * 10))))).decode()
    return Attachment(
        identifier, "voice-message.ogg", int(duration * 4000) + 400, "audio/ogg", duration=duration, waveform=waveform
    )


def react(rng: random.Random, world: World, argument: str, at_ms: int) -> tuple[Reaction, ...]:
    """Return the reactions that `name count, name count` asks for; a name is a glyph or a custom emoji."""
    found: list[Reaction] = []
    for wish in argument.split(","):
        name, _, count = wish.strip().partition(" ")
        emoji = world.emoji_by_name.get(name, name)
        found.append(Reaction(emoji, world.everyone.crowd(rng, max(1, int(count or 1) + rng.randrange(-1, 3)), at_ms)))
    return tuple(found)


def react_freely(rng: random.Random, world: World, at_ms: int) -> tuple[Reaction, ...]:
    """Return one or two reactions of somebody's own choosing."""
    kinds = rng.sample([*_QUICK, *world.emojis], 1 if rng.random() < 0.7 else 2)
    return tuple(Reaction(kind, world.everyone.crowd(rng, 1 + int(rng.expovariate(0.6)), at_ms)) for kind in kinds)


def ask(rng: random.Random, world: World, argument: str, asked_ms: int) -> Poll:
    """Return the poll that `question | answer | answer` asks for; a last `multi` allows several votes."""
    cells = [cell.strip() for cell in argument.split("|")]
    allows_many = cells[-1] == "multi"
    question, *answers = cells[:-1] if allows_many else cells
    voters: list[list[int]] = [[] for _ in answers]
    for person in world.everyone.crowd(rng, rng.randrange(5, 24), asked_ms):
        for choice in {rng.randrange(len(answers)) for _ in range(2 if allows_many else 1)}:
            voters[choice].append(person)
    expires_ms = asked_ms + rng.choice((24, 24, 72, 168)) * 3_600_000
    split = [_glyph_and_text(answer) for answer in answers]
    return Poll(
        question, tuple(split), tuple(map(tuple, voters)), expires_ms, allows_many, is_over=expires_ms < world.closes_ms
    )


def _glyph_and_text(answer: str) -> tuple[str, str | None]:
    first, _, rest = answer.partition(" ")
    return (rest, first) if rest and not first[0].isascii() and not first.isalpha() else (answer, None)


def poll_result(poll: Poll) -> dict[str, Any]:
    """Return the embed of a poll's result message."""
    counts = [len(voters) for voters in poll.voters]
    best = max(counts, default=0)
    winners = [index for index, count in enumerate(counts) if count == best and best]
    values = {
        "poll_question_text": poll.question,
        "victor_answer_votes": str(best),
        "total_votes": str(sum(counts)),
    }
    if len(winners) == 1:
        text, glyph = poll.answers[winners[0]]
        values |= {"victor_answer_id": str(winners[0] + 1), "victor_answer_text": text}
        if glyph:
            values["victor_answer_emoji_name"] = glyph
    fields = [{"name": name, "value": value, "inline": False} for name, value in values.items()]
    return {"type": "poll_result", "fields": fields, "content_scan_version": 0}


def long_tale(rng: random.Random, length: int) -> str:
    """Return a keeper's log of exactly `length` characters, with a code block in it."""
    sentences = _LOG.strip().splitlines()
    pieces = [f"**Log of the night watch, sheet {rng.randint(2, 400)}**\n\n"]
    hour = 18
    while sum(map(len, pieces)) < length:
        if len(pieces) == 7:
            pieces.append(f"```\nbarometer  {rng.randint(968, 1012)} hPa\nwind       {rng.randint(6, 11)} Bft\n```\n")
        hour = (hour + 1) % 24
        chosen = rng.sample(sentences, 4)
        pieces.append(f"__{hour:02d}:{rng.randrange(60):02d}__ {' '.join(chosen)}\n\n")
    return "".join(pieces)[: length - 1] + "…"


def embed(rng: random.Random, argument: str) -> dict[str, Any]:
    """Return the embed of `link | title | description | url | site` or `rich | title | description | name=value`."""
    kind, title, description, *rest = (cell.strip() for cell in argument.split("|"))
    if kind == "rich":
        fields = [dict(zip(("name", "value"), cell.split("=", 1), strict=True)) | {"inline": True} for cell in rest]
        return {
            "type": "rich",
            "title": title,
            "description": description.replace("⏎", "\n"),
            "color": rng.choice(_COLORS),
            "fields": fields,
            "footer": {"text": "Tin Lighthouse"},
        }
    url, site = rest
    found: dict[str, Any] = {"type": kind, "url": url, "title": title, "description": description}
    if kind == "video":
        found |= {"video": {"url": url + "/embed", "width": 1280, "height": 720}}
    return found | {"provider": {"name": site}, "color": rng.choice(_COLORS)}


def buttons(argument: str) -> tuple[dict[str, Any], ...]:
    """Return one row of buttons with the labels `a | b`."""
    labels = [label.strip() for label in argument.split("|")]
    row = [{"type": 2, "style": 2, "label": label, "custom_id": f"b{index}"} for index, label in enumerate(labels)]
    return ({"type": 1, "components": row},)
