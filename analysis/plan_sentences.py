"""What a plan can prove, in sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from analysis.dependence import KAPPA
from analysis.provable import Expectation, least_share, needed_count
from analysis.wording import count_text, percent_text
from scenarios.duration import duration_text
from scenarios.sla import Clause

_EXAMPLE_SHARES = (0.92, 0.95)
_STALLS_TO_SEE = 100


def provable_sentences(
    clause: Clause,
    planned: Mapping[str, int],
    measured_s: float,
    *,
    longest_stall_s: float | None,
    smoke: bool,
    expected: Mapping[str, Expectation],
) -> Iterator[str]:
    """For each class what a run must measure to PASS, and how long it takes where the true share is close.

    `planned`: judged transactions by class. `measured_s`: planned length without the warm-up.
    """
    for name in clause.classes:
        n = planned.get(name, 0)
        if not n:
            yield f"{name}: nothing is planned, so this run cannot PASS."
            continue
        yield _least(clause, name, n, expected.get(name))
        yield _lengths(clause, name, n / measured_s, expected.get(name))
    if longest_stall_s is not None and measured_s < _STALLS_TO_SEE * longest_stall_s and not smoke:
        yield (
            f"This run cannot PASS: {duration_text(round(measured_s, 3))} are too short to see stalls of "
            f"{duration_text(longest_stall_s)}; {duration_text(_STALLS_TO_SEE * longest_stall_s)} are needed."
        )


def _least(clause: Clause, name: str, n: int, expected: Expectation | None) -> str:
    independent = least_share(clause, n)
    text = f"{name}: with {count_text(n)} transactions this run can PASS "
    if independent is None:
        return f"{name}: {count_text(n)} transactions are too few for a PASS."
    text += f"only if the true share is about {_share(independent)} or more"
    if expected is not None:
        dependent = least_share(clause, n, inflation=max(KAPPA, expected.inflation))
        again = "and not at all" if dependent is None else f"{_share(dependent)}"
        text += f" ({again} if latencies are as dependent as last time)"
    return f"{text}."


def _lengths(clause: Clause, name: str, rate_per_s: float, expected: Expectation | None) -> str:
    shares = [each for each in _EXAMPLE_SHARES if each > clause.required]
    if expected is not None and expected.share > clause.required:
        shares = [expected.share]
    inflation = KAPPA if expected is None else max(KAPPA, expected.inflation)
    lengths = [
        f"{duration_text(max(1, round(needed / rate_per_s)))} where it is {_share(share)}"
        for share in shares
        if (needed := needed_count(clause, share, inflation=inflation)) is not None
    ]
    return (
        f"{name}: nine of ten runs PASS that measure {', '.join(lengths)}."
        if lengths
        else f"{name}: no length is enough."
    )


def _share(share: float) -> str:
    return percent_text(share)
