"""Time stamps of a trace, from text to nanoseconds since the epoch, a column at a time.

Read are ISO 8601 with a zone (2026-11-23T08:00:00.123456789+01:00, or Z) and plain numbers since the epoch, whose
size tells their unit: seconds (with a fraction, if need be), milli-, micro- or nanoseconds.
"""

from __future__ import annotations

from enum import Enum

import numpy as np
import numpy.typing as npt

from scenarios.csv_columns import Bytes, Ints, Text

_SHAPE = b"0000-00-00T00:00:00"  # 0 stands for a digit
_FRACTION_DIGITS = 9
WHAT_WOULD_DO = (
    "write ISO 8601 with a zone, as in 2026-11-23T08:00:00.250Z or ...+01:00, or a number since the epoch"
)


class StampUnit(Enum):
    """How the stamps of a file are written; one file, one way. The value is the words for it."""

    ISO = "ISO 8601 with a zone"
    SECONDS = "seconds since the epoch"
    MILLISECONDS = "milliseconds since the epoch"
    MICROSECONDS = "microseconds since the epoch"
    NANOSECONDS = "nanoseconds since the epoch"


_NS = {
    StampUnit.SECONDS: 1_000_000_000,
    StampUnit.MILLISECONDS: 1_000_000,
    StampUnit.MICROSECONDS: 1000,
    StampUnit.NANOSECONDS: 1,
}


def unit_of(stamp: bytes) -> StampUnit:
    """The unit that the look of one stamp implies."""
    if b"-" in stamp[1:] or b":" in stamp:
        return StampUnit.ISO
    digits = len(stamp.partition(b".")[0])
    if digits <= 11:
        return StampUnit.SECONDS
    if digits <= 14:
        return StampUnit.MILLISECONDS
    return StampUnit.MICROSECONDS if digits <= 17 else StampUnit.NANOSECONDS


def parse_stamps(text: Text, unit: StampUnit) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Nanoseconds since the epoch, and which stamps are sound; the others' nanoseconds mean nothing."""
    letters = text[:, None].view(np.uint8).reshape(len(text), text.dtype.itemsize)
    length = (letters != 0).sum(axis=1)
    stamp_ns = np.zeros(len(text), dtype=np.int64)
    sound = np.zeros(len(text), dtype=bool)
    for size in np.unique(length).tolist():
        rows = np.flatnonzero(length == size)
        some = letters[rows, :size] if len(rows) < len(text) else letters[:, :size]
        parsed = _parse_iso(some) if unit is StampUnit.ISO else _parse_numbers(some, unit)
        stamp_ns[rows], sound[rows] = parsed
    return stamp_ns, sound


def zone_of(stamp: bytes) -> int:
    """Seconds east of Greenwich of an ISO stamp; 0 for Z and for plain numbers."""
    if unit_of(stamp) is not StampUnit.ISO or stamp.endswith((b"Z", b"z")):
        return 0
    sign, hours, minutes = stamp[-6:-5], stamp[-5:-3], stamp[-2:]
    return (-1 if sign == b"-" else 1) * (int(hours) * 3600 + int(minutes) * 60)


def _digits(letters: Bytes) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The number that each row of digits spells."""
    values = letters.astype(np.int64) - ord("0")
    number = np.zeros(len(letters), dtype=np.int64)
    for column in values.T:
        number = number * 10 + column
    sound = np.logical_and.reduce((values >= 0) & (values <= 9), axis=1, dtype=np.bool_)
    return number, sound


def _fraction_ns(letters: Bytes) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Nanoseconds in the digits after a point; up to nine of them."""
    digits = letters.shape[1]
    if not 1 <= digits <= _FRACTION_DIGITS:
        return np.zeros(len(letters), dtype=np.int64), np.zeros(len(letters), dtype=bool)
    number, sound = _digits(letters)
    return number * 10 ** (_FRACTION_DIGITS - digits), sound


