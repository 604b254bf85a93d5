"""Text from outside, made fit to be shown: cut where it is long, and without power over the text around it."""

from __future__ import annotations

import re

MOST = 160
# C0 and C1 controls, and the marks that turn the direction of text (Unicode Annex 9): shown by their number.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def harmless(content: object, most: int = MOST) -> str:
    """The text with invisible characters named, cut at so many characters with its full length told."""
    whole = str(content)
    shown = _INVISIBLE.sub(lambda found: f"\u27e8U+{ord(found[0]):04X}\u27e9", whole[:most])
    if len(whole) <= most:
        return shown
    return f"{shown}\u2026 (cut; {len(whole):,} characters in all)".replace(",", " ")
