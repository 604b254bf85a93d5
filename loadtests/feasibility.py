"""Whether a plan can be carried out at its target: a wire for each kind, an account to show, sound modules."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from loadtests.custom_module import CustomModule
from loadtests.run_plan import RunPlan
from loadtests.transactions import Transactions
from scenarios.duration import duration_text
from scenarios.errors import Problem
from scenarios.kinds import Kind
from scenarios.spelling import did_you_mean
from scenarios.target import is_loopback

_SAMPLE_YEAR = 2099
_SAMPLE_ADDRESS = "http://127.0.0.1:9"  # stands in for the embedded gateway's, which is not known yet


def plan_problems(plan: RunPlan) -> list[Problem]:
    """Everything about target and scenario together that hinders sending."""
    unknown = _unknown_kinds(plan)
    if unknown:
        return unknown
    return [*_missing_wires(plan), *_bank_problems(plan), *_resent_payments(plan), *_module_problems(plan)]


def _unknown_kinds(plan: RunPlan) -> list[Problem]:
    known = [each.kind for each in plan.target.custom]
    return [
        Problem(
            where=f"custom_journeys.{name}",
            message=f"target {plan.target.name} declares no [[custom]] kind of this name"
            + (f"; {did_you_mean(name, known)}" if known else ""),
        )
        for name in plan.scenario.custom_journey_names
        if name not in known
    ]


def _missing_wires(plan: RunPlan) -> list[Problem]:
    if plan.target.embedded_gateway is not None:
        return []
    declared = {wire.text for wire in plan.target.endpoints.declared()}
    return [
        Problem(
            where="endpoints",
            message=f"{wire} is needed by this scenario and not declared by target {plan.target.name}",
        )
        for wire in sorted(plan.wires - declared)
    ]


def _bank_problems(plan: RunPlan) -> list[Problem]:
    """The account that is made up for eChecks has a real bank's routing number: only a mock may see it."""
    address = plan.target.endpoints.nvp
    outside = address is not None and not is_loopback(urlsplit(address).hostname or "")
    if Kind.ECHECK_SALE not in plan.kinds or not outside or plan.target.echeck is not None:
        return []
    message = (
        "eChecks outside loopback need the gateway's own test account; name it under [echeck] with routing_number "
        "and account_number"
    )
    return [Problem(where="echeck", message=message)]


def _resent_payments(plan: RunPlan) -> list[Problem]:
    """A payment that is sent again while the gateway no longer knows the first one is charged twice."""
    retries, window_s = plan.scenario.retries, plan.target.payments.duplicate_window
    if not retries.payments or not retries.declared:
        return []
    longest_s = max(again.most for again in retries.declared.values())
    needed_s = retries.most * (plan.target.time_outs.whole + longest_s)
    if window_s is not None and window_s >= needed_s:
        return []
    found = "declares none" if window_s is None else f"declares {duration_text(window_s)}"
    message = (
        f"payments may be sent again only within the target's duplicate window: with {retries.most} retries, each up "
        f"to {duration_text(plan.target.time_outs.whole)} (time_outs.whole) and {duration_text(longest_s)} after the "
        f"attempt before, it must be {duration_text(needed_s)} or more, and target {plan.target.name} {found}; state "
        "it there as payments.duplicate_window, or leave payments out"
    )
    return [Problem(where="retries.payments", message=message)]


def _module_problems(plan: RunPlan) -> list[Problem]:
    """Each of the user's own modules builds one call and reads some odd replies. Raises DeclarationError at loading."""
    target = plan.target if plan.target.embedded_gateway is None else plan.target.at(_SAMPLE_ADDRESS)
    sample = Transactions(
        plan.scenario, target, seed=plan.seed, nonce=plan.nonce, expiration_year=_SAMPLE_YEAR
    )
    return [
        Problem(where=f"custom[{place}] {Path(declared.module).name}", message=fault)
        for place, (kind, declared) in enumerate(zip(target.custom_kinds, target.custom, strict=True))
        for fault in CustomModule(declared.module, target).rehearse(sample.make(kind, 0), target)
    ]
