"""When each arrival is due: pure arithmetic, without clock, sleep or network.

Positions on the axis of expected arrivals (`spacing`) go back to time through the inverse of the area under the rate
curve (`scenarios.rate_curve`), with correctly rounded operations only (+ - * / sqrt). A trace brings its own moments
(`trace_replay`). So a plan is the same for any number of shares and on any machine. It is made in chunks: whoever
need not hold all of it takes it from `iterate_arrivals`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from loadtests.random_bits import U64, Stream, bits, choice_edges, stream_key
from loadtests.spacing import iterate_areas
from loadtests.trace_replay import Replayed, replay
from scenarios.phase import RatePhase
from scenarios.scenario import Scenario
from scenarios.trace_facts import PayerTable
from scenarios.trace_phase import TracePhase


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """The part of a plan that one process sends: roots whose number is `index` modulo `of`."""

    index: int = 0
    of: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.index < self.of:
            raise ValueError(f"share {self.index} of {self.of}: the index must be from 0 to {self.of - 1}")

    def slice(self, first_root: int) -> slice:
        """Which places of a chunk that begins with this root are its own."""
        return slice((self.index - first_root) % self.of, None, self.of)


_NO_PAYER = np.zeros(1, dtype=np.uint16)
_NO_AMOUNT = np.zeros(1, dtype=np.uint8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Planned root arrivals in order of time: number, offset from the start in ns, journey. Equal shapes (n,).

    `payer` (1 + place in the scenario's list) and `amount_class` are what a trace says of an arrival; 0 means that it
    is drawn. Where no trace says anything they take no memory.
    """

    root: U64
    offset_ns: npt.NDArray[np.int64]
    journey: npt.NDArray[np.uint8]
    payer: npt.NDArray[np.uint16] = field(default_factory=lambda: _NO_PAYER[:0])
    amount_class: npt.NDArray[np.uint8] = field(default_factory=lambda: _NO_AMOUNT[:0])

    def __post_init__(self) -> None:
        if len(self.payer) != len(self.root):
            object.__setattr__(self, "payer", np.broadcast_to(_NO_PAYER, self.root.shape))
        if len(self.amount_class) != len(self.root):
            object.__setattr__(self, "amount_class", np.broadcast_to(_NO_AMOUNT, self.root.shape))

    def __len__(self) -> int:
        return len(self.root)

    def digest(self) -> str:
        """SHA-256 over offsets and journeys, and over payers and amount classes where a trace gives them: equal
        digests are equal plans."""
        return digest_of([self])


def digest_of(chunks: Iterable[Arrivals]) -> str:
    """The digest of a plan that comes in chunks: the same for any cutting."""
    text = hashlib.sha256()
    journeys, payers, amounts = [], [], []  # at most 4 bytes an arrival, and 1 where there is no trace
    given, count = False, 0
    for chunk in chunks:
        text.update(np.ascontiguousarray(chunk.offset_ns, dtype="<i8").data)
        journeys.append(chunk.journey)
        if not given and bool(chunk.payer.any() or chunk.amount_class.any()):
            given = True
            payers, amounts = [np.zeros(count, dtype="<u2")], [np.zeros(count, dtype=np.uint8)]
        if given:
            payers.append(chunk.payer.astype("<u2"))
            amounts.append(chunk.amount_class)
        count += len(chunk)
    for part in (*journeys, *payers, *amounts):
        text.update(part.tobytes())
    return text.hexdigest()


def plan_arrivals(scenario: Scenario, seed: int, share: Share | None = None) -> Arrivals:
    """Root arrivals of a scenario, or one share of them; the shares together are the whole."""
    chunks = list(iterate_arrivals(scenario, seed, share))
    if not chunks:
        return Arrivals(
            root=np.zeros(0, np.uint64), offset_ns=np.zeros(0, np.int64), journey=np.zeros(0, np.uint8)
        )
    given = any(isinstance(phase, TracePhase) for phase in scenario.phases)
    return Arrivals(
        root=np.concatenate([chunk.root for chunk in chunks]),
        offset_ns=np.concatenate([chunk.offset_ns for chunk in chunks]),
        journey=np.concatenate([chunk.journey for chunk in chunks]),
        payer=np.concatenate([chunk.payer for chunk in chunks]) if given else _NO_PAYER[:0],
        amount_class=np.concatenate([chunk.amount_class for chunk in chunks]) if given else _NO_AMOUNT[:0],
    )


def iterate_arrivals(scenario: Scenario, seed: int, share: Share | None = None) -> Iterator[Arrivals]:
    """The same in chunks of some ten thousands of roots before sharing; put together they are the plan."""
    mine = share or Share()
    draw = _JourneyDraw(scenario, seed)
    payers = PayerTable(scenario.people.payer_ids)
    start_ns, first = 0, 0
    for place, phase in enumerate(scenario.phases):
        chunks = (
            replay(phase, payers, seed, place)
            if isinstance(phase, TracePhase)
            else _rate_phase(phase, seed, place)
        )
        for chunk in chunks:
            offset_ns = chunk if isinstance(chunk, np.ndarray) else chunk.offset_ns
            chosen = mine.slice(first)
            root = np.arange(first, first + len(offset_ns), dtype=np.uint64)[chosen]
            first += len(offset_ns)
            if not len(root):
                continue
            said = chunk if isinstance(chunk, Replayed) else None
            yield Arrivals(
                root=root,
                offset_ns=offset_ns[chosen] + start_ns,
                journey=draw.of(root) if said is None else said.journey[chosen],
                payer=_NO_PAYER[:0] if said is None else said.payer[chosen],
                amount_class=_NO_AMOUNT[:0] if said is None else said.amount_class[chosen],
            )
        start_ns += round(phase.length_s * 1e9)


def _rate_phase(phase: RatePhase, seed: int, place: int) -> Iterator[npt.NDArray[np.int64]]:
    """Sorted offsets from the phase's start."""
    curve = phase.curve
    end_ns, latest_ns = round(phase.length_s * 1e9), 0
    for area in iterate_areas(phase, curve, seed, place):
        offset_ns = np.floor(curve.time_at_area(area) * 1e9).astype(np.int64)
        # areas ascend; their moments do too, but for the last bit of a root or a quotient
        np.maximum.accumulate(offset_ns, out=offset_ns)
        np.maximum(offset_ns, latest_ns, out=offset_ns)
        kept = int(np.searchsorted(offset_ns, end_ns, side="left"))
        if kept:
            latest_ns = int(offset_ns[kept - 1])
            yield offset_ns[:kept]


class _JourneyDraw:
    """Journeys by weight, from addressed bits."""

    def __init__(self, scenario: Scenario, seed: int) -> None:
        journeys, weights = zip(*scenario.journey_weights, strict=True)
        self._codes = np.array(journeys, dtype=np.uint8)
        self._edges = choice_edges(weights)
        self._key = stream_key(seed, Stream.JOURNEY)

    def of(self, root: U64) -> npt.NDArray[np.uint8]:
        """The journey of each root."""
        return self._codes[np.searchsorted(self._edges, bits(self._key, root), "right")]
