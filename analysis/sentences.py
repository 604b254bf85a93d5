"""The sentence of a verdict: what one would paste into a release note."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.doubts import Doubt, Severity
from analysis.proportions import exact_share, is_far_below
from analysis.verdict import ClauseVerdict, Correctness, PopulationVerdict
from analysis.verdict_table import VerdictCode
from analysis.wording import (
    count_text,
    counted_text,
    list_text,
    lower_text,
    percent_text,
    share_text,
    success_text,
    upper_text,
)
from scenarios.sla import Clause


def verdict_sentence(
    verdict: VerdictCode, clauses: Sequence[ClauseVerdict], doubts: Sequence[Doubt], correctness: Correctness
) -> str:
    """One sentence or two: the failing class or every class, with share, bound and requirement."""
    parts = [clause_sentence(each, doubts) for each in clauses if each.verdict is verdict]
    if not any(each.verdict for each in clauses):
        parts += [f"{each.clause.id} is not judged here: {each.not_judged}" for each in clauses]
    if correctness.violated:
        wrong = correctness.wrong_reply or 0
        noun = "reply belongs" if wrong == 1 else "replies belong"
        parts.insert(0, f"{count_text(wrong)} {noun} to another request or carry another amount")
    return "; ".join(parts)


def clause_sentence(judged: ClauseVerdict, doubts: Sequence[Doubt]) -> str:
    """The sentence of one clause, about the classes that decided it."""
    clause = judged.clause
    decisive = [each for each in judged.populations if each.verdict is judged.verdict]
    if judged.verdict is VerdictCode.FAIL:
        return f"{'; '.join(_failed(clause, each) for each in decisive)}; {_required(clause)}"
    if judged.verdict is VerdictCode.PASS:
        return f"{list_text([_passed(clause, each) for each in decisive])}; {_required(clause)}"
    measured = "; ".join(_measured(clause, each) for each in decisive)
    if judged.verdict is VerdictCode.INVALID:
        reasons = _reasons(doubts, Severity.INVALID, decisive)
        return f"The measurement cannot be trusted ({reasons}); {measured}"
    reasons = _reasons(doubts, Severity.INCONCLUSIVE, decisive)
    because = f" ({reasons})" if reasons else ""
    return f"Not enough evidence{because}: {measured}; {_required(clause)}"


def _passed(clause: Clause, each: PopulationVerdict) -> str:
    required = exact_share(clause.required)
    assert each.bounds is not None
    return (
        f"{share_text(each.hits, each.n, required=required)} of {count_text(each.n)} "
        f"{counted_text(clause, each.name)} {success_text(clause)} "
        f"(at least {lower_text(each.bounds.lower, required=required)}, "
        f"{_confidence(clause)})"
    )


def _failed(clause: Clause, each: PopulationVerdict) -> str:
    """Share as recorded; the bound is the one the FAIL rests on, with questionable rows as hits."""
    required = exact_share(clause.required)
    favourable = each.favourable
    upper = favourable.bounds(clause.confidence).upper
    remarks = [f"at most {upper_text(upper, required=required)}", _confidence(clause)]
    if is_far_below(favourable.hits, favourable.n, clause.required) and upper >= clause.required:
        remarks.append("10 points or more below")
    favoured = favourable.hits - each.hits
    if favoured:
        remarks.append(f"even with {count_text(favoured)} questionable ones counted as within")
    if not each.n:
        return f"{each.name}: nothing was recorded"
    return f"{each.name}: {_share(clause, each)} ({', '.join(remarks)})"


def _measured(clause: Clause, each: PopulationVerdict) -> str:
    required = exact_share(clause.required)
    if each.bounds is None:
        return f"{each.name}: no transaction was measured"
    lower, upper = (
        lower_text(each.bounds.lower, required=required),
        upper_text(each.bounds.upper, required=required),
    )
    return (
        f"{each.name}: {_share(clause, each)} (at least {lower}, at most {upper}, {_confidence(clause)} each)"
    )


def _share(clause: Clause, each: PopulationVerdict) -> str:
    share = share_text(each.hits, each.n, required=exact_share(clause.required))
    counted = "seconds" if clause.measure == "availability" else "transactions"
    return f"{share} of {count_text(each.n)} {counted} {success_text(clause)}"


def _required(clause: Clause) -> str:
    verb = "is" if exact_share(clause.required) == exact_share(0.01) else "are"
    return f"{percent_text(exact_share(clause.required))} {verb} required"


def _confidence(clause: Clause) -> str:
    return f"{percent_text(exact_share(clause.confidence))} confidence"


def _reasons(doubts: Sequence[Doubt], severity: Severity, about: Sequence[PopulationVerdict]) -> str:
    names = {None, *(each.name for each in about)}
    found = dict.fromkeys(
        each.code.text for each in doubts if each.severity is severity and each.population in names
    )
    return ", ".join(found)
