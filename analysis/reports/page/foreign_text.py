"""Text from outside, made fit to be shown: cut where it is long, and without power over the text around it."""

from __future__ import annotations

import re

from analysis.wording import count_text

MOST = 160
_LETTER = 9.0  # pixels of a letter of a title at most, but for the widest scripts
# C0 and C1 controls, and the marks that turn the direction of text (Unicode Annex 9): shown by their number.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def fitting(content: object, width: float) -> str:
    """The same for a title of a chart, cut so that it fits a width in pixels; tables name its length."""
    letters, whole = max(1, int(width / _LETTER)), harmless(content)
    return whole if len(whole) <= letters else f"{whole[: letters - 1]}\u2026"


def harmless(content: object, most: int = MOST) -> str:
    """The text with invisible characters named, cut at so many characters with its full length told."""
    whole = str(content)
    shown = _INVISIBLE.sub(lambda found: f"\u27e8U+{ord(found[0]):04X}\u27e9", whole[:most])
    if len(whole) <= most and len(shown) <= max(most, MOST):
        return shown
    return f"{shown[:most]}\u2026 (cut; {count_text(len(whole))} characters in all)"
