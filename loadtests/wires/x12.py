"""X12 005010X279A1 as a caller needs it: build a 270, and read what a 271, 999 or TA1 says of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from loadtests.people import Person
from loadtests.transaction import Classified, Transaction
from loadtests.wires.x12_search import is_plain_271
from scenarios.observation import Outcome

_TRACE_ORIGIN = "9SLAGATE00"  # TRN03: who assigned the trace number, ten characters
_SENDER = "SLAGATE"
_RECEIVER = "INSTAMED"
_ISA_LENGTH = 106  # ISA is the one segment of fixed width; its last character is the segment terminator
_COMPLETED = Outcome.COMPLETED  # an attribute of an enum costs as much as building a small object
_PAYER_SIDE = frozenset({"42", "80"})  # AAA03: unable to respond now, no response received


def build_270(transaction: Transaction, when: datetime) -> str:
    """An eligibility inquiry for one subscriber or dependent, benefits in general (service type 30)."""
    when = when.astimezone(UTC)
    return fill_270(transaction, when.strftime("%Y%m%d"), when.strftime("%H%M"))


def fill_270(transaction: Transaction, day: str, clock: str) -> str:
    """The same for a day (CCYYMMDD) and minute (HHMM) in universal time."""
    person, identifiers = transaction.person, transaction.identifiers
    trace, group, patient = identifiers.reference, str(identifiers.control_number), person.dependent
    interchange = group.zfill(9)
    opening = (interchange, group, trace, person.payer_id, person.provider_npi)
    subscriber = (person.last_name, person.first_name, person.member_id)
    closing = (group, interchange)
    asked: tuple[str, ...]
    if patient is None:
        asked = (trace, *subscriber, person.birth_date, person.gender)
    else:
        named = (person.last_name, patient.first_name, patient.birth_date, patient.gender)
        asked = (*subscriber, trace, *named, patient.relationship)
    return _template(day, clock, patient is not None) % (*opening, *asked, *closing)


@lru_cache(maxsize=8)
def _template(day: str, clock: str, is_dependent: bool) -> str:
    """A 270 with everything but what one inquiry asks, which goes where %s stands, in that order."""
    body = [
        "ST*270*0001*005010X279A1",
        f"BHT*0022*13*%s*{day}*{clock}",
        "HL*1**20*1",
        "NM1*PR*2*TEST PAYER*****PI*%s",
        "HL*2*1*21*1",
        "NM1*1P*2*LOAD CLINIC*****XX*%s",
        *_patient_loops(is_dependent),
        f"DTP*291*D8*{day}",
        "EQ*30",
    ]
    envelope = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{_SENDER:15}*ZZ*{_RECEIVER:15}*{day[2:]}*{clock}*^*00501*%s*0*T*:",
        f"GS*HS*{_SENDER}*{_RECEIVER}*{day}*{clock}*%s*X*005010X279A1",
        *body,
        f"SE*{len(body) + 1}*0001",
        "GE*1*%s",
        "IEA*1*%s",
    ]
    return "~".join(envelope) + "~"


def _patient_loops(is_dependent: bool) -> list[str]:
    """Loop 2000C, and 2000D where the patient is a dependent, who then carries trace, birth date and question."""
    trace, subscriber, birth = f"TRN*1*%s*{_TRACE_ORIGIN}", "NM1*IL*1*%s*%s****MI*%s", "DMG*D8*%s*%s"
    if not is_dependent:
        return ["HL*3*2*22*0", trace, subscriber, birth]
    return ["HL*3*2*22*1", subscriber, "HL*4*3*23*0", trace, "NM1*03*1*%s*%s", birth, "INS*N*%s"]


@dataclass(frozen=True, slots=True)
class Interchange:
    """Segments of one interchange, each a list of elements."""

    segments: list[list[str]]

    def of(self, name: str) -> list[list[str]]:
        """All segments of one name."""
        return [segment for segment in self.segments if segment[0] == name]


def read_interchange(text: str) -> Interchange:
    """Segments by the separators that ISA declares. Raises ValueError where the envelope is broken."""
    text = text.lstrip()
    if not text.startswith("ISA") or len(text) < _ISA_LENGTH:
        raise ValueError("no ISA segment")
    element, terminator = text[3], text[_ISA_LENGTH - 1]
    body, found, rest = text.rpartition(terminator)
    if not found or rest.strip():
        raise ValueError("cut off in the middle")
    segments = [part.strip().split(element) for part in body.split(terminator) if part.strip()]
    if segments[-1][0] != "IEA" or segments[-1][-1] != segments[0][13]:
        raise ValueError("IEA does not close ISA")
    _check_counts(segments)
    return Interchange(segments)


def _check_counts(segments: list[list[str]]) -> None:
    start = next((place for place, segment in enumerate(segments) if segment[0] == "ST"), None)
    if start is None:
        return  # a TA1 has no transaction set
    end = next((place for place, segment in enumerate(segments) if segment[0] == "SE"), None)
    if end is None or segments[end][1:] != [str(end - start + 1), segments[start][2]]:
        raise ValueError("SE does not close ST")


def classify_interchange(transaction: Transaction, text: str, *, printable: bool = False) -> Classified:
    """What an X12 answer says of this inquiry, after checking that it speaks of this inquiry.

    `printable` spares a second look where somebody has seen to it that there are no control characters.
    """
    person, trace = transaction.person, transaction.identifiers.reference
    patient = (person.dependent or person).first_name
    if (printable or text.isprintable()) and is_plain_271(
        text, trace=trace, origin=_TRACE_ORIGIN, member_id=person.member_id, patient=patient
    ):
        return Classified(_COMPLETED)
    return classify_segments(transaction, text)


def classify_segments(transaction: Transaction, text: str) -> Classified:
    """The same from all its segments, whatever they are."""
    try:
        answer = read_interchange(text)
        kind = answer.of("ST")[0][1] if answer.of("ST") else "TA1" if answer.of("TA1") else ""
        if kind == "271":
            return _classify_271(transaction, answer)
        if kind in ("999", "TA1"):
            return classify_rejection(transaction, answer, kind)
    except (ValueError, IndexError) as error:
        return Classified(outcome=Outcome.ERROR, detail=f"unreadable X12: {error}")
    return Classified(outcome=Outcome.ERROR, detail=f"unexpected X12 transaction set {kind[:8]!r}")


def _classify_271(transaction: Transaction, answer: Interchange) -> Classified:
    stranger = _stranger(transaction, answer)
    if stranger:
        return Classified(outcome=Outcome.WRONG_REPLY, detail=stranger)
    reasons = {segment[3] for segment in answer.of("AAA") if len(segment) > 3}
    if reasons & _PAYER_SIDE:
        return Classified(outcome=Outcome.PAYER_UNAVAILABLE, detail=f"AAA {'+'.join(sorted(reasons))}")
    if reasons:
        return Classified(outcome=Outcome.REJECTED, detail=f"AAA {'+'.join(sorted(reasons))}")
    if answer.of("EB"):
        return Classified(outcome=Outcome.COMPLETED)
    return Classified(outcome=Outcome.ERROR, detail="271 without EB and without AAA")


def _stranger(transaction: Transaction, answer: Interchange) -> str:
    """How a 271 shows that it answers another inquiry; empty when it is ours.

    Ours is the one whose TRN with TRN01 = 2 repeats our TRN02 and TRN03; a payer may add traces of its own with
    TRN01 = 1. A rejection above the subscriber carries no trace: there BHT03 must be ours. A member number may come
    back corrected; a member number and a surname that are both another's are another patient's, and so are a
    dependent's first name and birth date.
    """
    trace = transaction.identifiers.reference
    echoed = [segment for segment in answer.of("TRN") if len(segment) > 2 and segment[1] == "2"]
    if echoed:
        if not any(segment[2] == trace and segment[3:4] in ([], [_TRACE_ORIGIN]) for segment in echoed):
            return "another inquiry's trace number"
    elif answer.of("BHT")[0][3] != trace:
        return "another inquiry's reference"
    return other_person(transaction.person, answer)


def other_person(person: Person, answer: Interchange) -> str:
    """How the names in an answer show that it is about somebody else; empty when they do not."""
    for segment in answer.of("NM1"):
        is_subscriber = segment[1] == "IL" and len(segment) > 9
        if (
            is_subscriber
            and segment[9] != person.member_id
            and segment[3].upper() != person.last_name.upper()
        ):
            return "another subscriber"
    return _other_dependent(person, answer)


def _other_dependent(person: Person, answer: Interchange) -> str:
    patient = person.dependent or person
    segments = answer.segments
    place = next((at for at, segment in enumerate(segments) if segment[:2] == ["NM1", "03"]), None)
    if place is None:
        return ""
    name = segments[place]
    births = [segment[2] for segment in segments[place:] if segment[0] == "DMG" and len(segment) > 2]
    is_renamed = len(name) > 4 and name[4].upper() != patient.first_name.upper()
    return "another dependent" if is_renamed and births and births[0] != patient.birth_date else ""


def classify_rejection(transaction: Transaction, answer: Interchange, kind: str) -> Classified:
    """A 999 or TA1 speaks of our interchange by its control number: AK102 (the group's) or TA101."""
    told = answer.of("AK1")[0][2] if kind == "999" else answer.of("TA1")[0][1]
    if int(told) != transaction.identifiers.control_number:
        return Classified(outcome=Outcome.WRONG_REPLY, detail=f"{kind} for another interchange")
    return Classified(outcome=Outcome.SYNTAX_REJECTED, detail=kind)
