"""Where arrivals fall on the axis of expected arrivals: evenly, as a Poisson process, or in bursts.

That axis, the area A(t) under the rate curve, makes every curve a process of rate 1. It is cut into cells of area 1.
Each cell gets a Poisson(1) count from an exact table and that many uniform positions, both from addressed bits.

Bursts are Poisson as well, and each brings a number of arrivals with the geometric distribution of mean
m = (B + 1) / 2 on 1, 2, 3 ...: so bursts come at the rate of the curve over m. Time is cut into blocks of
`bursts_last`; the arrivals of a burst fall at random places of the area of the block in which it began. Counts in a
block are geometric Poisson (Pólya-Aeppli), with variance over mean E[S²] / E[S] = 2 m - 1 = B; blocks are
independent, so it is exactly B in any window of whole blocks. In a window of w blocks at any place it is
1 + (B - 1) (1 - 1 / (3 w)) for w >= 1 and 1 + (B - 1) (w - w² / 3) for w <= 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext
from functools import lru_cache

import numpy as np

from loadtests.random_bits import U64, Stream, bits, stream_key
from scenarios.phase import RatePhase
from scenarios.rate_curve import Floats, RateCurve

_POSITION_BITS = np.uint64(32)
_MOST_IN_A_CELL = 32  # P(N > 20) < 2**-64 for a mean of 1, so no cell reaches it
_BURST_BITS = np.uint64(16)  # of the address of an arrival in its burst; the longest burst is far below 2**16
CHUNK_CELLS = 1 << 16


def iterate_areas(phase: RatePhase, curve: RateCurve, seed: int, place: int) -> Iterator[Floats]:
    """Areas under the phase's rate curve at which its arrivals fall, ascending, in chunks of some ten thousands."""
    if phase.arrivals == "even":
        return _even(curve.area)
    if phase.arrivals == "poisson":
        return _poisson(curve.area, seed, place)
    return _bursty(phase, curve, seed, place)


def _even(area: float) -> Iterator[Floats]:
    """One arrival in the middle of each unit of area."""
    arrivals = int(np.floor(area + 0.5))
    for first in range(0, arrivals, CHUNK_CELLS):
        yield np.arange(first, min(first + CHUNK_CELLS, arrivals), dtype=np.float64) + 0.5


def _poisson(area: float, seed: int, place: int) -> Iterator[Floats]:
    """Positions of a unit-rate Poisson process on the area axis."""
    for position, _ in _unit_process(area, seed, place):
        position.sort()
        areas = position.astype(np.float64) / float(1 << 32)
        yield areas[: np.searchsorted(areas, area, side="left")]


def _unit_process(area: float, seed: int, place: int) -> Iterator[tuple[U64, U64]]:
    """Points of a unit-rate Poisson process, cell by cell: position in units of 2**-32, and their unique address."""
    count_key = stream_key(seed, Stream.CELL_COUNT, place)
    position_key = stream_key(seed, Stream.CELL_POSITION, place)
    most = int(np.ceil(area))
    for first in range(0, most, CHUNK_CELLS):
        cells = np.arange(first, min(first + CHUNK_CELLS, most), dtype=np.uint64)
        counts = np.searchsorted(_POISSON_EDGES, bits(count_key, cells), "right")
        cell = np.repeat(cells, counts)
        address = cell * np.uint64(_MOST_IN_A_CELL) + _numbers_within(counts)
        yield (cell << _POSITION_BITS) | (bits(position_key, address) >> _POSITION_BITS), address


def _numbers_within(counts: np.ndarray[tuple[int], np.dtype[np.intp]]) -> U64:
    """0, 1, 2 ... for each group of so many."""
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return (np.arange(len(first)) - first).astype(np.uint64)


def _bursty(phase: RatePhase, curve: RateCurve, seed: int, place: int) -> Iterator[Floats]:
    """Bursts of geometric size, spread over blocks of time; what may still mix with later bursts is held back."""
    mean_size = (phase.dispersion + 1) / 2
    edges = _geometric_edges(mean_size)
    size_key = stream_key(seed, Stream.BURST_SIZE, place)
    position_key = stream_key(seed, Stream.BURST_POSITION, place)
    held_block, held_area = np.zeros(0), np.zeros(0)
    for position, address in _unit_process(curve.area / mean_size, seed, place):
        began = position.astype(np.float64) / float(1 << 32) * mean_size
        inside = began < curve.area
        began, address = began[inside], address[inside]
        block = np.floor(curve.time_at_area(began) / phase.burst_s)
        lower = curve.area_at_time(np.minimum(block * phase.burst_s, curve.length_s))
        upper = curve.area_at_time(np.minimum((block + 1) * phase.burst_s, curve.length_s))
        size = np.searchsorted(edges, bits(size_key, address), "right") + 1
        member = np.repeat(address << _BURST_BITS, size) + _numbers_within(size)
        fraction = (bits(position_key, member) >> _POSITION_BITS).astype(np.float64) / float(1 << 32)
        low, high = np.repeat(lower, size), np.repeat(upper, size)
        area = np.minimum(low + (high - low) * fraction, high)
        held_block = np.concatenate((held_block, np.repeat(block, size)))
        held_area = np.concatenate((held_area, area))
        # a later burst begins in this chunk's last block or after it; one block more is left for roundings
        last = float(block.max(initial=0.0)) - 1.0
        ready = held_block < last
        yield np.sort(held_area[ready])
        held_block, held_area = held_block[~ready], held_area[~ready]
    yield np.sort(held_area)


@lru_cache(maxsize=16)
def _geometric_edges(mean: float) -> U64:
    """P(S <= k) * 2**64 for a geometric S on 1, 2, 3 ..., in decimal arithmetic of 60 digits."""
    with localcontext() as context:
        context.prec = 60
        miss = 1 - 1 / Decimal(mean)
        beyond, edges = miss, []
        while (edge := int((1 - beyond) * 2**64)) < 2**64 - 1:
            edges.append(edge)
            beyond *= miss
    return np.array(edges, dtype=np.uint64)


def _poisson_edges() -> U64:
    """P(N <= k) * 2**64 for N ~ Poisson(1), in decimal arithmetic of 60 digits, so equal on every machine."""
    with localcontext() as context:
        context.prec = 60
        term = Decimal(-1).exp()
        total, edges = Decimal(0), []
        for count in range(_MOST_IN_A_CELL):
            total += term
            edge = int(total * 2**64)
            if edge >= 2**64 - 1:
                break
            edges.append(edge)
            term /= count + 1
    return np.array(edges, dtype=np.uint64)


_POISSON_EDGES = _poisson_edges()
