"""The observation: what happened to one attempt at one arrival. The row both sides share, and its codec."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.void]


class Outcome(IntEnum):
    """How an attempt ended. The numbers are written into recordings: add, never renumber."""

    COMPLETED = 1
    DECLINED = 2
    REJECTED = 3
    PAYER_UNAVAILABLE = 4
    SYNTAX_REJECTED = 5
    ERROR = 6
    TIMEOUT = 7
    CONNECTION = 8
    WRONG_REPLY = 9
    IN_FLIGHT = 10
    NOT_STARTED = 11

    @property
    def text(self) -> str:
        """The name used in files and reports."""
        return self.name.lower()


# An answer counts by its time; everything else is a miss at any speed.
ANSWERS = frozenset({Outcome.COMPLETED, Outcome.DECLINED, Outcome.REJECTED, Outcome.PAYER_UNAVAILABLE})

STEPS_PER_ROOT = 256
NEVER = -1  # started_ns of an arrival that was never sent

# 48 bytes, little-endian, no padding. Times are nanoseconds since the epoch.
OBSERVATION = np.dtype(
    [
        ("arrival", "<u8"),  # root * 256 + step
        ("planned_ns", "<i8"),
        ("started_ns", "<i8"),
        ("ended_ns", "<i8"),
        ("kind", "u1"),
        ("wire", "u1"),
        ("outcome", "u1"),
        ("attempt", "u1"),
        ("status", "<u2"),  # of HTTP; 0 when none arrived
        ("payer", "<u2"),  # 0 = none, else 1 + its place in the plan's list of payers
        ("worker", "<u2"),
        ("own_lag_ms", "<u2"),  # started late although a user was idle; rounded up, saturating
        ("reply_bytes", "<u4"),
    ]
)

# One row per payment attempt; money in whole cents.
PAYMENT_RECORD = np.dtype(
    [
        ("arrival", "<u8"),
        ("attempt", "u1"),
        ("action", "u1"),  # the Kind of the payment
        ("outcome", "u1"),
        ("asked_cents", "<i8"),
        ("approved_cents", "<i8"),
        ("merchant_reference", "S32"),
        ("transaction_id", "S40"),
    ]
)


def roots_of(rows: Rows) -> npt.NDArray[np.int64]:
    """Numbers of the roots whose own first attempt is among these rows; follow-ups and retries are not."""
    own = (rows["arrival"] % STEPS_PER_ROOT == 0) & (rows["attempt"] == 0)
    roots: npt.NDArray[np.int64] = (rows["arrival"][own] // STEPS_PER_ROOT).astype(np.int64)
    return roots


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """Rows of one or more files, and how many torn last rows were dropped on the way."""

    rows: Rows
    torn: int


def read_rows(folder: Path, dtype: np.dtype[Any]) -> Recording:
    """All rows of `folder/*.rows` in file order. A torn last row (its writer was killed) is dropped and counted."""
    parts: list[Rows] = []
    torn = 0
    for path in sorted(folder.glob("*.rows")):
        whole, rest = divmod(path.stat().st_size, dtype.itemsize)
        torn += rest > 0
        parts.append(np.fromfile(path, dtype=dtype, count=whole))
    return Recording(rows=np.concatenate(parts) if parts else np.empty(0, dtype=dtype), torn=torn)


def map_rows(folder: Path) -> tuple[list[Rows], int]:
    """The observations of `folder/*.rows` mapped into memory, file by file, and how many last rows were torn."""
    parts: list[Rows] = []
    torn = 0
    for path in sorted(folder.glob("*.rows")):
        whole, rest = divmod(path.stat().st_size, OBSERVATION.itemsize)
        torn += rest > 0
        if whole:
            parts.append(np.memmap(path, dtype=OBSERVATION, mode="r", shape=(whole,)))
    return parts or [np.empty(0, dtype=OBSERVATION)], torn