def _parse_numbers(letters: Bytes, unit: StampUnit) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Stamps of one length that are numbers. A point may stand anywhere, so rows go by its place."""
    rows, size = letters.shape
    stamp_ns, sound = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool)
    points = letters == ord(".")
    single = points.sum(axis=1)
    where = np.where(single == 1, points.argmax(axis=1) if size else 0, size)
    for place in np.unique(where[single <= 1]).tolist():
        chosen = np.flatnonzero((where == place) & (single <= 1))
        some = letters[chosen]
        whole, good = _digits(some[:, :place])
        good &= 0 < place <= 19
        below = np.zeros(len(chosen), dtype=np.int64)
        if place < size:
            below, good_below = _fraction_ns(some[:, place + 1 :])
            good &= good_below
            below //= 1_000_000_000 // _NS[unit] if unit is not StampUnit.SECONDS else 1
        good &= whole <= (2**63 - 1) // _NS[unit] - 1
        good &= whole >= 0  # twenty digits and more run over
        stamp_ns[chosen], sound[chosen] = np.where(good, whole, 0) * _NS[unit] + below, good
    return stamp_ns, sound & _has_unit(letters, unit)


def _has_unit(letters: Bytes, unit: StampUnit) -> npt.NDArray[np.bool_]:
    """Whether the numbers are of the size that the unit of the file implies."""
    points = letters == ord(".")
    digits = np.where(points.any(axis=1), points.argmax(axis=1), letters.shape[1])
    least, most = {
        StampUnit.SECONDS: (1, 11),
        StampUnit.MILLISECONDS: (12, 14),
        StampUnit.MICROSECONDS: (15, 17),
        StampUnit.NANOSECONDS: (18, 19),
        StampUnit.ISO: (0, 0),
    }[unit]
    fits: npt.NDArray[np.bool_] = (digits >= least) & (digits <= most)
    return fits


def _parse_iso(letters: Bytes) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Stamps of one length in ISO 8601. The zone is Z or ±hh:mm, so each row has its own end of the fraction."""
    rows, size = letters.shape
    stamp_ns, sound = np.zeros(rows, dtype=np.int64), np.zeros(rows, dtype=bool)
    zulu = letters[:, -1] == ord("Z") if size else sound
    for zone_size, chosen in ((1, np.flatnonzero(zulu)), (6, np.flatnonzero(~zulu))):
        if len(chosen) and size >= len(_SHAPE) + zone_size:
            some = letters if len(chosen) == rows else letters[chosen]
            stamp_ns[chosen], sound[chosen] = _parse_iso_with_zone(some, zone_size)
    return stamp_ns, sound


def _parse_iso_with_zone(letters: Bytes, zone_size: int) -> tuple[Ints, npt.NDArray[np.bool_]]:
    size = letters.shape[1]
    sound = np.ones(len(letters), dtype=bool)
    for place, sign in enumerate(_SHAPE):
        if sign == ord("T"):
            sound &= (letters[:, place] == sign) | (letters[:, place] == ord(" "))
        elif sign != ord("0"):
            sound &= letters[:, place] == sign
    parts = []
    for first, last in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16), (17, 19)):
        number, good = _digits(letters[:, first:last])
        parts.append(number)
        sound &= good
    year, month, day, hour, minute, second = parts
    days, good = _days(year, month, day)
    sound &= good & (hour < 24) & (minute < 60) & (second < 60)
    fraction = np.zeros(len(letters), dtype=np.int64)
    if size > len(_SHAPE) + zone_size:
        fraction, good = _fraction_ns(letters[:, len(_SHAPE) + 1 : size - zone_size])
        sound &= good & (letters[:, len(_SHAPE)] == ord("."))
    offset = np.zeros(len(letters), dtype=np.int64)
    if zone_size == 6:
        zone = letters[:, -6:]
        hours, good_hours = _digits(zone[:, 1:3])
        minutes, good_minutes = _digits(zone[:, 4:6])
        west = zone[:, 0] == ord("-")
        sound &= good_hours & good_minutes & (zone[:, 3] == ord(":")) & (hours < 24) & (minutes < 60)
        sound &= west | (zone[:, 0] == ord("+"))
        offset = np.where(west, -1, 1) * (hours * 3600 + minutes * 60)
    seconds = days * 86400 + hour * 3600 + minute * 60 + second - offset
    return np.where(sound, seconds, 0) * 1_000_000_000 + fraction, sound


def _days(year: Ints, month: Ints, day: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Days since 1970-01-01 of dates from 1970 to 2199, and which dates exist."""
    sound = (year >= 1970) & (year < 2200) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(sound, (year - 1970) * 12 + month - 1, 0)
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    after = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    sound &= day <= after - first
    return first + day - 1, sound
