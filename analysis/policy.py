"""The caller's policy: what an INCONCLUSIVE verdict counts as in a pipeline. It moves the exit code, never the verdict.

There is none for INVALID on purpose: a measurement that cannot be trusted must not let a release through.
"""

from __future__ import annotations

from dataclasses import replace

from analysis.exit_codes import ExitCode, InconclusiveAs
from analysis.verdict import Verdict
from analysis.verdict_table import VerdictCode


def under_policy(verdict: Verdict, inconclusive_as: InconclusiveAs | None) -> Verdict:
    """The same verdict with the exit code that the policy asks for; None leaves 3 to an INCONCLUSIVE one."""
    moved = inconclusive_as is not None and verdict.exit_code is ExitCode.INCONCLUSIVE
    code = inconclusive_as.exit_code if inconclusive_as and moved else verdict.exit_code
    return replace(verdict, exit_code=code, inconclusive_as=inconclusive_as)


def is_applied(verdict: Verdict) -> bool:
    """Whether the policy gave the verdict another exit code than its own."""
    return (
        verdict.inconclusive_as is not None
        and verdict.verdict is VerdictCode.INCONCLUSIVE
        and verdict.exit_code is verdict.inconclusive_as.exit_code
    )


def policy_sentence(verdict: Verdict) -> str | None:
    """What the policy did, wherever a verdict is shown; None where none was given."""
    if verdict.inconclusive_as is None:
        return None
    option = f"--inconclusive-as {verdict.inconclusive_as.value}"
    code = int(verdict.exit_code)
    if is_applied(verdict):
        return (
            f"Policy {option}: exit code {code} in place of {int(ExitCode.INCONCLUSIVE)}; the verdict stands."
        )
    return f"Policy {option}: not needed; exit code {code} is the verdict's own."
