"""The usual 271, recognised at a glance: ours, sound in its envelope, with benefits and without a rejection.

Splitting every segment of an answer into its elements costs several times what looking at the few that matter does.
This says yes only where reading all of them would come to COMPLETED; whatever it is not sure of, it leaves to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

_ISA_LENGTH = 106
_ISA13 = slice(90, 99)  # all widths of ISA are fixed


class _Marks(NamedTuple):
    """What to look for, with an interchange's own separators around it."""

    group: str
    set_start: str
    set_end: str
    subscriber: str
    dependent: str
    benefit: str
    # in their order, every set end, rejection, subscriber and dependent, and what only a full reading could judge:
    # names without a person, and segments that are empty or behind a blank, which the other searches would miss
    notable: Callable[[str], list[str]]


@lru_cache(maxsize=64)
def _marks(element: str, terminator: str) -> _Marks | None:
    if element == terminator or element.isalnum() or terminator.isalnum() or " " in (element, terminator):
        return None
    e, t = re.escape(element), re.escape(terminator)
    return _Marks(
        group=f"GS{element}",
        set_start=f"ST{element}271{element}",
        set_end=f"{terminator}SE{element}",
        subscriber=f"{terminator}NM1{element}IL{element}",
        dependent=f"{terminator}NM1{element}03{element}",
        benefit=f"{terminator}EB{element}",
        notable=re.compile(
            f"{t}(?:SE(?:{e}|(?={t}))|AAA| |NM1(?:(?={t})|{e}(?:IL|03)[^{t}]*)|(?={t}))"
        ).findall,
    )


def is_plain_271(text: str, *, trace: str, origin: str, member_id: str, patient: str) -> bool:
    """Whether a text without control characters is surely a sound 271 with benefits for the inquiry with this trace
    and this member, and where a dependent is named, for the patient of this first name."""
    if len(text) <= _ISA_LENGTH or text[:3] != "ISA":
        return False
    element, terminator = text[3], text[_ISA_LENGTH - 1]
    marks = _marks(element, terminator)
    if marks is None or marks.benefit not in text:
        return False
    segments = text.split(terminator)
    if f"TRN{element}2{element}{trace}{element}{origin}" not in segments:
        return False
    *people, last = marks.notable(text) or [""]
    return (
        last == marks.set_end
        and _are_asked_about(people, member_id, patient, element, marks)
        and _is_enclosed(segments, element, marks)
    )


def _is_enclosed(segments: list[str], element: str, marks: _Marks) -> bool:
    """ISA, GS, one set from ST to SE, GE, IEA; IEA repeats ISA13, SE counts the segments and repeats ST02."""
    if len(segments) < 7 or segments[-1] or not segments[1].startswith(marks.group):
        return False
    isa, start = segments[0], segments[2]
    if len(isa) != _ISA_LENGTH - 1 or isa.count(element, 0, 90) != 13 or isa.find(element, 90) != 99:
        return False
    return (
        start.startswith(marks.set_start)
        and segments[-2] == f"IEA{element}1{element}{isa[_ISA13]}"
        and segments[-4] == f"SE{element}{len(segments) - 5}{element}{start.split(element)[2]}"
    )


def _are_asked_about(people: list[str], member_id: str, patient: str, element: str, marks: _Marks) -> bool:
    """Whether the subscriber who is named, and the dependent if there is one, are those asked about, and whether
    nothing else is notable."""
    has_subscriber = False
    for person in people:
        name = person.split(element)
        if person.startswith(marks.subscriber) and len(name) > 9 and name[9] == member_id:
            has_subscriber = True
        elif not person.startswith(marks.dependent) or name[4:5] != [patient]:
            return False
    return has_subscriber
