"""The transaction set inside an interchange, read by a grammar: its counts, its levels, its names.

One patient per real-time inquiry, so every hierarchical level occurs once.
"""

from __future__ import annotations

from dataclasses import dataclass

from mock_gateway.errors import InquiryError
from mock_gateway.x12_reading import Interchange, Segment, is_date

# Hierarchical levels: payer, receiver of the information, provider of service, subscriber, dependent.
PAYER, RECEIVER, PROVIDER, SUBSCRIBER, DEPENDENT = "20", "21", "19", "22", "23"

# IK304 and IK502, the reasons for refusing a segment or a set that this gateway gives.
UNEXPECTED, MISSING, TOO_MANY, OUT_OF_PLACE, BAD_DATA = "2", "3", "4", "7", "8"
_NO_TRAILER, _NUMBERS_DIFFER, _COUNT_DIFFERS, _UNKNOWN_SET = "2", "3", "4", "6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """What a set of one kind may hold. `levels` are its level codes from the top down.

    `loops` and `name_loops` name the loop of each level and of the NM1 in it; `required` gives each level
    that must be there the NM101 that it must have ("" takes any).
    """

    set_id: str
    functional_id: str
    version: str
    what: str
    segments: frozenset[str]
    levels: tuple[str, ...]
    loops: dict[str, str]
    name_loops: dict[str, str]
    required: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """One hierarchical level: its NM1, and its segments with their positions counted from ST = 1."""

    name: Segment
    parts: list[tuple[int, Segment]]

    def find_all(self, tag: str) -> list[Segment]:
        return [segment for _, segment in self.parts if segment[0] == tag]

    def find(self, tag: str, qualifier: str = "") -> Segment:
        """The first such segment, [] without one."""
        for _, segment in self.parts:
            if segment[0] == tag and (not qualifier or element(segment, 1) == qualifier):
                return segment
        return []


@dataclass(frozen=True, slots=True, kw_only=True)
class TransactionSet:
    """A set whose envelope and hierarchy are sound: ST, BHT and the levels by code."""

    control: str
    header: Segment
    levels: dict[str, Level]

    @property
    def reference(self) -> str:
        return element(self.header, 3)


def element(segment: Segment, place: int) -> str:
    """The element at a place as X12 counts, "" where the segment ends before it."""
    return segment[place] if len(segment) > place else ""


def read_set(interchange: Interchange, grammar: Grammar) -> TransactionSet:
    """The one set of the interchange. Raises InquiryError with what the 999 has to say."""
    _check_group(interchange, grammar)
    segments = _read_body(interchange, grammar)
    parts = _split_levels(segments, grammar)
    levels = {
        level: Level(name=_find_name(level, found, grammar), parts=found) for level, found in parts.items()
    }
    for level, qualifier in grammar.required.items():
        if level not in levels:
            raise rejected("HL", len(segments), grammar.loops[level], MISSING)
        if qualifier and element(levels[level].name, 1) != qualifier:
            position = next(at for at, segment in parts[level] if segment[0] == "NM1")
            raise rejected("NM1", position, grammar.name_loops[level], BAD_DATA)
    return TransactionSet(control=segments[0][2], header=segments[1], levels=levels)


def rejected(tag: str, position: int, loop: str, code: str) -> InquiryError:
    """The error that says which segment is wrong, and how."""
    return InquiryError(f"{tag} at {position}: code {code}", segment=(tag, position, loop, code))


def _check_group(interchange: Interchange, grammar: Grammar) -> None:
    group, trailer = interchange.group, interchange.trailer
    if group[1] != grammar.functional_id:
        raise InquiryError(f"only {grammar.what} ({grammar.functional_id}) are served here", group_code="1")
    if not group[8].startswith(grammar.version):
        raise InquiryError(f"only {grammar.version} is spoken here", group_code="2")
    if not trailer:
        raise InquiryError("the group has no GE", group_code="3")
    if element(trailer, 2) != group[6]:
        raise InquiryError("GE02 is not the control number of GS06", group_code="4")
    if element(trailer, 1) != "1" or sum(segment[0] == "ST" for segment in interchange.body) != 1:
        raise InquiryError("a real-time group holds one transaction set", group_code="5")


def _read_body(interchange: Interchange, grammar: Grammar) -> list[Segment]:
    """ST, BHT, ... without SE, once the set's own counts are right."""
    body = interchange.body
    if body[0][0] != "ST" or element(body[0], 1) != grammar.set_id or not element(body[0], 2):
        raise InquiryError(f"the set is no {grammar.set_id}", set_code=_UNKNOWN_SET)
    if body[-1][0] != "SE":
        raise InquiryError("the set has no SE", set_code=_NO_TRAILER)
    if element(body[-1], 1) != str(len(body)):
        raise InquiryError("SE01 is not the number of segments", set_code=_COUNT_DIFFERS)
    if element(body[-1], 2) != body[0][2]:
        raise InquiryError("SE02 is not the control number of ST02", set_code=_NUMBERS_DIFFER)
    if len(body) < 3 or body[1][0] != "BHT":
        raise rejected("BHT", 2, "", MISSING)
    return body[:-1]


def _split_levels(segments: list[Segment], grammar: Grammar) -> dict[str, list[tuple[int, Segment]]]:
    """Segments by hierarchical level, each with its position counted from ST = 1."""
    levels: dict[str, list[tuple[int, Segment]]] = {}
    level = ""
    for position, segment in enumerate(segments[2:], start=3):
        tag = segment[0]
        if tag not in grammar.segments:
            raise rejected(tag[:3] or "ZZZ", position, grammar.loops.get(level, ""), UNEXPECTED)
        if tag == "HL":
            level = _check_level(element(segment, 3), position, levels, grammar)
            levels[level] = []
        elif not level:
            raise rejected(tag, position, "", OUT_OF_PLACE)
        if tag == "DMG" and element(segment, 1) == "D8" and not is_date(element(segment, 2)):
            raise rejected("DMG", position, grammar.name_loops[level], BAD_DATA)
        levels[level].append((position, segment))
    return levels


def _check_level(
    level: str, position: int, earlier: dict[str, list[tuple[int, Segment]]], grammar: Grammar
) -> str:
    if level not in grammar.loops:
        raise rejected("HL", position, "", BAD_DATA)
    if level in earlier:
        raise rejected("HL", position, grammar.loops[level], TOO_MANY)
    place = grammar.levels.index(level)
    if place and grammar.levels[place - 1] not in earlier:
        raise rejected("HL", position, grammar.loops[level], OUT_OF_PLACE)
    return level


def _find_name(level: str, parts: list[tuple[int, Segment]], grammar: Grammar) -> Segment:
    for _, segment in parts:
        if segment[0] == "NM1":
            return segment
    raise rejected("NM1", parts[0][0] + 1, grammar.name_loops[level], MISSING)
