"""The CDN: attachments, avatars, emojis, stickers, icons and banners, drawn on request."""

import re
from collections.abc import Awaitable, Callable

from aiohttp import web

from reaper_tui.sandbox.discord_server import images
from reaper_tui.sandbox.discord_server.blob import Blob, blob_of
from reaper_tui.sandbox.discord_server.faults import Damage, Faults
from reaper_tui.sandbox.discord_server.metrics import Metrics
from reaper_tui.sandbox.discord_server.signing import Signer
from reaper_tui.sandbox.discord_server.store import Store

_RANGE = re.compile(r"^bytes=(\d*)-(\d*)$")
_GONE = "This content is no longer available."


class Cdn:
    """Answers `/cdn`; only attachments need a signature."""

    def __init__(self, store: Store, signer: Signer, faults: Faults, metrics: Metrics) -> None:
        self._store = store
        self._signer = signer
        self._faults = faults
        self._metrics = metrics

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Put every route into `router`."""
        router.add_get("/cdn/attachments/{channel:\\d+}/{attachment:\\d+}/{filename}", self._attachment)
        for path in (
            "avatars/{owner}/{key}.{ext}",
            "icons/{owner}/{key}.{ext}",
            "banners/{owner}/{key}.{ext}",
            "guilds/{guild}/users/{owner}/avatars/{key}.{ext}",
            "embed/avatars/{key}.{ext}",
            "emojis/{key}.{ext}",
            "stickers/{key}.{ext}",
        ):
            router.add_get("/cdn/" + path, self._picture(path.partition("/{")[0]))

    async def _attachment(self, request: web.Request) -> web.StreamResponse:
        channel_id, attachment_id = int(request.match_info["channel"]), int(request.match_info["attachment"])
        query = request.query
        is_signed = self._signer.accepts(
            channel_id, attachment_id, query.get("ex", ""), query.get("is", ""), query.get("hm", "")
        )
        found = self._store.attachment(channel_id, attachment_id) if is_signed else None
        if found is None or found.trouble == "gone" or found.filename != request.match_info["filename"]:
            self._metrics.count("GET /cdn/attachments", 404, 0)
            return web.Response(status=404, text=_GONE)
        broken = await self._faults.intercept(request)
        damage = broken or self._faults.at_cdn(request)
        if not isinstance(damage, Damage):
            self._metrics.count("GET /cdn/attachments", damage.status, 0)
            return damage
        damage = Damage(
            damage.is_cut, damage.is_half or found.trouble == "half", damage.is_slow or found.trouble == "slow"
        )
        response, sent = await _stream(request, blob_of(found), found.content_type, damage)
        self._metrics.count("GET /cdn/attachments", response.status, sent)
        return response

    def _picture(self, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answer(request: web.Request) -> web.Response:
            response = self._draw(kind, request.match_info["key"], request.match_info["ext"])
            size = len(response.body) if isinstance(response.body, bytes) else 0
            self._metrics.count(f"GET /cdn/{kind}", response.status, size)
            return response

        return answer

    def _draw(self, kind: str, key: str, extension: str) -> web.Response:
        community = self._store.community
        is_animated = key.startswith("a_")
        if key in community.gone_assets:
            return web.Response(status=404, text=_GONE)
        if kind == "emojis":
            emoji = next((each for each in community.emojis if str(each.id) == key), None)
            if emoji is None:
                return web.Response(status=404, text="")
            is_animated = emoji.is_animated
            if emoji.size and extension == "gif":
                return web.Response(body=images.heavy_gif(key, emoji.size), content_type="image/gif")
        elif kind == "stickers":
            sticker = next((each for each in community.stickers if str(each.id) == key), None)
            if sticker is None:
                return web.Response(status=404, text="")
            if sticker.format_type == 3:
                if extension != "json":
                    return web.Response(status=415, text="")
                return web.Response(body=images.lottie(key), content_type="application/json")
            if sticker.format_type == 4:
                return web.Response(body=images.badge_gif(key), content_type="image/gif")
            body = images.badge_apng(key, 160) if sticker.format_type == 2 else images.badge_png(key, 160)
            return web.Response(body=body, content_type="image/png")
        if extension == "gif":
            if not is_animated:
                return web.Response(status=415, text="")
            return web.Response(body=images.badge_gif(key), content_type="image/gif")
        if extension not in ("png", "webp", "jpg", "jpeg"):
            return web.Response(status=415, text="")
        size = 512 if kind == "banners" else 64
        return web.Response(body=images.badge_png(key, size), content_type="image/png")


async def _stream(
    request: web.Request, blob: Blob, content_type: str, damage: Damage
) -> tuple[web.StreamResponse, int]:
    """Send `blob`, or the part of it the client asks for; return the response and how many bytes it had."""
    size = blob.size // 2 if damage.is_half else blob.size
    start, stop, status = 0, size, 200
    headers = {"Content-Type": content_type, "Accept-Ranges": "bytes", "Cache-Control": "public, max-age=31536000"}
    asked = _RANGE.match(request.headers.get("Range", ""))
    if asked and (asked[1] or asked[2]):
        if asked[1]:
            start, stop = int(asked[1]), min(int(asked[2] or size) + 1, size)
        else:
            start = max(0, size - int(asked[2]))
        if start >= size or start >= stop:
            headers["Content-Range"] = f"bytes */{size}"
            return web.Response(status=416, headers={"Content-Range": headers["Content-Range"]}), 0
        status = 206
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    response = web.StreamResponse(status=status, headers=headers)
    response.content_length = stop - start
    await response.prepare(request)
    if request.method != "HEAD":
        end = start + (stop - start) // 2 if damage.is_cut else stop
        async for piece in damage.paced(piece for piece in blob.read(start, end) if piece):
            await response.write(piece)
        if damage.is_cut and request.transport is not None:
            request.transport.close()
            return response, end - start
    await response.write_eof()
    return response, stop - start
