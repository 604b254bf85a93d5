"""The usual 271, recognised by search: ours, sound in its envelope, with benefits and without a rejection.

Splitting an answer into all its segments costs several times what searching it for the few that matter does. This
says yes only where `classify_interchange` would say COMPLETED; whatever it is not sure of, it leaves to that one.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

_ISA_LENGTH = 106
_BODY_STARTS = _ISA_LENGTH - 1  # at the terminator of ISA


class _Marks(NamedTuple):
    """What to search for, with an interchange's own separators around it."""

    set_start: str
    set_end: str
    echo: str
    subscriber: str
    rejection: str
    benefit: str
    unsound: tuple[str, ...]  # bare names and blanks around segments, which only a full reading tells apart


@lru_cache(maxsize=64)
def _marks(element: str, terminator: str) -> _Marks | None:
    if element == terminator or element.isalnum() or terminator.isalnum() or " " in (element, terminator):
        return None
    bare = tuple(f"{terminator}{name}{terminator}" for name in ("ST", "SE", "NM1"))
    return _Marks(
        set_start=f"{terminator}ST{element}271{element}",
        set_end=f"{terminator}SE{element}",
        echo=f"{terminator}TRN{element}2{element}",
        subscriber=f"{terminator}NM1{element}IL{element}",
        rejection=f"{terminator}AAA",
        benefit=f"{terminator}EB{element}",
        unsound=(*bare, f"{terminator} ", f" {terminator}", f"{terminator}ST{element}"),
    )


def is_plain_271(text: str, *, trace: str, origin: str, member_id: str) -> bool:
    """Whether `text` is surely a sound 271 with benefits for the inquiry with this trace and this member."""
    if len(text) <= _ISA_LENGTH or not text.startswith("ISA") or not text.isprintable():
        return False
    element, terminator = text[3], text[_BODY_STARTS]
    marks = _marks(element, terminator)
    if marks is None or text[-1] != terminator or text.find(terminator) != _BODY_STARTS:
        return False
    if marks.rejection in text or marks.benefit not in text:
        return False
    return (
        _is_enclosed(text, element, terminator, marks)
        and _is_echo(text, f"{marks.echo}{trace}{element}{origin}", element, terminator)
        and _is_about(text, member_id, element, terminator, marks)
    )


def _is_enclosed(text: str, element: str, terminator: str, marks: _Marks) -> bool:
    """IEA repeats ISA13; SE counts the segments of the one transaction set and repeats ST02."""
    *blanks, another_set = marks.unsound
    for mark in blanks:
        if mark in text:
            return False
    isa = text[:_BODY_STARTS].split(element)
    iea = text[text.rfind(terminator, 0, -1) + 1 : -1].split(element)
    if len(isa) < 14 or iea[0] != "IEA" or iea[-1] != isa[13]:
        return False
    start = text.find(marks.set_start)
    end = text.find(marks.set_end)
    if start < 0 or end < start or text.find(another_set) != start:
        return False
    set_number = text[start + 1 : text.find(terminator, start + 1)].split(element)[2]
    closing = text[end + 1 : text.find(terminator, end + 1)].split(element)
    return closing[1:] == [str(text.count(terminator, start, end) + 1), set_number]


def _is_echo(text: str, echo: str, element: str, terminator: str) -> bool:
    """Whether the trace stands there as it was sent, and not only begins so."""
    place = text.find(echo)
    return place >= 0 and text[place + len(echo)] in (element, terminator)


def _is_about(text: str, member_id: str, element: str, terminator: str, marks: _Marks) -> bool:
    """Whether the one subscriber named is the one asked about."""
    place = text.find(marks.subscriber)
    if place < 0 or text.find(marks.subscriber, place + 1) >= 0:
        return False
    name = text[place + 1 : text.find(terminator, place + 1)].split(element)
    return len(name) > 9 and name[9] == member_id
