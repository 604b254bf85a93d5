"""The eligibility inquiry (270, 005010X279A1) that an interchange holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from mock_gateway.x12_reading import Header, Interchange, Segment
from mock_gateway.x12_set import DEPENDENT, PAYER, RECEIVER, SUBSCRIBER, Grammar, Level, element, read_set

_GRAMMAR = Grammar(
    set_id="270",
    functional_id="HS",
    version="005010X279",
    what="eligibility inquiries",
    segments=frozenset(
        ("HL", "TRN", "NM1", "REF", "N3", "N4", "PRV", "DMG", "INS", "HI", "DTP", "EQ", "AMT", "III")
    ),
    levels=(PAYER, RECEIVER, SUBSCRIBER, DEPENDENT),
    loops={PAYER: "2000A", RECEIVER: "2000B", SUBSCRIBER: "2000C", DEPENDENT: "2000D"},
    name_loops={PAYER: "2100A", RECEIVER: "2100B", SUBSCRIBER: "2100C", DEPENDENT: "2100D"},
    # Providers come under several qualifiers (1P, FA, 80, ...); the other two have only one.
    required={PAYER: "PR", RECEIVER: "", SUBSCRIBER: "IL"},
)


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

    @property
    def member_key(self) -> str:
        """What the answer hangs on: the member id, or name and birth without one, and which dependent."""
        name, birth = self.subscriber.name, self.subscriber.birth
        key = self.member_id or "|".join([element(name, 3), element(name, 4), element(birth, 2)])
        if self.dependent is None:
            return key
        return f"{key}|{element(self.dependent.name, 4)}|{element(self.dependent.birth, 2)}"


def read_inquiry(interchange: Interchange) -> Inquiry:
    """The inquiry in an interchange. Raises InquiryError with what the 999 has to say."""
    sent = read_set(interchange, _GRAMMAR)
    levels = sent.levels
    dependent = levels.get(DEPENDENT)
    asked = levels[SUBSCRIBER].find("EQ") or (dependent.find("EQ") if dependent else [])
    return Inquiry(
        header=interchange.header,
        group=interchange.group,
        set_control=sent.control,
        reference=sent.reference,
        payer=levels[PAYER].name,
        provider=levels[RECEIVER].name,
        subscriber=_read_patient(levels[SUBSCRIBER]),
        dependent=_read_patient(dependent) if dependent else None,
        service_type=element(asked, 1) or "30",
    )


def _read_patient(level: Level) -> Patient:
    traces = tuple(trace for trace in level.find_all("TRN") if element(trace, 2))
    return Patient(name=level.name, birth=level.find("DMG"), traces=traces)
