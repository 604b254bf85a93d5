"""Name-value pairs as the NVP interface spells them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from mock_gateway.field_errors import FieldError

_MOST_FIELDS = 200
_QUERY_SEPARATOR = "&"


def read_form(body: bytes) -> dict[str, str] | list[FieldError]:
    """The pairs of a body, by their name in small letters; a trailing & is part of documented samples."""
    try:
        text = body.decode().strip().rstrip(_QUERY_SEPARATOR)
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError:
        # Also too many fields, and percent signs that are not UTF-8.
        return [FieldError(place="", message=f"the body must be a form of at most {_MOST_FIELDS} fields")]
    form = {name.lower(): value.strip() for name, value in pairs}
    if len(form) != len(pairs):
        return [FieldError(place="", message="a field is given twice")]
    return form


def write_form(pairs: Mapping[str, str], *, encodes_values: bool) -> str:
    """The pairs as text; values raw as in the samples, or percent-encoded."""
    if encodes_values:
        return urlencode(pairs)
    # Only what would end a value is replaced.
    return "&".join(f"{name}={value.replace('&', ' ').replace('=', ' ')}" for name, value in pairs.items())
