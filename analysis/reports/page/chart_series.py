"""The one pass over all rows that the report is drawn from. What it keeps does not grow with the recording."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analysis.reports.page.breakdown import Breakdown
from analysis.reports.page.clause_rule import ClauseRule
from analysis.reports.page.density import Density
from analysis.reports.page.recorded_columns import WireAndPayer, wires_and_payers
from analysis.reports.page.slowest import Slowest
from analysis.reports.page.time_axis import TimeAxis
from analysis.reports.page.time_codes import CODES, codes_of
from analysis.reports.page.timed_block import TimedBlock
from analysis.reports.page.traffic_counts import TrafficCounts
from analysis.samples import Samples
from scenarios.kinds import Wire
from scenarios.observation import Outcome

MOST_PAYERS = 200
ATTEMPTS = 8


class ChartSeries:
    """Counts by bin of the time axis, by time, and by group, over one recording or several.

    `classes` are those that the clause names; kinds of other classes are drawn and not judged. Shapes: R recordings,
    C classes, B bins.
    """

    def __init__(
        self,
        recordings: Sequence[Samples],
        rule: ClauseRule,
        classes: Sequence[str],
        payers: Sequence[str] = (),
    ) -> None:
        self.rule, self.classes = rule, tuple(classes)
        self.axis = TimeAxis.over(recordings, rule.clause.limit_ns)
        shape = (len(recordings), len(self.classes), self.axis.count)
        self.judged, self.hits = (np.zeros(shape, dtype=np.int64) for _ in range(2))  # warm-up and all
        self.n, self.n_hits = (np.zeros(len(self.classes), dtype=np.int64) for _ in range(2))  # measured
        self.response, self.service = (np.zeros((len(self.classes), CODES), dtype=np.int64) for _ in range(2))
        self.traffic, self.density = TrafficCounts(len(recordings), self.axis), Density(self.axis)
        self.slowest = Slowest()
        self.kinds = tuple(dict.fromkeys(kind for each in recordings for kind in each.kinds))
        self.by_kind = Breakdown(title="kind", names=self.kinds)
        self.by_wire = Breakdown(title="wire", names=(*(each.text for each in Wire), "unknown"))
        self.by_payer = Breakdown(title="payer", names=("none", *payers[:MOST_PAYERS], "all others together"))
        self.by_outcome = Breakdown(title="outcome", names=(*(each.text for each in Outcome), "unknown"))
        self.by_attempt = Breakdown(
            title="attempt", names=("original", *(f"retry {i}" for i in range(1, ATTEMPTS)), "later retries")
        )
        for place, samples in enumerate(recordings):
            self._add_recording(place, samples)

    def _add_recording(self, place: int, samples: Samples) -> None:
        class_of_kind = np.full(len(samples.kinds) + 1, -1, dtype=np.intp)
        for number, name in enumerate(self.classes):
            class_of_kind[samples.kinds_of(name)] = number
        kind_places = np.array([*(self.kinds.index(each) for each in samples.kinds), 0], dtype=np.intp)
        for block, extra in zip(samples.blocks(), wires_and_payers(samples), strict=True):
            if block.size:
                class_ = class_of_kind[block.kind]
                timed = TimedBlock.of(block, place, samples, self.axis, self.rule, class_)
                self.traffic.add(timed, samples.first_ns)
                self.density.add(timed)
                self.slowest.add(block, place, samples)
                self._count_shares(timed)
                self._count_times(timed)
                self._count_groups(timed, kind_places, extra)

    def _count_shares(self, timed: TimedBlock) -> None:
        chosen = np.flatnonzero(timed.judged & timed.on_axis)
        if not chosen.size:
            return
        classes, bins = len(self.classes), timed.bins[chosen]
        low, high = int(bins.min()), int(bins.max()) + 1
        cells = (timed.class_[chosen] * (high - low) + bins - low) * 2 + timed.rows.hit[chosen]
        pairs = np.bincount(cells, minlength=2 * classes * (high - low)).reshape(classes, high - low, 2)
        self.judged[timed.recording][:, low:high] += pairs.sum(axis=-1)
        self.hits[timed.recording][:, low:high] += pairs[..., 1]

    def _count_times(self, timed: TimedBlock) -> None:
        classes, measured = len(self.classes), np.flatnonzero(timed.judged & timed.measured)
        class_, rows = timed.class_[measured], timed.rows.at(measured)
        pairs = np.bincount(class_ * 2 + rows.hit, minlength=2 * classes).reshape(classes, 2)
        self.n += pairs.sum(axis=1)
        self.n_hits += pairs[:, 1]
        of = measured[rows.answered]
        services = codes_of(timed.block.ended_ns[of] - timed.block.started_ns[of])
        for into, codes in ((self.response, rows.codes[rows.answered]), (self.service, services)):
            cells = class_[rows.answered] * CODES + codes
            into += np.bincount(cells, minlength=classes * CODES).reshape(classes, CODES)

    def _count_groups(
        self, timed: TimedBlock, kind_places: npt.NDArray[np.intp], extra: WireAndPayer | None
    ) -> None:
        """By kind and attempt also what is not judged: kinds that the clause does not name, retries."""
        block, rows = timed.block, timed.rows
        of = np.flatnonzero(timed.judged & timed.measured)
        measured = rows.at(of)
        self.by_outcome.add(_OUTCOME_PLACES[block.outcome[of]], measured)
        if extra is not None:
            wire, payer = (each[of] for each in extra)
            self.by_wire.add(_WIRE_PLACES[wire], measured)
            self.by_payer.add(np.minimum(payer.astype(np.intp), len(self.by_payer.names) - 1), measured)
        others = np.flatnonzero(block.originals & (timed.class_ < 0) & timed.measured)
        every, chosen = of, measured
        if others.size:
            every = np.concatenate([of, others])
            chosen = rows.at(every)
        self.by_kind.add(kind_places[block.kind[every]], chosen)
        retries = np.flatnonzero(~block.originals & timed.measured)
        if retries.size:
            every = np.concatenate([every, retries])
            chosen = rows.at(every)
        self.by_attempt.add(np.minimum(block.attempt[every].astype(np.intp), ATTEMPTS), chosen)


def _places(known: Sequence[int]) -> npt.NDArray[np.intp]:
    """For each number that a row can carry its place among the known ones, or the place after the last."""
    places = np.full(256, len(known), dtype=np.intp)
    places[list(known)] = np.arange(len(known))
    return places


_WIRE_PLACES = _places([int(each) for each in Wire])
_OUTCOME_PLACES = _places([int(each) for each in Outcome])
