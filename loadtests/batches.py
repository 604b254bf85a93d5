"""Rows on their way from a worker to its master: numbered batches, small on the wire, whole or not at all.

A batch is up to a megabyte of rows, ordered by arrival, each column as its difference from what is to be expected:
the planned moment from the plan (which both sides have), the start from the planned moment, the end from the start.
Bytes of equal weight lie together, so that zlib meets long runs of zeros; under 10 bytes remain of a row of 48.
The field `worker` does not travel: the master knows who sent the batch.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from scenarios.observation import OBSERVATION, PAYMENT_RECORD, Rows

_MOST_BYTES = 1_000_000  # a longer message would hold up the loops of both sides
_LEVEL = 1
_NOT_SENT = {"worker"}
_FROM_ROW_BEFORE = {"arrival", "status", "reply_bytes", "asked_cents", "approved_cents"}
_NOISE_BYTES = {
    "started_ns": 2,
    "ended_ns": 2,
}  # nanoseconds and microseconds are chance: not worth compressing

PlannedOf = Callable[[npt.NDArray[np.uint64]], npt.NDArray[np.int64]]  # planned_ns of arrivals, by the plan


class Stream(IntEnum):
    """The two kinds of rows. The numbers travel: add, never renumber."""

    PAYMENTS = 0
    OBSERVATIONS = 1

    @property
    def dtype(self) -> np.dtype[Any]:
        return OBSERVATION if self is Stream.OBSERVATIONS else PAYMENT_RECORD

    @property
    def rows_a_batch(self) -> int:
        """So many that even rows that cannot be compressed at all make no message that is too long."""
        return _MOST_BYTES // int(self.dtype.itemsize)


class DamagedBatchError(ValueError):
    """What came is not what was sent; it has to be sent again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Rows of one stream, numbered from 0 without gaps."""

    stream: Stream
    number: int
    rows: int
    crc: int
    data: bytes

    @classmethod
    def of(cls, stream: Stream, number: int, rows: Rows, planned_of: PlannedOf) -> Batch:
        """A batch of these rows."""
        data = _packed(rows, planned_of)
        return cls(stream=stream, number=number, rows=len(rows), crc=zlib.crc32(data), data=data)

    def to_message(self) -> dict[str, Any]:
        """The batch as Locust sends it."""
        return {
            "stream": int(self.stream),
            "number": self.number,
            "rows": self.rows,
            "crc": self.crc,
            "data": self.data,
        }

    @classmethod
    def from_message(cls, message: dict[str, Any]) -> Batch:
        """The batch as it came. Raises DamagedBatchError."""
        try:
            return cls(
                stream=Stream(message["stream"]),
                number=int(message["number"]),
                rows=int(message["rows"]),
                crc=int(message["crc"]),
                data=bytes(message["data"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise DamagedBatchError(f"not a batch: {error}") from error

    def unpacked(self, worker: int, planned_of: PlannedOf) -> Rows:
        """The rows, observations in order of arrival. Raises DamagedBatchError."""
        if zlib.crc32(self.data) != self.crc:
            raise DamagedBatchError(f"batch {self.number}: its checksum does not hold")
        try:
            rows = _unpacked(self.data, self.stream.dtype, self.rows, planned_of)
        except (zlib.error, ValueError, IndexError) as error:
            raise DamagedBatchError(f"batch {self.number}: {error}") from error
        if self.stream is Stream.OBSERVATIONS:
            rows["worker"] = worker
        return rows


def _packed(rows: Rows, planned_of: PlannedOf) -> bytes:
    names = rows.dtype.names or ()
    if "planned_ns" in names:
        rows = rows[np.argsort(rows["arrival"], kind="stable")]
    noise, rest = [], []
    for name in names:
        column = np.ascontiguousarray(rows[name])
        if name in _NOT_SENT:
            continue
        if column.dtype.kind == "S" or column.dtype.itemsize == 1:
            rest.append(column.tobytes())
            continue
        planes = _planes(_zigzag(column.astype(np.int64) - _expected(rows, name, planned_of)))
        lowest = _NOISE_BYTES.get(name, 0) * len(rows)
        noise.append(planes[:lowest])
        rest.append(planes[lowest:])
    return b"".join([*noise, zlib.compress(b"".join(rest), _LEVEL)])


def _unpacked(data: bytes, dtype: np.dtype[Any], count: int, planned_of: PlannedOf) -> Rows:
    names = dtype.names or ()
    noise = sum(_NOISE_BYTES.get(name, 0) for name in names) * count
    noisy, rest = BytesIO(data[:noise]), BytesIO(zlib.decompress(data[noise:]))
    rows = np.zeros(count, dtype=dtype)
    for name in names:
        if name in _NOT_SENT:
            continue
        kind = dtype[name]
        if kind.kind == "S" or kind.itemsize == 1:
            rows[name] = np.frombuffer(rest.read(count * kind.itemsize), dtype=kind, count=count)
            continue
        lowest = _NOISE_BYTES.get(name, 0)
        planes = noisy.read(lowest * count) + rest.read((8 - lowest) * count)
        rest_of_it = _unzigzag(_unplanes(planes, count))
        if name in _FROM_ROW_BEFORE:
            rows[name] = np.cumsum(rest_of_it)
        else:
            rows[name] = rest_of_it + _expected(rows, name, planned_of)
    if rest.read(1):
        raise ValueError(f"more bytes than {count} rows have")
    return rows


def _expected(rows: Rows, name: str, planned_of: PlannedOf) -> npt.NDArray[np.int64]:
    """What a column would be in the usual case, from the columns before it."""
    if name in _FROM_ROW_BEFORE:
        column = rows[name].astype(np.int64)
        return np.concatenate([np.zeros(1, dtype=np.int64), column[:-1]])[: len(column)]
    if name == "planned_ns":
        return planned_of(rows["arrival"])
    if name == "started_ns":
        return rows["planned_ns"]
    if name == "ended_ns":
        return rows["started_ns"]
    if name == "own_lag_ms":  # rounded up, as the recorder does
        early_ns: npt.NDArray[np.int64] = rows["planned_ns"] - rows["started_ns"]
        return -(early_ns // 1_000_000)
    return np.zeros(len(rows), dtype=np.int64)


def _zigzag(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint64]:
    """0, -1, 1, -2, .. as 0, 1, 2, 3, ..: small either way, small bytes."""
    return ((values << 1) ^ (values >> 63)).view(np.uint64)


def _unzigzag(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.int64]:
    signs = -(values & np.uint64(1)).view(np.int64)
    return (values >> np.uint64(1)).view(np.int64) ^ signs


def _planes(values: npt.NDArray[np.uint64]) -> bytes:
    """The lowest bytes of all values, then the next, up to the highest."""
    return values.astype("<u8").view(np.uint8).reshape(-1, 8).T.tobytes()


def _unplanes(part: bytes, count: int) -> npt.NDArray[np.uint64]:
    planes = np.frombuffer(part, dtype=np.uint8).reshape(8, count)
    return np.ascontiguousarray(planes.T).view("<u8").reshape(count).astype(np.uint64)
