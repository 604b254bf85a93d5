"""Windows: which rows of a class a clause judges. Everything goes by the planned moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.samples import Mask, Samples
from scenarios.observation import Outcome
from scenarios.sla import Clause

MAINTENANCE = "scheduled_maintenance"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Places of the judged rows of one population, and how many stayed outside for what reason."""

    rows: npt.NDArray[np.intp]
    warm_up: int
    maintenance: int
    unresolvable: int


def judged_window(samples: Samples, clause: Clause, population: str, *, warm_up_factor: int = 1) -> Window:
    """The judged originals of a population: after the warm-up, outside maintenance, and decidable.

    A row cut off in flight before it had waited the limit could still have met it, so it is outside. In a
    file with a cut-off, all rows planned less than a limit before it are outside: dropping only the
    unfinished ones would flatter the share.
    """
    inside = samples.members(population) & samples.originals
    before = inside & (samples.planned_ns < samples.first_ns + warm_up_factor * samples.warm_up_ns)
    inside &= ~before
    serviced = inside & _in_maintenance(samples, clause)
    inside &= ~serviced
    open_ended = inside & _undecidable(samples, clause)
    inside &= ~open_ended
    return Window(
        rows=np.flatnonzero(inside),
        warm_up=int(np.count_nonzero(before)),
        maintenance=int(np.count_nonzero(serviced)),
        unresolvable=int(np.count_nonzero(open_ended)),
    )


def _in_maintenance(samples: Samples, clause: Clause) -> Mask:
    mask = np.zeros(samples.planned_ns.size, dtype=np.bool_)
    if MAINTENANCE in clause.excluding:
        for start, end in samples.maintenance:
            mask |= (samples.planned_ns >= start) & (samples.planned_ns < end)
    return mask


def _undecidable(samples: Samples, clause: Clause) -> Mask:
    if samples.settled_by_plan:
        return samples.planned_ns > samples.cutoff_ns - clause.limit_ns
    mask: Mask = (samples.outcome == Outcome.IN_FLIGHT) & (samples.waited_ns <= clause.limit_ns)
    return mask
