"""Name-value pairs as gateways send them: names in any case, a trailing `&`, values encoded or raw."""

from __future__ import annotations

from urllib.parse import unquote_plus

_MOST_BYTES = 256 * 1024


def read_pairs(body: bytes) -> dict[str, str]:
    """The pairs of a body by their name in small letters; the first of a name counts. Never raises.

    A part without `=` belongs to the value before it: values may hold a raw `&`.
    """
    pairs: dict[str, str] = {}
    last = ""
    for part in body[:_MOST_BYTES].decode("utf-8", "replace").strip().split("&"):
        name, sign, value = part.partition("=")
        if sign:
            last = unquote_plus(name).strip().lower()
            if last in pairs:
                last = ""
            else:
                pairs[last] = unquote_plus(value).strip()
        elif part and last:
            pairs[last] += f"&{unquote_plus(part)}"
    return pairs
