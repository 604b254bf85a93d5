"""The eligibility inquiry (270, 005010X279A1) that an interchange holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from mock_gateway.errors import InquiryError
from mock_gateway.x12_reading import Header, Interchange, Segment, is_date

_SEGMENTS = frozenset(
    ("HL", "TRN", "NM1", "REF", "N3", "N4", "PRV", "DMG", "INS", "HI", "DTP", "EQ", "AMT", "III")
)
# Hierarchical levels: payer, provider, subscriber, dependent.
PAYER, PROVIDER, SUBSCRIBER, DEPENDENT = "20", "21", "22", "23"
_PARENT = {PAYER: "", PROVIDER: PAYER, SUBSCRIBER: PROVIDER, DEPENDENT: SUBSCRIBER}
_NAME_LOOPS = {PAYER: "2100A", PROVIDER: "2100B", SUBSCRIBER: "2100C", DEPENDENT: "2100D"}
_LOOPS = {PAYER: "2000A", PROVIDER: "2000B", SUBSCRIBER: "2000C", DEPENDENT: "2000D"}

# IK304 and IK502, the reasons for refusing a segment or a set that this gateway gives.
_UNEXPECTED, _MISSING, _TOO_MANY, _OUT_OF_PLACE, _BAD_DATA = "2", "3", "4", "7", "8"
_NO_TRAILER, _NUMBERS_DIFFER, _COUNT_DIFFERS, _UNKNOWN_SET = "2", "3", "4", "6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """One person of an inquiry: the NM1 as sent, and the DMG if there was one; never logged."""

    name: Segment = field(repr=False)
    birth: Segment = field(repr=False)
    traces: tuple[Segment, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """One patient's coverage asked of one payer. `payer` and `provider` are their NM1 as sent."""

    header: Header
    group: Segment
    set_control: str
    reference: str
    payer: Segment
    provider: Segment
    subscriber: Patient
    dependent: Patient | None
    service_type: str

    @property
    def payer_id(self) -> str:
        return element(self.payer, 9)

    @property
    def member_id(self) -> str:
        return element(self.subscriber.name, 9)

    @property
    def patient(self) -> Patient:
        """Whose coverage is asked: the dependent if there is one."""
        return self.dependent or self.subscriber


def element(segment: Segment, place: int) -> str:
    """The element at a place as X12 counts, "" where the segment ends before it."""
    return segment[place] if len(segment) > place else ""


def read_inquiry(interchange: Interchange) -> Inquiry:
    """The inquiry in an interchange. Raises InquiryError with what the 999 has to say."""
    _check_group(interchange)
    segments = _read_set(interchange)
    levels = _split_levels(segments)
    named = {level: _find_name(level, parts) for level, parts in levels.items()}
    for level, qualifier in ((PAYER, "PR"), (PROVIDER, "1P"), (SUBSCRIBER, "IL")):
        if level not in named:
            raise _rejected("HL", len(segments), _LOOPS[level], _MISSING)
        # Providers come under several qualifiers (1P, FA, 80, ...); the other two have only one.
        if level != PROVIDER and element(named[level], 1) != qualifier:
            raise _rejected("NM1", levels[level][0][0], _NAME_LOOPS[level], _BAD_DATA)
    subscriber = _read_patient(levels[SUBSCRIBER], named[SUBSCRIBER])
    dependent = _read_patient(levels[DEPENDENT], named[DEPENDENT]) if DEPENDENT in levels else None
    asked = [
        part for level in (SUBSCRIBER, DEPENDENT) for _, part in levels.get(level, []) if part[0] == "EQ"
    ]
    return Inquiry(
        header=interchange.header,
        group=interchange.group,
        set_control=segments[0][2],
        reference=element(segments[1], 3),
        payer=named[PAYER],
        provider=named[PROVIDER],
        subscriber=subscriber,
        dependent=dependent,
        service_type=(element(asked[0], 1) if asked else "") or "30",
    )


def _check_group(interchange: Interchange) -> None:
    group, trailer = interchange.group, interchange.trailer
    if group[1] != "HS":
        raise InquiryError("only eligibility inquiries (HS) are served here", group_code="1")
    if not group[8].startswith("005010X279"):
        raise InquiryError("only 005010X279A1 is spoken here", group_code="2")
    if not trailer:
        raise InquiryError("the group has no GE", group_code="3")
    if element(trailer, 2) != group[6]:
        raise InquiryError("GE02 is not the control number of GS06", group_code="4")
    if element(trailer, 1) != "1" or sum(segment[0] == "ST" for segment in interchange.body) != 1:
        raise InquiryError("a real-time group holds one transaction set", group_code="5")


def _read_set(interchange: Interchange) -> list[Segment]:
    """ST, BHT, ... without SE, once the set's own counts are right."""
    body = interchange.body
    if body[0][0] != "ST" or element(body[0], 1) != "270" or not element(body[0], 2):
        raise InquiryError("the set is no 270", set_code=_UNKNOWN_SET)
    if body[-1][0] != "SE":
        raise InquiryError("the set has no SE", set_code=_NO_TRAILER)
    if element(body[-1], 1) != str(len(body)):
        raise InquiryError("SE01 is not the number of segments", set_code=_COUNT_DIFFERS)
    if element(body[-1], 2) != body[0][2]:
        raise InquiryError("SE02 is not the control number of ST02", set_code=_NUMBERS_DIFFER)
    if len(body) < 3 or body[1][0] != "BHT":
        raise _rejected("BHT", 2, "", _MISSING)
    return body[:-1]


def _split_levels(segments: list[Segment]) -> dict[str, list[tuple[int, Segment]]]:
    """Segments by hierarchical level, each with its position counted from ST = 1."""
    levels: dict[str, list[tuple[int, Segment]]] = {}
    level = ""
    for position, segment in enumerate(segments[2:], start=3):
        tag = segment[0]
        if tag not in _SEGMENTS:
            raise _rejected(tag[:3] or "ZZZ", position, _LOOPS.get(level, ""), _UNEXPECTED)
        if tag == "HL":
            level = element(segment, 3)
            if level not in _LOOPS:
                raise _rejected("HL", position, "", _BAD_DATA)
            if level in levels:
                # One patient per real-time inquiry.
                raise _rejected("HL", position, _LOOPS[level], _TOO_MANY)
            if _PARENT[level] and _PARENT[level] not in levels:
                raise _rejected("HL", position, _LOOPS[level], _OUT_OF_PLACE)
            levels[level] = []
        elif not level:
            raise _rejected(tag, position, "", _OUT_OF_PLACE)
        if tag == "DMG" and element(segment, 1) == "D8" and not is_date(element(segment, 2)):
            raise _rejected("DMG", position, _NAME_LOOPS[level], _BAD_DATA)
        levels[level].append((position, segment))
    return levels


def _find_name(level: str, parts: list[tuple[int, Segment]]) -> Segment:
    for _, segment in parts:
        if segment[0] == "NM1":
            return segment
    raise _rejected("NM1", parts[0][0] + 1, _NAME_LOOPS[level], _MISSING)


def _read_patient(parts: list[tuple[int, Segment]], name: Segment) -> Patient:
    births = [segment for _, segment in parts if segment[0] == "DMG"]
    traces = tuple(segment for _, segment in parts if segment[0] == "TRN" and element(segment, 2))
    return Patient(name=name, birth=births[0] if births else [], traces=traces)


def _rejected(tag: str, position: int, loop: str, code: str) -> InquiryError:
    return InquiryError(f"{tag} at {position}: code {code}", segment=(tag, position, loop, code))
