"""Response times as small numbers that rise with them: what histograms of bounded size are made of.

A code is the upper half of the time as a 32-bit float, as in `analysis.response_times`, from half a microsecond to
78 hours: 128 codes an octave, so each covers 0.8 % of a time at most.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analysis.response_times import encode

_SHORTEST_NS, _LONGEST_NS = 1 << 9, 1 << 48
_FIRST = int(encode(np.array([_SHORTEST_NS]))[0])
CODES = int(encode(np.array([_LONGEST_NS]))[0]) - _FIRST

Codes = npt.NDArray[np.intp]
Times = npt.NDArray[np.float64]


def codes_of(times_ns: npt.NDArray[np.int64]) -> Codes:
    """The code of each time in nanoseconds; what is shorter or longer than any code gets the nearest one."""
    codes = encode(np.maximum(times_ns, _SHORTEST_NS)).astype(np.intp)
    codes -= _FIRST
    return np.minimum(codes, CODES - 1, out=codes)


def edge_s(codes: npt.ArrayLike) -> Times:
    """Seconds at which codes begin; a code ends where the next begins."""
    bits = (np.asarray(codes, dtype=np.uint32) + np.uint32(_FIRST)) << np.uint32(15)
    return bits.view(np.float32).astype(np.float64) / 1e9


def quantile_s(counts: npt.NDArray[np.int64], n: int, share: float) -> float | None:
    """The time within which a share of `n` transactions was answered, rounded up to the end of its code.

    `counts` are the answered ones by code. None where the rank lies among the unanswered, or there is nothing.
    """
    rank = int(np.ceil(share * n - 1e-9))
    upto = counts.cumsum()
    if not 1 <= rank <= int(upto[-1]):
        return None
    return float(edge_s(int(np.searchsorted(upto, rank)) + 1))
