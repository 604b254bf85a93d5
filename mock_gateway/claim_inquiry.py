"""The claim status inquiry (276, 005010X212) that an interchange holds."""

from __future__ import annotations

from dataclasses import dataclass, field

from mock_gateway.x12_reading import Header, Interchange, Segment
from mock_gateway.x12_set import (
    DEPENDENT,
    MISSING,
    PAYER,
    PROVIDER,
    RECEIVER,
    SUBSCRIBER,
    Grammar,
    Level,
    element,
    read_set,
    rejected,
)

_GRAMMAR = Grammar(
    set_id="276",
    functional_id="HR",
    version="005010X212",
    what="claim status inquiries",
    segments=frozenset(["HL", "TRN", "NM1", "REF", "DMG", "DTP", "AMT", "SVC", "PER"]),
    levels=(PAYER, RECEIVER, PROVIDER, SUBSCRIBER, DEPENDENT),
    loops={PAYER: "2000A", RECEIVER: "2000B", PROVIDER: "2000C", SUBSCRIBER: "2000D", DEPENDENT: "2000E"},
    name_loops={
        PAYER: "2100A",
        RECEIVER: "2100B",
        PROVIDER: "2100C",
        SUBSCRIBER: "2100D",
        DEPENDENT: "2100E",
    },
    required={PAYER: "PR", RECEIVER: "41", PROVIDER: "1P", SUBSCRIBER: "IL"},
)
_CLAIM_LOOPS = {SUBSCRIBER: "2200D", DEPENDENT: "2200E"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimInquiry:
    """One claim's status asked of one payer. The parties are their NM1 as sent; never logged.

    `trace`, `account` (REF EJ), `charge` (AMT T3) and `service_date` (DTP 472) describe the claim.
    """

    header: Header
    group: Segment
    set_control: str
    reference: str
    payer: Segment
    receiver: Segment
    provider: Segment
    subscriber: Segment = field(repr=False)
    dependent: Segment | None = field(repr=False)
    trace: str = field(repr=False)
    account: str = field(repr=False)
    charge: str
    service_date: Segment

    @property
    def payer_id(self) -> str:
        return element(self.payer, 9)

    @property
    def claim_key(self) -> str:
        """What the answer hangs on: whose claim it is, and which of theirs."""
        patient = self.dependent or self.subscriber
        return "|".join([element(self.subscriber, 9), element(patient, 3), element(patient, 4), self.account])


def read_claim_inquiry(interchange: Interchange) -> ClaimInquiry:
    """The inquiry in an interchange. Raises InquiryError with what the 999 has to say."""
    sent = read_set(interchange, _GRAMMAR)
    levels = sent.levels
    place = DEPENDENT if DEPENDENT in levels else SUBSCRIBER
    claim: Level = levels[place]
    trace = claim.find("TRN", "1")
    if not element(trace, 2):
        raise rejected("TRN", claim.parts[-1][0], _CLAIM_LOOPS[place], MISSING)
    return ClaimInquiry(
        header=interchange.header,
        group=interchange.group,
        set_control=sent.control,
        reference=sent.reference,
        payer=levels[PAYER].name,
        receiver=levels[RECEIVER].name,
        provider=levels[PROVIDER].name,
        subscriber=levels[SUBSCRIBER].name,
        dependent=levels[DEPENDENT].name if place == DEPENDENT else None,
        trace=element(trace, 2),
        account=element(claim.find("REF", "EJ"), 2),
        charge=element(claim.find("AMT", "T3"), 2) or "0",
        service_date=claim.find("DTP", "472"),
    )
