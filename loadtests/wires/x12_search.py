"""The usual 271, recognised at a glance: ours, sound in its envelope, with benefits and without a rejection.

Splitting every segment of an answer into its elements costs several times what looking at the few that matter does.
This says yes only where reading all of them would come to COMPLETED; whatever it is not sure of, it leaves to that.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_ISA_LENGTH = 106


class _Marks(NamedTuple):
    """What to look for, with an interchange's own separators around it."""

    group: str
    set_start: str
    set_end: str
    echo: tuple[str, str]  # before and after the trace
    subscriber: str
    dependent: str
    nameless: str
    rejection: str
    benefit: str
    blank: str


@lru_cache(maxsize=64)
def _marks(element: str, terminator: str, origin: str) -> _Marks | None:
    if element == terminator or element.isalnum() or terminator.isalnum() or " " in (element, terminator):
        return None
    return _Marks(
        group=f"GS{element}",
        set_start=f"ST{element}271{element}",
        set_end=f"{terminator}SE",
        echo=(f"TRN{element}2{element}", f"{element}{origin}"),
        subscriber=f"{terminator}NM1{element}IL{element}",
        dependent=f"{terminator}NM1{element}03",
        nameless=f"{terminator}NM1{terminator}",
        rejection=f"{terminator}AAA",
        benefit=f"{terminator}EB{element}",
        blank=f"{terminator} ",
    )


def is_plain_271(text: str, *, trace: str, origin: str, member_id: str, patient: str) -> bool:
    """Whether a text without control characters is surely a sound 271 with benefits for the inquiry with this trace
    and this member, and where a dependent is named, for the patient of this first name."""
    if len(text) <= _ISA_LENGTH or text[:3] != "ISA":
        return False
    element, terminator = text[3], text[_ISA_LENGTH - 1]
    marks = _marks(element, terminator, origin)
    # a blank before a segment belongs to the layout, and would hide the segment from the searches below
    if marks is None or marks.rejection in text or marks.benefit not in text or marks.blank in text:
        return False
    segments = text.split(terminator)
    before, after = marks.echo
    if f"{before}{trace}{after}" not in segments or segments[-1]:
        return False
    return _is_enclosed(text, segments, element, marks) and _is_about(
        text, member_id, patient, element, terminator, marks
    )


def _is_enclosed(text: str, segments: list[str], element: str, marks: _Marks) -> bool:
    """ISA, GS, one set from ST to SE, GE, IEA; IEA repeats ISA13, SE counts the segments and repeats ST02."""
    if len(segments) < 7 or len(segments[0]) != _ISA_LENGTH - 1:
        return False
    start, end, group_end, closing = segments[2], segments[-4], segments[-3], segments[-2]
    if not segments[1].startswith(marks.group) or not start.startswith(marks.set_start):
        return False
    isa = segments[0].split(element)
    if len(isa) < 14 or closing != f"IEA{element}1{element}{isa[13]}":
        return False
    if end != f"SE{element}{len(segments) - 5}{element}{start.split(element)[2]}":
        return False
    # and it is the first segment that could pass for an SE
    return text.find(marks.set_end) == len(text) - len(closing) - len(group_end) - len(end) - 4


def _is_about(text: str, member_id: str, patient: str, element: str, terminator: str, marks: _Marks) -> bool:
    """Whether the one subscriber named, and the dependent if there is one, are those asked about."""
    place = text.find(marks.subscriber)
    if place < 0 or text.find(marks.subscriber, place + 1) >= 0 or marks.nameless in text:
        return False
    name = text[place + 1 : text.find(terminator, place + 1)].split(element)
    if len(name) < 10 or name[9] != member_id:
        return False
    place = text.find(marks.dependent)
    return place < 0 or text[place + 1 : text.find(terminator, place + 1)].split(element)[4:5] == [patient]
