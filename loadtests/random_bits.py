"""Random bits by address: the same (seed, stream, index) gives the same 64 bits anywhere.

Integer arithmetic only, so that neither numpy's version nor the CPU's vector unit changes a plan.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from fractions import Fraction

import numpy as np
import numpy.typing as npt

U64 = npt.NDArray[np.uint64]

_GOLDEN = 0x9E3779B97F4A7C15
_MIX_1 = 0xBF58476D1CE4E5B9
_MIX_2 = 0x94D049BB133111EB
_MASK = (1 << 64) - 1
_GOLDEN_64, _MIX_1_64, _MIX_2_64 = np.uint64(_GOLDEN), np.uint64(_MIX_1), np.uint64(_MIX_2)
_27, _30, _31 = np.uint64(27), np.uint64(30), np.uint64(31)


class Stream(IntEnum):
    """What the bits decide. A purpose of its own for each, so that a new knob never shifts the others."""

    CELL_COUNT = 1
    CELL_POSITION = 2
    JOURNEY = 3
    PERSON = 4
    PAYER = 5
    AMOUNT = 6
    AMOUNT_KIND = 7
    PROVIDER = 8
    DEPENDENT = 20
    CLAIM = 21
    CHECK = 22
    BURST_SIZE = 40
    BURST_POSITION = 41
    TRACE_COPIES = 42
    THINK = 60
    VOID_OR_REFUND = 61
    TRIES_AGAIN = 62
    RETRY_WAIT = 63


def _mix_int(value: int) -> int:
    """The finaliser of SplitMix64 (Steele, Lea, Flood 2014) on one Python integer."""
    value = ((value ^ (value >> 30)) * _MIX_1) & _MASK
    value = ((value ^ (value >> 27)) * _MIX_2) & _MASK
    return value ^ (value >> 31)


def stream_key(seed: int, stream: Stream, part: int = 0) -> int:
    """The starting point of one stream; `part` keeps the phases of a scenario apart."""
    return _mix_int((_mix_int((seed * _GOLDEN) & _MASK) + stream * _MIX_1 + part * _MIX_2) & _MASK)


def bits(key: int, index: U64) -> U64:
    """64 random bits for each index: SplitMix64 entered at `index`."""
    return _bits(np.uint64(key), index)


def bits_of_streams(keys: U64, index: U64) -> U64:
    """What `bits` gives for each of these keys, a row each."""
    return _bits(keys[:, np.newaxis], index)


def _bits(key: U64 | np.uint64, index: U64) -> U64:
    # for arrays the product is taken modulo 2^64 without a word; for a number numpy would warn
    value = index.astype(np.uint64, copy=False) * _GOLDEN_64 + key
    value ^= value >> _30
    value *= _MIX_1_64
    value ^= value >> _27
    value *= _MIX_2_64
    value ^= value >> _31
    return value


def bits_of_one(key: int, index: int) -> int:
    """What `bits` gives for one index, as a Python integer."""
    return _mix_int((index * _GOLDEN + key) & _MASK)


def choice_edges(weights: Sequence[float]) -> U64:
    """Upper edges of the weights' shares of the 64-bit range; `searchsorted(edges, bits, "right")` chooses."""
    exact = [Fraction(weight) for weight in weights]
    total = sum(exact)
    edges, running = [], Fraction(0)
    for weight in exact[:-1]:
        running += weight
        edges.append(min(int(running / total * 2**64), _MASK))
    return np.array(edges, dtype=np.uint64)
