"""Writing the answers to an X12 inquiry: the 271, the 277, the 999 and the TA1.

Answers use the separators of the inquiry and echo its control numbers (ISA13, GS06, ST02), as many
real-time gateways do, so that an answer without a trace can still be matched.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from mock_gateway.answer_rates import AAA_CODES, DEPENDENT_LOOP, PAYER_LOOP, PROVIDER_LOOP
from mock_gateway.claim_inquiry import ClaimInquiry
from mock_gateway.claims import ClaimState, ClaimStatus
from mock_gateway.errors import InquiryError
from mock_gateway.inquiry import Inquiry
from mock_gateway.payers import Benefits, Coverage
from mock_gateway.x12_reading import Header, Interchange, Separators
from mock_gateway.x12_set import element

_BLANK = " " * 10
_NAMELESS_PARTIES = ("ZZ", "UNKNOWN".ljust(15), "ZZ", "GATEWAY".ljust(15))
_NAMELESS_REST = ("000101", "0000", "^", "00501", "0" * 9, "0", "T", ":")
_NAMELESS = Header(
    separators=Separators(),
    isa=["ISA", "00", _BLANK, "00", _BLANK, *_NAMELESS_PARTIES, *_NAMELESS_REST],
)


def write_271(inquiry: Inquiry, benefits: Benefits, *, now: datetime | None = None) -> str:
    """The benefit response to an inquiry. A rejection ends it in the loop that it stands in."""
    moment = now or datetime.now(UTC)
    loop = benefits.reject_loop
    body: list[Sequence[str]] = [
        ("ST", "271", inquiry.set_control, "005010X279A1"),
        ("BHT", "0022", "11", inquiry.reference, f"{moment:%Y%m%d}", f"{moment:%H%M}"),
        ("HL", "1", "", "20", "0" if loop == PAYER_LOOP else "1"),
        inquiry.payer,
    ]
    if loop == PAYER_LOOP:
        body.append(("AAA", "Y", "", benefits.reject_code, "R"))
    else:
        body += [("HL", "2", "1", "21", "0" if loop == PROVIDER_LOOP else "1"), inquiry.provider]
        if loop == PROVIDER_LOOP:
            body.append(("AAA", "N", "", benefits.reject_code, "C"))
        else:
            body += _patient_loops(inquiry, benefits)
    body.append(("SE", str(len(body) + 1), inquiry.set_control))
    return _wrap(inquiry.header, inquiry.group, "HB", "005010X279A1", body, moment)


def _patient_loops(inquiry: Inquiry, benefits: Benefits) -> list[Sequence[str]]:
    asked = inquiry.patient
    traces = [("TRN", "2", *trace[2:]) for trace in asked.traces]
    code = benefits.reject_code
    # Codes about the subscriber have no place in the dependent's loop: then the answer ends before it.
    has_dependent = inquiry.dependent is not None and (not code or code in AAA_CODES[DEPENDENT_LOOP])
    loops: list[Sequence[str]] = [("HL", "3", "2", "22", "1" if has_dependent else "0")]
    if has_dependent:
        loops += [inquiry.subscriber.name, ("HL", "4", "3", "23", "0")]
    loops += [*traces, asked.name if has_dependent else inquiry.subscriber.name]
    if benefits.coverage is Coverage.REJECTED:
        return [*loops, ("AAA", "N", "", code, "C")]
    if not has_dependent:
        loops += [("N3", "12 ELM ST"), ("N4", "SPRINGFIELD", "IL", "62701")]
    if asked.birth:
        loops.append(asked.birth)
    if has_dependent:
        loops.append(("INS", "N", "19"))
    active = benefits.coverage is Coverage.ACTIVE
    loops.append(("DTP", "346" if active else "347", "D8", "20260101" if active else "20251231"))
    return [*loops, *benefits.segments]


def write_277(inquiry: ClaimInquiry, claim: ClaimStatus, *, now: datetime | None = None) -> str:
    """The claim status response to an inquiry."""
    moment = now or datetime.now(UTC)
    body: list[Sequence[str]] = [
        ("ST", "277", inquiry.set_control, "005010X212"),
        ("BHT", "0010", "08", inquiry.reference, f"{moment:%Y%m%d}", f"{moment:%H%M}", "DG"),
        ("HL", "1", "", "20", "1"),
        inquiry.payer,
        ("HL", "2", "1", "21", "1"),
        inquiry.receiver,
        ("HL", "3", "2", "19", "1"),
        inquiry.provider,
        ("HL", "4", "3", "22", "1" if inquiry.dependent else "0"),
        inquiry.subscriber,
    ]
    if inquiry.dependent:
        body += [("HL", "5", "4", "23"), inquiry.dependent]
    body += _claim_loop(inquiry, claim)
    body.append(("SE", str(len(body) + 1), inquiry.set_control))
    return _wrap(inquiry.header, inquiry.group, "HN", "005010X212", body, moment)


def _claim_loop(inquiry: ClaimInquiry, claim: ClaimStatus) -> list[Sequence[str]]:
    category, code = claim.state.value
    status = f"{category}{inquiry.header.separators.component}{code}"
    day = f"{claim.as_of:%Y%m%d}"
    stc: Sequence[str] = ("STC", status, day, "", claim.charge, claim.paid)
    if claim.state is ClaimState.PAID:
        stc = (*stc, day, "", day, claim.check_number)
    loop: list[Sequence[str]] = [("TRN", "2", inquiry.trace), stc]
    if claim.payer_number:
        loop.append(("REF", "1K", claim.payer_number))
    if inquiry.account:
        loop.append(("REF", "EJ", inquiry.account))
    if inquiry.service_date:
        loop.append(inquiry.service_date)
    return loop


def write_999(interchange: Interchange, reason: InquiryError, *, now: datetime | None = None) -> str:
    """The acknowledgment that refuses an inquiry; the bad value itself is not repeated."""
    moment = now or datetime.now(UTC)
    group, first = interchange.group, interchange.body[0] if interchange.body else []
    body: list[Sequence[str]] = [
        ("ST", "999", "0001", "005010X231A1"),
        ("AK1", group[1], group[6], group[8]),
    ]
    if not reason.group_code and first and first[0] == "ST":
        version = element(first, 3) or group[8]
        body.append(("AK2", element(first, 1) or "270", element(first, 2) or "0001", version))
        if reason.segment:
            tag, position, loop, code = reason.segment
            # IK303 has room for four characters: 2100C is written 2100.
            body.append(("IK3", tag, str(position), loop[:4], code))
        body.append(("IK5", "R", reason.set_code))
    body.append(("AK9", "R", "1", "1", "0", *([reason.group_code] if reason.group_code else [])))
    body.append(("SE", str(len(body) + 1), "0001"))
    return _wrap(interchange.header, group, "FA", "005010X231A1", body, moment)


def write_ta1(header: Header | None, note_code: str, *, now: datetime | None = None) -> str:
    """The acknowledgment that refuses an interchange; without a readable header it names nobody."""
    moment = now or datetime.now(UTC)
    asked = header or _NAMELESS
    segments = [
        _swapped_isa(asked, moment),
        ("TA1", asked.control_number, asked.isa[9], asked.isa[10], "R", note_code),
        ("IEA", "0", asked.control_number),
    ]
    return _join(asked.separators, segments)


def _wrap(
    header: Header,
    group: Sequence[str],
    functional_id: str,
    version: str,
    body: Sequence[Sequence[str]],
    moment: datetime,
) -> str:
    day, minute = f"{moment:%Y%m%d}", f"{moment:%H%M}"
    segments = [
        _swapped_isa(header, moment),
        ("GS", functional_id, group[3], group[2], day, minute, group[6], "X", version),
        *body,
        ("GE", "1", group[6]),
        ("IEA", "1", header.control_number),
    ]
    return _join(header.separators, segments)


def _swapped_isa(header: Header, moment: datetime) -> Sequence[str]:
    isa = header.isa
    parties = ("00", _BLANK, "00", _BLANK, *isa[7:9], *isa[5:7])
    return ("ISA", *parties, f"{moment:%y%m%d}", f"{moment:%H%M}", *isa[11:14], "0", isa[15], isa[16])


def _join(separators: Separators, segments: Sequence[Sequence[str]]) -> str:
    # Empty elements at the end of a segment are left out, as the standard wants.
    lines = [separators.element.join(segment).rstrip(separators.element) for segment in segments[1:]]
    lines.insert(0, separators.element.join(segments[0]))
    return separators.segment.join(lines) + separators.segment
