"""Refusing the same charge twice within a while: same card, same amount, same invoice."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable

_NS = 1_000_000_000


class DuplicateWindow:
    """Approved charges of the last `window_s` seconds; with 0 it is off and keeps nothing.

    Cards are told apart by a fingerprint keyed with a secret that is not in the ledger: without it, the
    few numbers that share their last four digits could be tried out.
    """

    def __init__(self, window_s: float, secret: str, earlier: Iterable[tuple[str, int]] = ()) -> None:
        self.window_ns = int(window_s * _NS)
        self._key = hashlib.blake2b(secret.encode(), digest_size=32, person=b"duplicates").digest()
        # Oldest first, as dictionaries keep their order.
        self._taken = dict(earlier)

    @property
    def is_on(self) -> bool:
        return self.window_ns > 0

    def card_key(self, number: str) -> str:
        """What stands for a card number here; "" while the window is off."""
        return self._digest(number) if self.window_ns else ""

    def fingerprint(self, card_key: str, cents: int, reference: str) -> str:
        """What two equal charges have in common; "" while the window is off."""
        return self._digest(f"{card_key}|{cents}|{reference}") if self.window_ns else ""

    def has(self, fingerprint: str, now_ns: int | None = None) -> bool:
        """Whether an equal charge was taken within the window."""
        if not fingerprint:
            return False
        oldest = (time.time_ns() if now_ns is None else now_ns) - self.window_ns
        while self._taken:
            first = next(iter(self._taken))
            if self._taken[first] >= oldest:
                break
            del self._taken[first]
        return fingerprint in self._taken

    def take(self, fingerprint: str, now_ns: int | None = None) -> None:
        """The charge is being made."""
        if fingerprint:
            self._taken[fingerprint] = time.time_ns() if now_ns is None else now_ns

    def forget(self, fingerprint: str) -> None:
        """The charge came to nothing or was voided, so it may be made again."""
        self._taken.pop(fingerprint, None)

    def _digest(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), digest_size=16, key=self._key).hexdigest()
