"""X12 005010X212 as a caller needs it: build a 276, and read what a 277, 999 or TA1 says of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from loadtests.claims import Claim
from loadtests.people import Person
from loadtests.transaction import Classified, Transaction
from loadtests.wires.amounts import dollars
from loadtests.wires.x12 import Interchange, classify_rejection, other_person, read_interchange
from scenarios.observation import Outcome

_SENDER, _RECEIVER = "SLAGATE", "INSTAMED"
_VERSION = "005010X212"
_COMPONENT_PLACE = 16  # ISA16 declares the separator inside STC01
# Claim status categories that tell of no claim: the payer cannot answer now, or not this inquiry.
_PAYER_SIDE = frozenset({"E1", "E2"})
_REFUSED = frozenset({"D0", "E0", "E3", "E4"})


def build_276(transaction: Transaction, when: datetime) -> str:
    """A claim status inquiry about one claim of one subscriber or dependent."""
    claim, person, control = transaction.claim, transaction.person, transaction.identifiers.control_number
    if claim is None:
        raise ValueError(f"a {transaction.kind.text} needs a claim")
    when = when.astimezone(UTC)
    day, clock = when.strftime("%Y%m%d"), when.strftime("%H%M")
    trace = transaction.identifiers.reference
    body = [
        f"ST*276*0001*{_VERSION}",
        f"BHT*0010*13*{trace}*{day}*{clock}",
        "HL*1**20*1",
        f"NM1*PR*2*TEST PAYER*****PI*{person.payer_id}",
        "HL*2*1*21*1",
        "NM1*41*2*LOAD BILLING*****46*LOAD01",
        "HL*3*2*19*1",
        f"NM1*1P*2*LOAD CLINIC*****XX*{person.provider_npi}",
        *_patient_loops(person),
        *_claim_loop(claim, trace, when),
    ]
    segments = [
        f"ISA*00*{'':10}*00*{'':10}*ZZ*{_SENDER:15}*ZZ*{_RECEIVER:15}*{day[2:]}*{clock}*^*00501*{control:09d}*0*T*:",
        f"GS*HR*{_SENDER}*{_RECEIVER}*{day}*{clock}*{control}*X*{_VERSION}",
        *body,
        f"SE*{len(body) + 1}*0001",
        f"GE*1*{control}",
        f"IEA*1*{control:09d}",
    ]
    return "~".join(segments) + "~"


def _patient_loops(person: Person) -> list[str]:
    """Loop 2000D, and 2000E where the patient is a dependent. Unlike in a 270, DMG stands before NM1."""
    name = f"NM1*IL*1*{person.last_name}*{person.first_name}****MI*{person.member_id}"
    patient = person.dependent
    if patient is None:
        return ["HL*4*3*22*0", f"DMG*D8*{person.birth_date}*{person.gender}", name]
    return [
        "HL*4*3*22*1",
        name,
        "HL*5*4*23",
        f"DMG*D8*{patient.birth_date}*{patient.gender}",
        f"NM1*QC*1*{person.last_name}*{patient.first_name}",
    ]


def _claim_loop(claim: Claim, trace: str, when: datetime) -> list[str]:
    served = when - timedelta(days=claim.days_ago)
    amount = dollars(claim.charge_cents).rstrip("0").rstrip(".")  # X12 wants decimals without needless zeros
    return [
        f"TRN*1*{trace}",
        f"REF*EJ*{claim.account}",
        f"AMT*T3*{amount}",
        f"DTP*472*D8*{served:%Y%m%d}",
    ]


def classify_claim_interchange(transaction: Transaction, text: str) -> Classified:
    """What an X12 answer says of this claim, after checking that it speaks of this inquiry."""
    try:
        answer = read_interchange(text)
        kind = answer.of("ST")[0][1] if answer.of("ST") else "TA1" if answer.of("TA1") else ""
        if kind == "277":
            return _classify_277(transaction, answer)
        if kind in ("999", "TA1"):
            return classify_rejection(transaction, answer, kind)
    except (ValueError, IndexError) as error:
        return Classified(outcome=Outcome.ERROR, detail=f"unreadable X12: {error}")
    return Classified(outcome=Outcome.ERROR, detail=f"unexpected X12 transaction set {kind[:8]!r}")


def _classify_277(transaction: Transaction, answer: Interchange) -> Classified:
    stranger = _stranger(transaction, answer)
    if stranger:
        return Classified(outcome=Outcome.WRONG_REPLY, detail=stranger)
    component = answer.segments[0][_COMPONENT_PLACE]
    categories = {segment[1].split(component)[0] for segment in answer.of("STC") if len(segment) > 1}
    told = f"STC {'+'.join(sorted(categories))[:40]}"
    if not categories:
        return Classified(outcome=Outcome.ERROR, detail="277 without STC")
    if categories & _PAYER_SIDE:
        return Classified(outcome=Outcome.PAYER_UNAVAILABLE, detail=told)
    if categories & _REFUSED:
        return Classified(outcome=Outcome.REJECTED, detail=told)
    return Classified(outcome=Outcome.COMPLETED, detail=told)


def _stranger(transaction: Transaction, answer: Interchange) -> str:
    """How a 277 shows that it answers another inquiry; empty when it is ours.

    Ours has a TRN with TRN01 = 2 and our TRN02. A 277's BHT03 is the payer's own, so without a trace only the names
    can tell; an answer with neither cannot be matched and is no answer (ValueError).
    """
    echoed = [segment[2] for segment in answer.of("TRN") if len(segment) > 2 and segment[1] == "2"]
    if echoed and transaction.identifiers.reference not in echoed:
        return "another inquiry's trace number"
    if not echoed and not any(segment[1] == "IL" and len(segment) > 9 for segment in answer.of("NM1")):
        raise ValueError("277 without a trace number and without a subscriber")
    return other_person(transaction.person, answer)
