"""Where Discord keeps pictures."""

from __future__ import annotations

CDN = "https://cdn.discordapp.com"
GIF_STICKERS = "https://media.discordapp.net"
STICKER_FORMATS = {1: "png", 2: "apng", 3: "lottie", 4: "gif"}
_STICKER_ENDINGS = {"png": "png", "apng": "png", "lottie": "json", "gif": "gif"}


class Cdn:
    """Builds picture addresses below Discord's CDN, or below the base that stands in for it."""

    def __init__(self, base: str = "") -> None:
        self._base = base.rstrip("/") or CDN
        self._gif_stickers = base.rstrip("/") or GIF_STICKERS

    def emoji(self, emoji_id: int, is_animated: bool) -> str:
        """Return the address of a custom emoji."""
        return f"{self._base}/emojis/{emoji_id}.{'gif' if is_animated else 'png'}"

    def sticker(self, sticker_id: int, sticker_format: str) -> str:
        """Return the address of a sticker; Lottie ones are JSON, GIF ones live on the media host."""
        base = self._gif_stickers if sticker_format == "gif" else self._base
        return f"{base}/stickers/{sticker_id}.{_STICKER_ENDINGS.get(sticker_format, 'png')}"

    def avatar(self, user_id: int, image: str) -> str:
        """Return the address of a user's avatar, empty without one."""
        return f"{self._base}/avatars/{user_id}/{image}.png?size=256" if image else ""

    def member_avatar(self, guild_id: int, user_id: int, image: str) -> str:
        """Return the address of the avatar a member wears in one guild."""
        return f"{self._base}/guilds/{guild_id}/users/{user_id}/avatars/{image}.png?size=256"

    def icon(self, guild_id: int, image: str) -> str:
        """Return the address of a guild's icon, empty without one."""
        return f"{self._base}/icons/{guild_id}/{image}.{_ending(image)}?size=1024" if image else ""

    def banner(self, guild_id: int, image: str) -> str:
        """Return the address of a guild's banner, empty without one."""
        return f"{self._base}/banners/{guild_id}/{image}.{_ending(image)}?size=1024" if image else ""


def _ending(image: str) -> str:
    return "gif" if image.startswith("a_") else "png"
