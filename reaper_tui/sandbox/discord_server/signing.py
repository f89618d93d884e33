"""Signed addresses of attachments: valid for a day, and across restarts."""

import hashlib
import hmac
from collections.abc import Callable
from urllib.parse import quote

LIFETIME_S = 86_400
_ROUND_S = 3_600


class Signer:
    """Signs attachment paths with a key that follows from the seed."""

    def __init__(self, seed: int, clock: Callable[[], float]) -> None:
        self._key = hashlib.sha256(f"cdn/{seed}".encode()).digest()
        self._clock = clock
        self.base = ""
        self.age_s = 0

    def address(self, channel_id: int, attachment_id: int, filename: str, *, is_expired: bool = False) -> str:
        """Return the address of an attachment, good for about a day from when it was `age_s` seconds ago."""
        path = f"/attachments/{channel_id}/{attachment_id}/{quote(filename)}"
        age_s = 2 * LIFETIME_S if is_expired else self.age_s
        issued = (int(self._clock()) - age_s) // _ROUND_S * _ROUND_S
        expires = issued + LIFETIME_S
        mark = self._mark(channel_id, attachment_id, expires, issued)
        return f"{self.base}{path}?ex={expires:x}&is={issued:x}&hm={mark}&"

    def accepts(self, channel_id: int, attachment_id: int, ex: str, issued: str, mark: str) -> bool:
        """Tell whether these query values let somebody fetch the attachment now."""
        try:
            expires, since = int(ex, 16), int(issued, 16)
        except ValueError:
            return False
        expected = self._mark(channel_id, attachment_id, expires, since)
        return hmac.compare_digest(expected, mark) and self._clock() < expires

    def _mark(self, channel_id: int, attachment_id: int, expires: int, issued: int) -> str:
        text = f"{channel_id}/{attachment_id}/{expires:x}/{issued:x}"
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
