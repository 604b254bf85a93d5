"""When each arrival is due: pure arithmetic, without clock, sleep or network.

A Poisson process of rate r(t) is a Poisson process of rate 1 on the axis of the area A(t) under the rate curve.
That axis is cut into cells of area 1. Each cell gets a Poisson(1) count from an exact table and that many uniform
positions, both from addressed bits; positions go back to time through the inverse of A, with correctly rounded
operations only (+ - * /). So a plan is the same for any number of shares and on any machine.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from decimal import Decimal, localcontext

import numpy as np
import numpy.typing as npt

from loadtests.random_bits import U64, Stream, bits, choice_edges, stream_key
from scenarios.arrival_rate import Phase
from scenarios.scenario import Scenario

_POSITION_BITS = np.uint64(32)
_MOST_IN_A_CELL = 32  # P(N > 20) < 2**-64 for a mean of 1, so no cell reaches it


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a plan that one process sends: roots whose number is `index` modulo `of`."""

    index: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.of:
            raise ValueError(f"share {self.index} of {self.of}: the index must be from 0 to {self.of - 1}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Planned root arrivals in order of time: number, offset from the start in ns, journey. Equal shapes (n,)."""

    root: U64
    offset_ns: npt.NDArray[np.int64]
    journey: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.root)

    def digest(self) -> str:
        """SHA-256 over offsets and journeys: equal digests are equal plans."""
        text = hashlib.sha256(self.offset_ns.astype("<i8").tobytes())
        text.update(self.journey.tobytes())
        return text.hexdigest()


def plan_arrivals(scenario: Scenario, seed: int, share: Share | None = None) -> Arrivals:
    """Root arrivals of a scenario, or one share of them; the shares together are the whole."""
    start_ns = 0
    offsets: list[npt.NDArray[np.int64]] = []
    for place, phase in enumerate(scenario.phases):
        offsets.append(_phase_offsets_ns(phase, seed, place) + start_ns)
        start_ns += round(phase.duration * 1e9)
    offset_ns = np.concatenate(offsets)
    root = np.arange(len(offset_ns), dtype=np.uint64)
    if share is not None:
        root, offset_ns = root[share.index :: share.of], offset_ns[share.index :: share.of]
    return Arrivals(root=root, offset_ns=offset_ns, journey=_journeys(scenario, seed, root))


def _phase_offsets_ns(phase: Phase, seed: int, place: int) -> npt.NDArray[np.int64]:
    """Sorted offsets from the phase's start."""
    area = _poisson_areas(phase, seed, place) if phase.arrivals == "poisson" else _even_areas(phase)
    offset_ns = np.floor(area / phase.rate_per_s * 1e9).astype(np.int64)
    return offset_ns[offset_ns < round(phase.duration * 1e9)]


def _even_areas(phase: Phase) -> npt.NDArray[np.float64]:
    """One arrival in the middle of each unit of area."""
    return np.arange(np.floor(phase.expected_arrivals + 0.5), dtype=np.float64) + 0.5


def _poisson_areas(phase: Phase, seed: int, place: int) -> npt.NDArray[np.float64]:
    """Positions of a unit-rate Poisson process on the area axis, sorted."""
    cells = np.arange(int(np.ceil(phase.expected_arrivals)), dtype=np.uint64)
    counts = np.searchsorted(_POISSON_EDGES, bits(stream_key(seed, Stream.CELL_COUNT, place), cells), "right")
    cell = np.repeat(cells, counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    slot = (np.arange(len(cell)) - first).astype(np.uint64)
    address = cell * np.uint64(_MOST_IN_A_CELL) + slot
    fraction = bits(stream_key(seed, Stream.CELL_POSITION, place), address) >> _POSITION_BITS
    position = np.sort((cell << _POSITION_BITS) | fraction)
    area: npt.NDArray[np.float64] = position.astype(np.float64) / float(1 << 32)
    return area[area < phase.expected_arrivals]


def _journeys(scenario: Scenario, seed: int, root: U64) -> npt.NDArray[np.uint8]:
    journeys, weights = zip(*scenario.journey_weights, strict=True)
    chosen = np.searchsorted(choice_edges(weights), bits(stream_key(seed, Stream.JOURNEY), root), "right")
    codes: npt.NDArray[np.uint8] = np.array(journeys, dtype=np.uint8)[chosen]
    return codes


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
