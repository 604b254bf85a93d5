"""Reading an X12 interchange that holds one 270: separators and envelope first, then the inquiry.

Whoever breaks the envelope gets a TA1, whoever breaks the 270 a 999; so the two are read apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from mock_gateway.errors import EnvelopeError

_ISA_WIDTHS = (3, 2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1)
_ISA_LENGTH = 106
# A separator must not occur in what the answer itself contains.
_NEVER_SEPARATORS = frozenset(" .-$")

# TA105, the reasons for refusing an interchange that this gateway gives.
CONTROL_NUMBERS_DIFFER = "001"
WRONG_TERMINATOR = "004"
WRONG_DATE = "014"
WRONG_TIME = "015"
WRONG_VERSION = "017"
WRONG_CONTROL_NUMBER = "018"
WRONG_GROUP_COUNT = "021"
WRONG_STRUCTURE = "022"
ENDS_EARLY = "023"
WRONG_CONTENT = "024"
WRONG_ELEMENT_SEPARATOR = "026"
WRONG_COMPONENT_SEPARATOR = "027"

Segment = list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Separators:
    """The four characters that the ISA declares by position."""

    element: str = "*"
    repetition: str = "^"
    component: str = ":"
    segment: str = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The ISA: its 17 elements, the tag first, at full width."""

    separators: Separators
    isa: Segment

    @property
    def control_number(self) -> str:
        return self.isa[13]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interchange:
    """One interchange with one group: `group` is GS, `body` what stands between GS and GE, `trailer` GE."""

    header: Header
    group: Segment
    body: list[Segment]
    trailer: Segment


def read_header(text: str) -> Header:
    """The ISA at the start of a text. Raises EnvelopeError."""
    if not text.startswith("ISA"):
        raise EnvelopeError(WRONG_STRUCTURE, "does not begin with ISA")
    if len(text) < _ISA_LENGTH:
        raise EnvelopeError(ENDS_EARLY, f"the ISA has {_ISA_LENGTH} characters, this text {len(text)}")
    isa = text[: _ISA_LENGTH - 1].split(text[3])
    if tuple(map(len, isa)) != _ISA_WIDTHS:
        raise EnvelopeError(WRONG_STRUCTURE, "the elements of the ISA do not have their fixed widths")
    separators = Separators(element=text[3], repetition=isa[11], component=isa[16], segment=text[105])
    header = Header(separators=separators, isa=isa)
    _check_separators(separators)
    _check_isa(isa)
    return header


def _check_separators(separators: Separators) -> None:
    def is_usable(character: str) -> bool:
        return character.isascii() and not character.isalnum() and character not in _NEVER_SEPARATORS

    if not is_usable(separators.element):
        raise EnvelopeError(WRONG_ELEMENT_SEPARATOR, "the element separator cannot be told from data")
    if not is_usable(separators.segment) or separators.segment == separators.element:
        raise EnvelopeError(WRONG_TERMINATOR, "the segment terminator cannot be told from data")
    others = {separators.element, separators.segment}
    if not is_usable(separators.component) or separators.component in others:
        raise EnvelopeError(WRONG_COMPONENT_SEPARATOR, "the component separator cannot be told from data")
    if not is_usable(separators.repetition) or separators.repetition in others | {separators.component}:
        raise EnvelopeError(WRONG_STRUCTURE, "the repetition separator cannot be told from data")


def _check_isa(isa: Segment) -> None:
    if isa[12] != "00501":
        raise EnvelopeError(WRONG_VERSION, "only interchange version 00501 is spoken here")
    if not is_date("20" + isa[9]):
        raise EnvelopeError(WRONG_DATE, "ISA09 is no date")
    if not (_is_number(isa[10]) and isa[10][:2] < "24" and isa[10][2:] < "60"):
        raise EnvelopeError(WRONG_TIME, "ISA10 is no time")
    if not _is_number(isa[13]):
        raise EnvelopeError(WRONG_CONTROL_NUMBER, "ISA13 is no number")


def read_interchange(header: Header, text: str) -> Interchange:
    """The one group of the interchange that `header` was read from. Raises EnvelopeError."""
    terminator, element = header.separators.segment, header.separators.element
    *pieces, rest = text[_ISA_LENGTH:].split(terminator)
    if rest.strip():
        raise EnvelopeError(ENDS_EARLY, "the last segment has no terminator")
    # Line ends after a terminator are layout, not data.
    segments = [piece.lstrip("\r\n").split(element) for piece in pieces]
    if not segments or segments[-1][0] != "IEA":
        raise EnvelopeError(ENDS_EARLY, "does not end with IEA")
    groups = sum(segment[0] == "GS" for segment in segments)
    iea = segments[-1]
    if len(iea) != 3 or iea[2] != header.control_number:
        raise EnvelopeError(CONTROL_NUMBERS_DIFFER, "IEA02 is not the control number of ISA13")
    if groups != 1 or iea[1] != "1":
        raise EnvelopeError(WRONG_GROUP_COUNT, "a real-time interchange holds one group")
    group = segments[0]
    if group[0] != "GS" or len(group) != 9 or not all(group):
        raise EnvelopeError(WRONG_CONTENT, "GS is not first or not complete")
    trailer = segments[-2]
    has_trailer = trailer[0] == "GE"
    body = segments[1:-2] if has_trailer else segments[1:-1]
    return Interchange(header=header, group=group, body=body, trailer=trailer if has_trailer else [])


def is_date(text: str) -> bool:
    """Whether the text is a calendar day as CCYYMMDD."""
    if len(text) != 8 or not _is_number(text):
        return False
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()
