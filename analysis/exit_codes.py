"""Exit codes: one per meaning, and which of several wins."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, IntEnum


class ExitCode(IntEnum):
    """What a caller's script can rely on."""

    PASS = 0
    FAIL = 1
    WRONG_INPUT = 2  # the command line, a file or the target is wrong; nothing was measured
    INCONCLUSIVE = 3
    INVALID = 4
    CORRECTNESS = 5  # money or replies went wrong under load, whatever the speed
    OWN_FAILURE = 70  # slagate failed and no verdict could be formed
    INTERRUPTED = 130


class InconclusiveAs(Enum):
    """What a caller may declare that an INCONCLUSIVE verdict ends with."""

    FAIL = "fail"
    PASS = "pass"

    @property
    def exit_code(self) -> ExitCode:
        """The exit code that takes the place of 3."""
        return ExitCode.FAIL if self is InconclusiveAs.FAIL else ExitCode.PASS


PRECEDENCE = (
    ExitCode.INTERRUPTED,
    ExitCode.OWN_FAILURE,
    ExitCode.WRONG_INPUT,
    ExitCode.CORRECTNESS,
    ExitCode.FAIL,
    ExitCode.INVALID,
    ExitCode.INCONCLUSIVE,
    ExitCode.PASS,
)


def worst_exit_code(codes: Iterable[int]) -> ExitCode:
    """The code that wins among several, and PASS among none."""
    return min((ExitCode(code) for code in codes), key=PRECEDENCE.index, default=ExitCode.PASS)
