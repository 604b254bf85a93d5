"""A block with all that the charts need to know of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.blocks import Block, Mask, Nanoseconds
from analysis.reports.page.breakdown import TimedRows
from analysis.reports.page.clause_rule import ClauseRule
from analysis.reports.page.time_axis import TimeAxis
from analysis.reports.page.time_codes import codes_of
from analysis.samples import Samples
from scenarios.observation import NEVER


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedBlock:
    """Columns of equal length. Offsets are nanoseconds since the start of the recording."""

    block: Block
    recording: int
    planned_ns: Nanoseconds  # offset
    bins: npt.NDArray[np.int64]  # by planned time; may lie outside the axis
    rows: TimedRows
    on_axis: Mask
    sent: Mask  # with stamps that can be true
    judged: Mask  # decided originals of a class of the clause, warm-up and maintenance included
    measured: Mask  # after the warm-up and outside maintenance, whatever the class
    class_: npt.NDArray[np.intp]  # -1: of no class that the clause names

    @classmethod
    def of(
        cls,
        block: Block,
        recording: int,
        samples: Samples,
        axis: TimeAxis,
        rule: ClauseRule,
        class_: npt.NDArray[np.intp],
    ) -> TimedBlock:
        """Everything derived from a block."""
        planned = block.planned_ns - samples.first_ns
        waited = block.waited_ns(samples.cutoff_ns)
        answered = block.answered(rule.answers)
        bins = planned // axis.width_ns
        measured = planned >= samples.warm_up_ns
        for start, end in rule.windows(samples):
            measured &= (block.planned_ns < start) | (block.planned_ns >= end)
        return cls(
            block=block,
            recording=recording,
            planned_ns=planned,
            bins=bins,
            rows=TimedRows(
                codes=codes_of(waited), waited_ns=waited, hit=rule.hits(block, answered), answered=answered
            ),
            on_axis=(bins >= 0) & (bins < axis.count),
            sent=(block.started_ns != NEVER) & ~block.garbled,
            judged=block.originals & (class_ >= 0) & rule.decided(block, samples),
            measured=measured,
            class_=class_,
        )
